"""What reaches the dispatcher's thread: what has ended, and what other threads want done there."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from ibflow_nb.api.errors import ConfigError
from ibflow_nb.local.engine.finishing import Written
from ibflow_nb.local.steps.base import Outcome

T = TypeVar("T")
_GATHER = 0.01


@dataclass
class Command:
    """Something that another thread wants done.

    Attributes:
        action: what is to be done.
        answer: where its answer goes.
        undo: takes back what the action has changed outside of the store. A command that has it
            is refused while the store cannot be written; others wait until it can.
    """

    action: Callable[[], Any]
    answer: Future[Any]
    undo: Callable[[], None] | None = None


Event = Future[Outcome] | Written | Command | None


class Inbox:
    """Events in the order in which they came; the last one is None."""

    def __init__(self) -> None:
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._closed = False
        self._door = threading.Lock()

    def put(self, event: Future[Outcome] | Written) -> None:
        """Tell of the end of a unit, or of results that are written."""
        self._events.put(event)

    def send(self, action: Callable[[], T], undo: Callable[[], None] | None = None) -> Future[T]:
        """Have something done; arguments: :class:`Command`.

        Raises:
            ConfigError: the platform is being stopped.
        """
        answer: Future[T] = Future()
        with self._door:
            if self._closed:
                raise ConfigError("The platform is being stopped.")
            self._events.put(Command(action, answer, undo))
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

        While the workers have more to do, what has ended is gathered for a moment: one
        transaction for several units and jobs is what makes brief ones cheap.

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
            if isinstance(event, Command | None) or not more_to_do(len(events)):
                deadline = 0.0
            elif deadline is None:
                deadline = time.monotonic() + _GATHER

    def turn_away(self, error: Exception) -> None:
        """Refuse the commands that do not wait for a store that cannot be written now."""
        with self._door:
            waiting = self._taken()
            turn_away(waiting, error)
            for event in waiting:
                self._events.put(event)

    def leave(self, events: list[Event], error: Exception) -> None:
        """Take no more commands; refuse those of a round that failed and all that are left."""
        self.close()
        refuse([*events, *self._taken()], error)

    def _taken(self) -> list[Event]:
        """Take all that is there."""
        events: list[Event] = []
        while not self._events.empty():
            events.append(self._events.get())
        return events


def turn_away(events: list[Event], error: Exception) -> None:
    """Refuse, of some events, the commands that do not wait, and take them out."""
    hasty = [event for event in events if isinstance(event, Command) and event.undo is not None]
    refuse(hasty, error)
    events[:] = [event for event in events if not (isinstance(event, Command) and event.undo)]


def refuse(events: Iterable[Event], error: Exception) -> None:
    """Answer the callers of commands that are not done."""
    for event in events:
        if isinstance(event, Command) and not event.answer.done():
            if event.undo is not None:
                event.undo()
            event.answer.set_exception(error)
