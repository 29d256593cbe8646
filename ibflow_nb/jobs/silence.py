"""A server that answers no more: since when, and who waits without a limit is told."""

from __future__ import annotations

import contextlib
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from ibflow_nb.jobs.snapshot import Snapshot
from ibflow_nb.jobs.watch import Watch

PATIENCE = 120.0
"""Seconds without an answer after which those who wait for a job are told."""


@dataclass
class Failures:
    """Questions in a row that a server did not answer.

    Attributes:
        count: how many.
        since: when the first of them failed, on the clock of who asks.
    """

    count: int = 0
    since: float = 0.0

    def add(self, now: float) -> None:
        """Count one more."""
        if not self.count:
            self.since = now
        self.count += 1

    def end(self) -> None:
        """Begin anew, because the server answered."""
        self.count = 0

    def silent_since(self, now: float) -> float | None:
        """Give the Unix time of the first of them, once that is :data:`PATIENCE` ago."""
        lasted = now - self.since
        return time.time() - lasted if self.count and lasted >= PATIENCE else None


class ServerSilent(UserWarning):
    """The server of a job that is waited for has not answered for two minutes."""


@contextlib.contextmanager
def silence_told(watch: Watch) -> Iterator[None]:
    """Warn within the block, once each time that the server falls silent."""
    told = False

    def look(seen: Snapshot) -> None:
        nonlocal told
        told_before, told = told, seen.silent_since is not None
        if seen.silent_since is not None and not told_before:
            # This runs on the background thread, where no frame is that of the code that waits.
            warnings.warn(_sentence(seen, seen.silent_since), ServerSilent, stacklevel=1)

    unsubscribe = watch.subscribe(look)
    try:
        look(watch.snapshot)
        yield
    finally:
        unsubscribe()


def _sentence(seen: Snapshot, since: float) -> str:
    moment = time.strftime("%H:%M:%S", time.localtime(since))
    return (
        f"Job {seen.job_id} is waited for, but its server has not answered since {moment} "
        f"({seen.note.rstrip('.')}); interrupt to wait no longer, or give a timeout."
    )
