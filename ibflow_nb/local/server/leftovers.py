"""Temporary files of uploads and copies that a killed platform left on its drive."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from pathlib import Path

from ibflow_nb.local.atomic import TEMPORARY_PREFIX

# Names of tempfile, and of write_atomic.
_TEMPORARY = re.compile(re.escape(TEMPORARY_PREFIX) + "(?:[a-z0-9_]{8}|[0-9a-f]{16})")


def sweep_leftovers(root: Path, before: float) -> None:
    """Delete temporary files and folders below ``root`` that nobody writes any more.

    Args:
        root: folder of the drive; links in it are not followed.
        before: start of this platform (seconds since the epoch): what was changed later is its
            own work.
    """
    for folder, folders, files in os.walk(root):
        for name in filter(_TEMPORARY.fullmatch, [*folders, *files]):
            with contextlib.suppress(OSError):
                _delete(Path(folder, name), before)
        folders[:] = [name for name in folders if not _TEMPORARY.fullmatch(name)]


def _delete(path: Path, before: float) -> None:
    if path.stat(follow_symlinks=False).st_mtime >= before:
        return
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink()
