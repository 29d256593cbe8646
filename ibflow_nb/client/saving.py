"""Downloads appear whole or not at all, and only where they belong."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import BinaryIO

from ibflow_nb.api.errors import BadReply, ConnectionFailed
from ibflow_nb.client.body import Progress


async def save(
    chunks: AsyncIterator[bytes], target: Path, length: int | None, progress: Progress
) -> None:
    """Write what arrives to a file.

    Raises:
        ConnectionFailed: fewer bytes came than were announced.
        OSError: the disk is full or the folder is read-only; the target is left as it was.
    """
    done = 0
    with _replacing(target) as file:
        async for chunk in chunks:
            file.write(chunk)
            done += len(chunk)
            progress(done, length or done)
        if length is not None and done != length:
            raise ConnectionFailed(f"{target.name}: {done} of {length} bytes arrived; try again.")


def inside(folder: Path, name: str) -> Path:
    """Give the local path of a server's file name.

    Raises:
        BadReply: the name leads out of the folder.
    """
    target = folder / name
    if not target.resolve().is_relative_to(folder.resolve()) or "\\" in name:
        raise BadReply(f"The server lists a file named '{name}', which leads out of its folder.")
    return target


@contextlib.contextmanager
def _replacing(target: Path) -> Iterator[BinaryIO]:
    """Give a temporary file beside the target that takes its place when all went well."""
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name[:40]}-", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
