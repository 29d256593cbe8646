"""Functions of the user's that are called when a job has ended."""

from __future__ import annotations

import contextvars
import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
_log = logging.getLogger(__name__)


class Hooks(Generic[T]):
    """Calls functions once, in the order in which they were added, one after another.

    They run on a daemon thread of their own: neither the poller nor the kernel waits for them,
    and they may block, read records or start jobs.

    Args:
        job: what the functions are given.
        is_due: tells whether they may be called.
        tell: takes a sentence on a function that failed.
    """

    def __init__(self, job: T, is_due: Callable[[], bool], tell: Callable[[str], None]) -> None:
        self._job = job
        self._is_due = is_due
        self._tell = tell
        self._lock = threading.Lock()
        self._functions: deque[Callable[[T], object]] = deque()
        self._working = False

    def add(self, function: Callable[[T], object]) -> None:
        """Have a function called when it is due; at once if it is."""
        with self._lock:
            self._functions.append(function)
        self.work()

    def work(self) -> None:
        """Call the functions that wait, if they are due; returns at once."""
        with self._lock:
            if self._working or not self._functions or not self._is_due():
                return
            self._working = True
        context = contextvars.Context()
        threading.Thread(
            target=context.run, args=(self._call_all,), name="ibflow-hooks", daemon=True
        ).start()

    def _call_all(self) -> None:
        while (function := self._next()) is not None:
            try:
                function(self._job)
            except Exception as error:  # noqa: BLE001 - told in the job's view; the others are called
                _log.exception("a function of on_done failed")
                name = getattr(function, "__name__", type(function).__name__)
                self._tell(f"on_done: {name} raised {type(error).__name__}: {error}")

    def _next(self) -> Callable[[T], object] | None:
        with self._lock:
            if self._functions and self._is_due():
                return self._functions.popleft()
            self._working = False
            return None
