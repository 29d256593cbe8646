"""Draws all views: on change, not more often than four times a second.

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
from typing import Any, Generic, Protocol, TypeVar

LEAST_INTERVAL = 0.25
TICK = 1.0
_log = logging.getLogger(__name__)


class News(Protocol):
    """How something stands at one moment."""

    @property
    def done(self) -> bool:
        """Whether that is its end."""
        ...


N = TypeVar("N", bound=News)
N_co = TypeVar("N_co", bound=News, covariant=True)
N_contra = TypeVar("N_contra", bound=News, contravariant=True)


class View(Protocol[N_contra]):
    """A place on the screen.

    Attributes:
        ticks: whether it shows the time that passes, and is drawn without news too.
        redraw: set when the view is shown; has it drawn soon, although there is no news.
    """

    ticks: bool
    redraw: Callable[[], None]

    def draw(self, news: N_contra, /) -> None:
        """Show what goes on."""
        ...

    def finish(self, news: N_contra, /) -> None:
        """Show the end; once more when something is added to it."""
        ...


class Observable(Protocol[N_co]):
    """What is shown: a job, an upload, a board of many jobs."""

    @property
    def snapshot(self) -> N_co:
        """How it stands."""
        ...

    def subscribe(self, function: Callable[[N_co], None], /) -> Callable[[], None]:
        """Have ``function`` called with each news; the result ends that."""
        ...


class Showing(Generic[N]):
    """One thing in one view.

    Its end is drawn once more when a sentence is added to it; when it goes on after its end, as
    a retried job does, the view keeps what it shows.
    """

    def __init__(
        self, source: Observable[N], view: View[N], changed: Callable[[Showing[Any]], None]
    ) -> None:
        self._view = view
        view.redraw = self.redraw
        self._changed = changed
        self._lock = threading.Lock()
        self._drawn_at = float("-inf")
        self._drawn: N | None = None
        self._ended = False
        self._closed = False
        self._latest = source.snapshot
        self._unsubscribe = source.subscribe(self._take)
        self._latest = source.snapshot

    @property
    def over(self) -> bool:
        """Whether there is nothing to draw any more, unless something is added."""
        return self._closed or (self._ended and self._latest is self._drawn)

    def due(self) -> float:
        """Give the moment of the next drawing, on the monotonic clock."""
        if self._latest.done and not self._ended:
            return float("-inf")
        if self._latest is not self._drawn:
            return self._drawn_at + LEAST_INTERVAL
        return self._drawn_at + TICK if self._view.ticks else float("inf")

    def paint(self) -> None:
        """Draw the latest news."""
        with self._lock:
            if self.over:
                return
            latest = self._latest
            self._drawn, self._drawn_at = latest, time.monotonic()
            self._ended = latest.done
            try:
                (self._view.finish if latest.done else self._view.draw)(latest)
            except Exception:  # noqa: BLE001 - a view that fails must not stop the others
                _log.exception("A view cannot be drawn: %r", latest)
                self.close()

    def redraw(self) -> None:
        """Draw soon, although there is no news."""
        self._drawn = None
        self._changed(self)

    def close(self) -> None:
        """Stop listening; a second time is no harm."""
        self._closed = True
        unsubscribe, self._unsubscribe = self._unsubscribe, lambda: None
        unsubscribe()

    def _take(self, news: N) -> None:
        if self._ended and not news.done:
            self.close()
            return
        self._latest = news
        self._changed(self)


class Painter:
    """The thread that draws, and what it draws."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._showings: list[Showing[Any]] = []
        self._thread: threading.Thread | None = None

    def show(self, source: Observable[N], view: View[N]) -> Showing[N]:
        """Show something in a view until it ends."""
        showing = Showing(source, view, self._attend)
        self._attend(showing)
        return showing

    def settle(self, showing: Showing[Any]) -> None:
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

    def _attend(self, showing: Showing[Any]) -> None:
        """Have the thread look at a showing; starts it where it does not run."""
        with self._changed:
            if showing not in self._showings:
                self._showings.append(showing)
            if self._thread is None:
                context = contextvars.Context()
                self._thread = threading.Thread(
                    target=context.run, args=(self._work,), name="ibflow-painter", daemon=True
                )
                self._thread.start()
            self._changed.notify()

    def _work(self) -> None:
        while (due := self._next_due()) is not None:
            for showing in due:
                showing.paint()

    def _next_due(self) -> list[Showing[Any]] | None:
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
