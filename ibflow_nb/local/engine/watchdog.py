"""Time limits of what other threads do, watched by one thread."""

from __future__ import annotations

import contextlib
import logging
import math
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_LONGEST_WAIT = 3600.0  # what a condition surely takes
_log = logging.getLogger(__name__)


@dataclass(eq=False)
class _Limit:
    """When something takes too long, and what is to be done then."""

    due: float
    action: Callable[[], None]


class Watchdog:
    """Acts when something takes longer than it may.

    A thread for each limit would cost a brief unit more than its transfer to the worker.
    """

    def __init__(self) -> None:
        self._limits: set[_Limit] = set()
        self._changed = threading.Condition()
        self._wakes = math.inf  # when the thread looks next by itself
        self._thread: threading.Thread | None = None
        self._closed = False

    @contextlib.contextmanager
    def limit(self, seconds: float | None, action: Callable[[], None]) -> Iterator[None]:
        """Do something, once, if this block takes longer than some seconds; None: never."""
        if seconds is None:
            yield
            return
        limit = _Limit(time.monotonic() + seconds, action)
        with self._changed:
            self._limits.add(limit)
            self._start()
            if limit.due < self._wakes:
                self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._limits.discard(limit)

    def close(self) -> None:
        """Watch no more."""
        with self._changed:
            self._closed = True
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _start(self) -> None:
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._run, name="ibflow-watchdog", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._closed:
                    return
                now = time.monotonic()
                passed = {limit for limit in self._limits if limit.due <= now}
                self._limits -= passed
                if not passed:
                    self._wakes = min((limit.due for limit in self._limits), default=math.inf)
                    self._changed.wait(min(self._wakes - now, _LONGEST_WAIT))
            for limit in passed:
                try:
                    limit.action()
                except Exception:  # noqa: BLE001 - the limits of others are still to be kept
                    _log.exception("What takes too long could not be stopped.")
