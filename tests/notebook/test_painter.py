"""When views are drawn."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ibflow_nb.api.jobs import JobState
from ibflow_nb.jobs import Snapshot
from ibflow_nb.notebook.progress.painter import LEAST_INTERVAL, Painter


class Source:
    """A job whose snapshots the test sends."""

    def __init__(self) -> None:
        self.snapshot = Snapshot(job_id="j", state=JobState.RUNNING)
        self.observers: list[Callable[[Snapshot], None]] = []

    def subscribe(self, observer: Callable[[Snapshot], None]) -> Callable[[], None]:
        """Add an observer."""
        self.observers.append(observer)
        return lambda: self.observers.remove(observer)

    def send(self, **changes: Any) -> None:
        """Tell a new snapshot."""
        self.snapshot = self.snapshot.replace(**changes)
        for observer in list(self.observers):
            observer(self.snapshot)


class Recorder:
    """A view that notes what it was told."""

    redraw: Callable[[], None]

    def __init__(self, ticks: bool = False) -> None:
        self.ticks = ticks
        self.drawn: list[tuple[float, Snapshot]] = []
        self.finished: list[Snapshot] = []
        self.changed = threading.Condition()

    def draw(self, snapshot: Snapshot) -> None:
        """Note a drawing."""
        with self.changed:
            self.drawn.append((time.monotonic(), snapshot))
            self.changed.notify_all()

    def finish(self, snapshot: Snapshot) -> None:
        """Note the end."""
        with self.changed:
            self.finished.append(snapshot)
            self.changed.notify_all()

    def wait(self, condition: Callable[[], bool]) -> None:
        """Wait until something was noted."""
        with self.changed:
            assert self.changed.wait_for(condition, 20)


@pytest.fixture
def painter() -> Iterator[Painter]:
    """A painter of the test's own."""
    painter = Painter()
    yield painter
    painter.stop()


def names() -> list[str]:
    """Give the names of all painter threads."""
    return [one.name for one in threading.enumerate() if one.name == "ibflow-painter"]


def test_many_news_are_few_drawings(painter: Painter, until: Any) -> None:
    """However often a job changes, its view is drawn at most every quarter of a second."""
    source, view = Source(), Recorder()
    begin = time.monotonic()
    painter.show(source, view)

    def drawn_thrice() -> bool:
        source.send(progress=min(1.0, source.snapshot.progress + 0.0001))
        return len(view.drawn) >= 3

    until(drawn_thrice)
    assert len(view.drawn) - 1 <= (time.monotonic() - begin) / LEAST_INTERVAL


def test_the_end_is_drawn_at_once_and_last(
    painter: Painter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The final snapshot does not wait for its turn, which is an hour away, and is drawn once."""
    monkeypatch.setattr("ibflow_nb.notebook.progress.painter.LEAST_INTERVAL", 3600)
    source, view = Source(), Recorder()
    painter.show(source, view)
    view.wait(lambda: bool(view.drawn))
    source.send(state=JobState.FAILED)
    view.wait(lambda: bool(view.finished))
    assert [one.state for one in view.finished] == [JobState.FAILED]


def test_what_is_added_to_the_end_is_drawn(painter: Painter, until: Any) -> None:
    """A sentence that comes after the end reaches the view, though the thread has ended."""
    source, view = Source(), Recorder()
    painter.show(source, view)
    source.send(state=JobState.COMPLETE)
    until(lambda: not names())
    source.send(note="on_done: save raised ValueError: no such folder.")
    view.wait(lambda: len(view.finished) == 2)
    assert view.finished[1].note.startswith("on_done")


def test_a_view_may_ask_to_be_drawn_again(painter: Painter, until: Any) -> None:
    """What a view fetches itself, such as the end of a log, is drawn without news of the job."""
    source, view = Source(), Recorder()
    painter.show(source, view)
    source.send(state=JobState.COMPLETE)
    until(lambda: not names())
    view.redraw()
    view.wait(lambda: len(view.finished) == 2)


def test_a_job_that_runs_again_leaves_its_old_view(painter: Painter, until: Any) -> None:
    """The view of the first end keeps it; the second run is shown elsewhere."""
    source, view = Source(), Recorder()
    painter.show(source, view)
    source.send(state=JobState.STOPPED_AT_CHECKPOINT)
    until(lambda: not names())
    source.send(state=JobState.RUNNING)
    assert source.observers == []
    source.send(state=JobState.COMPLETE)
    assert [one.state for one in view.finished] == [JobState.STOPPED_AT_CHECKPOINT]


def test_settle_draws_the_end_in_the_callers_thread(painter: Painter) -> None:
    """A cell that ends right after its job leaves the final state, drawn once."""
    source, view = Source(), Recorder()
    showing = painter.show(source, view)
    source.send(state=JobState.COMPLETE)
    painter.settle(showing)
    assert len(view.finished) == 1


def test_time_passes_in_views_that_show_it(painter: Painter) -> None:
    """Without news a view with a clock is drawn again after a second."""
    view = Recorder(ticks=True)
    painter.show(Source(), view)
    view.wait(lambda: len(view.drawn) >= 2)
    assert view.drawn[1][0] - view.drawn[0][0] >= 0.9


def test_a_view_that_fails_stops_no_other(painter: Painter) -> None:
    """One broken view is given up; the others go on."""

    class Broken(Recorder):
        def draw(self, snapshot: Snapshot) -> None:
            raise RuntimeError("no front end")

    broken, source, view = Source(), Source(), Recorder()
    painter.show(broken, Broken())
    painter.show(source, view)
    source.send(state=JobState.COMPLETE)
    view.wait(lambda: bool(view.finished))
    assert broken.observers == []


def test_the_thread_ends_with_the_last_view(painter: Painter, until: Any) -> None:
    """No thread is kept while there is nothing to draw, and a new view starts one."""
    for _ in range(2):
        source, view = Source(), Recorder()
        painter.show(source, view)
        assert names()
        source.send(state=JobState.COMPLETE)
        view.wait(lambda view=view: bool(view.finished))
        until(lambda: not names())
