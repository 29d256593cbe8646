"""Request bodies that can be sent more than once, in chunks and with a known length."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from ibflow_nb.api.errors import ConnectionFailed

CHUNK = 768 * 1024
"""Bytes handed to the HTTP library at a time; it copies what it cannot send at once."""

Progress = Callable[[int, int], None]
"""Called with bytes done and bytes in all, on the background thread; must not block."""


@dataclass(frozen=True)
class Body:
    """A body and its length in bytes; each call of ``chunks`` begins it anew."""

    length: int
    chunks: Callable[[], AsyncIterator[bytes]]
    content_type: str = "application/octet-stream"


def of_bytes(content: bytes, *, progress: Progress | None = None, content_type: str = "") -> Body:
    """Make a body of what is in memory."""

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(content), CHUNK):
            chunk = content[start : start + CHUNK]
            yield chunk
            _report(progress, start + len(chunk), len(content))

    return Body(len(content), chunks, content_type or Body.content_type)


def of_file(path: Path, *, progress: Progress | None = None) -> Body:
    """Make a body of a file, read while it is sent.

    Sending raises :class:`~ibflow_nb.api.errors.ConnectionFailed` if the file changes its size
    meanwhile.
    """
    length = path.stat().st_size

    async def chunks() -> AsyncIterator[bytes]:
        sent = 0
        with path.open("rb") as file:
            while chunk := file.read(min(CHUNK, length - sent)):
                yield chunk
                sent += len(chunk)
                _report(progress, sent, length)
            if sent != length or file.read(1):
                raise ConnectionFailed(f"'{path}' changed while it was sent; upload it again.")

    return Body(length, chunks)


def _report(progress: Progress | None, done: int, total: int) -> None:
    if progress is not None:
        progress(done, total)
