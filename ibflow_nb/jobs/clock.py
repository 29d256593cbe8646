"""Time as a parameter, so that tests of waiting need no waiting."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Protocol


class Clock(Protocol):
    """What the poller and the retries know of time."""

    def now(self) -> float:
        """Seconds on a clock that never goes backwards."""
        ...

    async def sleep(self, seconds: float, until: asyncio.Event | None = None) -> None:
        """Sleep, at most until the event is set."""
        ...


class SystemClock:
    """The real time."""

    def now(self) -> float:
        """Seconds on the system's monotonic clock."""
        return time.monotonic()

    async def sleep(self, seconds: float, until: asyncio.Event | None = None) -> None:
        """Sleep, at most until the event is set."""
        if until is None:
            await asyncio.sleep(seconds)
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(until.wait(), seconds)
