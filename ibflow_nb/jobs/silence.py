"""A server that answers no more: since when, and who waits without a limit is told."""

from __future__ import annotations

import contextlib
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

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
    """The server of jobs that are waited for has not answered for two minutes."""


class News(Protocol):
    """How something that is waited for stands."""

    @property
    def note(self) -> str:
        """Trouble with the connection."""
        ...

    @property
    def silent_since(self) -> float | None:
        """Unix seconds since when the server has not answered; None while it does."""
        ...


N = TypeVar("N", bound=News)
N_co = TypeVar("N_co", bound=News, covariant=True)


class Watched(Protocol[N_co]):
    """What is waited for: a job, or many."""

    @property
    def snapshot(self) -> N_co:
        """The latest news."""
        ...

    def subscribe(self, observer: Callable[[N_co], None]) -> Callable[[], None]:
        """Have a function called with all news; the result ends that."""
        ...


@contextlib.contextmanager
def silence_told(
    watched: Watched[N], subject: Callable[[N], str], timeout: float | None
) -> Iterator[None]:
    """Warn within the block, once each time that the server falls silent.

    Args:
        watched: what is waited for.
        subject: says what that is, such as ``2 of 5 jobs``.
        timeout: seconds for which it is waited at most; who gave one is told nothing.
    """
    if timeout is not None:
        yield
        return
    told = False

    def look(seen: N) -> None:
        nonlocal told
        told_before, told = told, seen.silent_since is not None
        if seen.silent_since is not None and not told_before:
            sentence = _sentence(subject(seen), seen.silent_since, seen.note)
            # This runs on the background thread, where no frame is that of the code that waits.
            warnings.warn(sentence, ServerSilent, stacklevel=1)

    unsubscribe = watched.subscribe(look)
    try:
        look(watched.snapshot)
        yield
    finally:
        unsubscribe()


def _sentence(subject: str, since: float, note: str) -> str:
    moment = time.strftime("%H:%M:%S", time.localtime(since))
    return (
        f"Waiting for {subject}, but the server has not answered since {moment} "
        f"({note.rstrip('.')}); interrupt to wait no longer, or give a timeout."
    )
