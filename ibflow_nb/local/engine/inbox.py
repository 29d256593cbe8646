"""What reaches the dispatcher's thread: what has ended, and what other threads want done there."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ibflow_nb.api.errors import ConfigError
from ibflow_nb.local.engine.live import Written
from ibflow_nb.local.steps.base import Outcome

T = TypeVar("T")
STOPPING = "The platform is being stopped."
_GATHER = 0.01


@dataclass
class Command:
    """Something that another thread wants done.

    Attributes:
        action: what is to be done.
        answer: where its answer goes.
        undo: takes back what the action has changed outside of the store.
        waits: whether it waits for a store that cannot be written now; else it is refused.
    """

    action: Callable[[], Any]
    answer: Future[Any]
    undo: Callable[[], None] = lambda: None
    waits: bool = True

    def refuse(self, error: Exception) -> None:
        """Answer that it is not done, unless it was answered."""
        if not self.answer.done():
            self.undo()
            self.answer.set_exception(error)


@dataclass
class Round:
    """What has happened since the last round, in the order in which it is stored.

    Attributes:
        ended: units that have ended.
        written: jobs whose results have been written.
        commands: what other threads want done.
        last: whether nothing comes after it.
    """

    ended: list[Future[Outcome]] = field(default_factory=list)
    written: list[Written] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    last: bool = False

    def add(self, event: Event) -> None:
        """Add what has happened."""
        match event:
            case Future():
                self.ended.append(event)
            case Written():
                self.written.append(event)
            case Command():
                self.commands.append(event)
            case None:
                self.last = True

    def refuse(self, error: Exception) -> None:
        """Answer the callers of commands that are not done."""
        for command in self.commands:
            command.refuse(error)

    def turn_away(self, error: Exception) -> None:
        """Refuse the commands that do not wait for the store, and leave them out."""
        for command in self.commands:
            if not command.waits:
                command.refuse(error)
        self.commands = [command for command in self.commands if command.waits]


Event = Future[Outcome] | Written | Command | None


class Inbox:
    """Events in the order in which they came; the last one is None."""

    def __init__(self) -> None:
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._closed = ""  # why
        self._door = threading.Lock()

    def put(self, event: Future[Outcome] | Written) -> None:
        """Tell of the end of a unit, or of results that are written."""
        self._events.put(event)

    def send(self, action: Callable[[], T]) -> Future[T]:
        """Have something done, however long it takes until the store can be written.

        Raises:
            ConfigError: nothing is done any more.
        """
        answer: Future[T] = Future()
        self._enter(Command(action, answer))
        return answer

    def send_now(self, action: Callable[[], T], undo: Callable[[], None]) -> Future[T]:
        """Have something done unless the store cannot be written now.

        Args:
            action: what is to be done.
            undo: takes back what it has changed outside of the store.

        Raises:
            ConfigError: nothing is done any more.
        """
        answer: Future[T] = Future()
        self._enter(Command(action, answer, undo, waits=False))
        return answer

    def wake(self) -> None:
        """Have a round in which nothing has happened."""
        self._events.put(Command(lambda: None, Future()))

    def close(self, reason: str = STOPPING) -> None:
        """Take no more commands; who sends one is told the reason."""
        with self._door:
            self._closed = self._closed or reason
            self._events.put(None)

    def gathered(self, more_to_do: Callable[[int], bool]) -> Round:
        """Wait for something to happen and take all that has.

        While the workers have more to do, what has ended is gathered for a moment: one
        transaction for several units and jobs is what makes brief ones cheap.

        Args:
            more_to_do: tells so when some number of units has ended.
        """
        gathered = Round()
        deadline: float | None = None
        while True:
            wait = None if deadline is None else deadline - time.monotonic()
            try:
                event = self._events.get(block=wait is None or wait > 0, timeout=wait)
            except queue.Empty:
                return gathered
            gathered.add(event)
            if isinstance(event, Command | None) or not more_to_do(len(gathered.ended)):
                deadline = 0.0
            elif deadline is None:
                deadline = time.monotonic() + _GATHER

    def turn_away(self, error: Exception) -> None:
        """Refuse the commands that do not wait for a store that cannot be written now."""
        with self._door:
            waiting = self._taken()
            for event in waiting:
                if isinstance(event, Command) and not event.waits:
                    event.refuse(error)
                else:
                    self._events.put(event)

    def leave(self, reason: str) -> None:
        """Take no more commands, and refuse those that are left."""
        self.close(reason)
        for event in self._taken():
            if isinstance(event, Command):
                event.refuse(ConfigError(reason))

    def _enter(self, command: Command) -> None:
        with self._door:
            if self._closed:
                raise ConfigError(self._closed)
            self._events.put(command)

    def _taken(self) -> list[Event]:
        """Take all that is there."""
        events: list[Event] = []
        while not self._events.empty():
            events.append(self._events.get())
        return events
