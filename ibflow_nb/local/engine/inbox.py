"""What reaches the dispatcher's thread: ends of units, and what other threads want done there."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from ibflow_nb.api.errors import ConfigError
from ibflow_nb.local.steps.base import Outcome

T = TypeVar("T")
_GATHER = 0.01


@dataclass
class Command:
    """Something that another thread wants done, and where its answer goes."""

    action: Callable[[], Any]
    answer: Future[Any]


Event = Future[Outcome] | Command | None


class Inbox:
    """Events in the order in which they came; the last one is None."""

    def __init__(self) -> None:
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._closed = False
        self._door = threading.Lock()

    def put(self, future: Future[Outcome]) -> None:
        """Tell of the end of a unit."""
        self._events.put(future)

    def send(self, action: Callable[[], T]) -> Future[T]:
        """Have something done.

        Raises:
            ConfigError: the platform is being stopped.
        """
        answer: Future[T] = Future()
        with self._door:
            if self._closed:
                raise ConfigError("The platform is being stopped.")
            self._events.put(Command(action, answer))
        return answer

    def wake(self) -> None:
        """Have a round in which nothing has happened."""
        self._events.put(Command(lambda: None, Future()))

    def close(self) -> None:
        """Take no more commands."""
        with self._door:
            self._closed = True
            self._events.put(None)

    def gathered(self, more_to_do: Callable[[int], bool]) -> list[Event]:
        """Wait for events and take all that are there.

        While the workers have more to do, ends of units are gathered for a moment: one
        transaction for several of them is what makes brief units cheap.

        Args:
            more_to_do: tells so when some number of units has ended.
        """
        events: list[Event] = []
        deadline: float | None = None
        while True:
            wait = None if deadline is None else deadline - time.monotonic()
            try:
                event = self._events.get(block=wait is None or wait > 0, timeout=wait)
            except queue.Empty:
                return events
            events.append(event)
            if not isinstance(event, Future) or not more_to_do(len(events)):
                deadline = 0.0
            elif deadline is None:
                deadline = time.monotonic() + _GATHER

    def leave(self, events: list[Event], error: Exception) -> None:
        """Take no more commands; refuse those of a round that failed and all that are left."""
        self.close()
        while not self._events.empty():
            events.append(self._events.get())
        refuse(events, error)


def refuse(events: list[Event], error: Exception) -> None:
    """Answer the callers of a round that failed."""
    for event in events:
        if isinstance(event, Command) and not event.answer.done():
            event.answer.set_exception(error)
