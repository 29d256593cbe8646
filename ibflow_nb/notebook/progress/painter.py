"""Draws the views of all jobs: on change, not more often than four times a second.

One daemon thread, started with the first view and ended with the last. It runs in an empty
context, so that what it sends counts as news of the right output and not as output of the cell
that happened to start the job; headless executions would drop the latter.
"""

from __future__ import annotations

import contextvars
import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

from ibflow_nb.jobs import Snapshot

LEAST_INTERVAL = 0.25
TICK = 1.0
_log = logging.getLogger(__name__)


class View(Protocol):
    """A place on the screen for one job.

    Attributes:
        ticks: whether it shows the time that passes, and is drawn without news too.
    """

    ticks: bool

    def draw(self, snapshot: Snapshot) -> None:
        """Show a job that goes on."""
        ...

    def finish(self, snapshot: Snapshot) -> None:
        """Show the end; called once, last."""
        ...


class Observable(Protocol):
    """What the painter needs of a job."""

    @property
    def snapshot(self) -> Snapshot:
        """How the job stands."""
        ...

    def subscribe(self, function: Callable[[Snapshot], None], /) -> Callable[[], None]:
        """Have ``function`` called with each new snapshot; the result ends that."""
        ...


class Showing:
    """One job in one view."""

    def __init__(self, job: Observable, view: View, news: Callable[[], None]) -> None:
        self._view = view
        self._news = news
        self._lock = threading.Lock()
        self._drawn_at = float("-inf")
        self._drawn: Snapshot | None = None
        self.over = False
        self._latest = job.snapshot
        self._unsubscribe = job.subscribe(self._take)
        self._latest = job.snapshot

    def due(self) -> float:
        """Give the moment of the next drawing, on the monotonic clock."""
        if self._latest.done:
            return float("-inf")
        if self._latest is not self._drawn:
            return self._drawn_at + LEAST_INTERVAL
        return self._drawn_at + TICK if self._view.ticks else float("inf")

    def paint(self) -> None:
        """Draw the latest snapshot; the last one ends the showing."""
        with self._lock:
            if self.over:
                return
            snapshot = self._latest
            try:
                if snapshot.done:
                    self._view.finish(snapshot)
                else:
                    self._view.draw(snapshot)
            except Exception:  # noqa: BLE001 - a view that fails must not stop the others
                _log.exception("The view of job %s cannot be drawn", snapshot.job_id)
                snapshot = self._latest
                self.close()
            self._drawn, self._drawn_at = snapshot, time.monotonic()
            if snapshot.done:
                self.close()

    def redraw(self) -> None:
        """Draw soon, although there is no new snapshot."""
        self._drawn = None
        self._news()

    def close(self) -> None:
        """Stop listening; a second time is no harm."""
        self.over = True
        unsubscribe, self._unsubscribe = self._unsubscribe, lambda: None
        unsubscribe()

    def _take(self, snapshot: Snapshot) -> None:
        self._latest = snapshot
        self._news()


class Painter:
    """The thread that draws, and what it draws."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._showings: list[Showing] = []
        self._thread: threading.Thread | None = None

    def show(self, job: Observable, view: View) -> Showing:
        """Show a job in a view until it ends."""
        showing = Showing(job, view, self._wake)
        with self._changed:
            self._showings.append(showing)
            if self._thread is None:
                context = contextvars.Context()
                self._thread = threading.Thread(
                    target=context.run, args=(self._work,), name="ibflow-painter", daemon=True
                )
                self._thread.start()
            self._changed.notify()
        return showing

    def settle(self, showing: Showing) -> None:
        """Draw now, in the caller's thread, so that a cell that ends leaves the last state."""
        contextvars.Context().run(showing.paint)

    def stop(self) -> None:
        """Leave all views as they are and end the thread."""
        with self._changed:
            thread, self._thread = self._thread, None
            showings, self._showings = self._showings, []
            self._changed.notify()
        for showing in showings:
            showing.close()
        if thread is not None and thread is not threading.current_thread():
            thread.join(2)

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify()

    def _work(self) -> None:
        while (due := self._next_due()) is not None:
            for showing in due:
                showing.paint()

    def _next_due(self) -> list[Showing] | None:
        """Sleep until something is to be drawn; None ends the thread."""
        with self._changed:
            while True:
                self._showings = [showing for showing in self._showings if not showing.over]
                if not self._showings or self._thread is not threading.current_thread():
                    if self._thread is threading.current_thread():
                        self._thread = None
                    return None
                now = time.monotonic()
                due = [showing for showing in self._showings if showing.due() <= now]
                if due:
                    return due
                earliest = min(showing.due() for showing in self._showings)
                self._changed.wait(None if earliest == float("inf") else earliest - now)


painter = Painter()
"""The one of this process."""
