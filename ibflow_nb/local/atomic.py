"""Files appear whole or not at all: written under a temporary name, synced, renamed."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

TEMPORARY_PREFIX = ".ibflow-"


def write_atomic(path: Path, content: bytes | Iterable[bytes], *, mode: int = 0o644) -> None:
    """Write ``content`` to ``path``, replacing what is there; parents are created.

    Args:
        path: the target.
        content: bytes, or chunks of bytes.
        mode: permissions of the new file.

    Raises:
        OSError: the disk is full or the folder is read-only; the target is left as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=TEMPORARY_PREFIX, dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            for chunk in [content] if isinstance(content, bytes) else content:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
