"""Files that appear whole, and stay after a power cut."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest

from ibflow_nb.local.atomic import write_atomic

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")


def test_a_file_and_its_name_are_on_the_disk_when_it_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The content is synced before the file has its name, its folder when it has."""
    synced: list[tuple[str, bool]] = []
    target = tmp_path / "new" / "folder" / "a.json"
    real = os.fsync

    def fsync(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        synced.append((path.name if path.is_dir() else "content", target.exists()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    write_atomic(target, b"{}")
    assert synced == [("content", False), ("folder", True)]


def test_a_file_system_that_cannot_sync_folders_takes_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as some network drives; another fault in syncing is told."""
    real, number = os.fsync, errno.EINVAL

    def fsync(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").readlink().is_dir():
            raise OSError(number, os.strerror(number))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    write_atomic(tmp_path / "a", b"1")
    assert (tmp_path / "a").read_bytes() == b"1"
    number = errno.EIO
    with pytest.raises(OSError, match="Input/output"):
        write_atomic(tmp_path / "a", b"2")
