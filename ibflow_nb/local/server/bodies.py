"""Request bodies: read whole within a limit, or handed on in blocks to a thread that writes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import TypeVar

import anyio
import anyio.from_thread
import anyio.to_thread
from starlette.requests import Request

from ibflow_nb.local.server.refusals import Refusal

_BLOCK_BYTES = 1024**2
_SLOW_CALLS = 16  # uploads and copies at a time, so that they never keep status calls waiting

T = TypeVar("T")


async def read_whole(request: Request, limit: int) -> bytes:
    """Give the body of a JSON call.

    Raises:
        Refusal: it is larger than ``limit`` bytes (413).
    """
    return b"".join([block async for block in _blocks(request, limit)])


class SlowCalls:
    """Runs what takes its time (uploads, copies) in threads of its own, apart from the others."""

    def __init__(self) -> None:
        self._limiter: anyio.CapacityLimiter | None = None

    async def run(self, work: Callable[[], T]) -> T:
        """Run ``work`` in a thread."""
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(_SLOW_CALLS)
        return await anyio.to_thread.run_sync(work, limiter=self._limiter)

    async def consume(
        self, request: Request, limit: int, write: Callable[[Iterator[bytes]], T]
    ) -> T:
        """Run ``write`` in a thread with the body's blocks as they arrive.

        Memory stays flat whatever the body's size. When the body is too large or the sender goes
        away, the error comes out of the iterator, so that ``write`` can clean up.

        Raises:
            Refusal: the body is larger than ``limit`` bytes (413).
        """
        blocks = _blocks(request, limit)

        async def following() -> bytes:
            return await anext(blocks, b"")

        def in_thread() -> Iterator[bytes]:
            while block := anyio.from_thread.run(following):
                yield block

        return await self.run(lambda: write(in_thread()))


async def _blocks(request: Request, limit: int) -> AsyncIterator[bytes]:
    """Yield the body in blocks of about a megabyte, never an empty one."""
    declared = request.headers.get("content-length", "0")
    if int(declared) > limit:
        raise _too_large(limit)
    received = 0
    block = bytearray()
    async for piece in request.stream():
        received += len(piece)
        if received > limit:
            raise _too_large(limit)
        block += piece
        if len(block) >= _BLOCK_BYTES:
            yield bytes(block)
            block.clear()
    if block:
        yield bytes(block)


def _too_large(limit: int) -> Refusal:
    return Refusal(413, f"The request body is too large; the limit is {limit:,} bytes.")
