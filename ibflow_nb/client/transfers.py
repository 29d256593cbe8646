"""Several transfers at a time: how many, and how far they are together."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any

from ibflow_nb.client.body import Progress

AT_ONCE = 4
"""Transfers that run together; the other connections are left for the polling."""


@dataclass
class Meter:
    """Adds up the progress of transfers that run at the same time.

    Attributes:
        progress: told bytes done and bytes in all; None tells nobody.
        total: bytes in all.
    """

    progress: Progress | None
    total: int
    _parts: dict[str, int] = field(default_factory=dict)

    def part(self, name: str) -> Progress:
        """Give the callback of one transfer; a transfer that begins anew counts anew."""

        def report(done: int, _total: int) -> None:
            self.set(name, done)

        return report

    def set(self, name: str, done: int) -> None:
        """Note how many bytes of one transfer are done."""
        self._parts[name] = done
        if self.progress is not None:
            self.progress(sum(self._parts.values()), self.total)


async def few_at_once(transfers: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Run all transfers, a few at a time; the first that fails ends the rest.

    Raises:
        Exception: what the first failed transfer raised.
    """
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(transfer: Coroutine[Any, Any, None]) -> None:
        async with slots:
            await transfer

    failure: Exception | None = None
    try:
        async with asyncio.TaskGroup() as group:
            for transfer in transfers:
                group.create_task(one(transfer))
    except ExceptionGroup as failures:
        failure = failures.exceptions[0]
    if failure is not None:  # raised out here, so that the group does not hang on it as its context
        raise failure
