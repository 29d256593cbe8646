"""Files appear whole or not at all: written under a temporary name, synced, renamed.

What was written is still there after a power cut, so that the job store may tell of it: a file
is synced, then its folder, which takes folders that were made above it along on file systems with
a journal.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

TEMPORARY_PREFIX = ".ibflow-"
# Of file systems that cannot sync folders, and of folders that may be written to and not listed.
_NOT_SYNCED = {errno.EINVAL, errno.ENOTSUP, errno.EACCES}
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def write_atomic(path: Path, content: bytes | Iterable[bytes], *, mode: int = 0o644) -> None:
    """Write ``content`` to ``path``, replacing what is there; parents are created.

    Args:
        path: the target.
        content: bytes, or chunks of bytes.
        mode: permissions of the new file.

    Raises:
        OSError: the disk is full or the folder is read-only; the target is left as it was.
    """
    descriptor, name = _temporary(path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            for chunk in [content] if isinstance(content, bytes) else content:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, mode)  # noqa: PTH101 - this is called for every file of a run
        os.replace(name, path)  # noqa: PTH105
        _sync(path.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _sync(folder: Path) -> None:
    """Put the names in a folder on the disk, where the system can."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in _NOT_SYNCED:
            raise


def _temporary(folder: Path) -> tuple[int, str]:
    """Make a temporary file in a folder, which is made when absent; give descriptor and name."""
    name = f"{folder}{os.sep}{TEMPORARY_PREFIX}{secrets.token_hex(8)}"
    try:
        return os.open(name, _FLAGS, 0o600), name
    except FileNotFoundError:
        folder.mkdir(parents=True, exist_ok=True)
        return os.open(name, _FLAGS, 0o600), name
