"""What is said of a job, and its HTML."""

from __future__ import annotations

import functools
import io
from html.parser import HTMLParser

import pytest

from ibflow_nb.api.jobs import JobState
from ibflow_nb.jobs import Snapshot
from ibflow_nb.notebook.progress.card import card, tell
from ibflow_nb.notebook.progress.describe import describe
from ibflow_nb.notebook.progress.views import LinesView

RUNNING = Snapshot(
    job_id="j-1",
    state=JobState.RUNNING,
    progress=0.4,
    message="reading a.pdf",
    done_files=2,
    total_files=5,
    error_files=1,
    started=1000.0,
)


def test_line_of_a_running_job() -> None:
    """State, title, counts, time, id and message in one line."""
    assert describe(RUNNING, "x.ibflow", now=1065.0).line == (
        "RUNNING · x.ibflow · 2 of 5 files, 1 with an error · 1 min 05 s · job j-1: reading a.pdf"
    )


def test_fixed_line_is_the_same_in_every_run() -> None:
    """Without what differs between runs, two runs say the same."""
    ends = [
        RUNNING.replace(state=JobState.COMPLETE, job_id=job_id, done_files=5, finished=finished)
        for job_id, finished in (("a", 1001.0), ("b", 1999.0))
    ]
    lines = {describe(end, "x.ibflow", fixed=True).line for end in ends}
    assert lines == {"COMPLETE · x.ibflow · 5 of 5 files, 1 with an error"}


def test_a_failed_job_says_why() -> None:
    """The reason stays in the final output."""
    failed = RUNNING.replace(state=JobState.FAILED, message="the flow is gone")
    assert describe(failed, "x", fixed=True).line.endswith(": the flow is gone")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59, "59 s"), (61, "1 min 01 s"), (3720, "1 h 02 min")]
)
def test_elapsed(seconds: float, text: str) -> None:
    """Times are read at a glance."""
    assert describe(RUNNING, "x", now=1000 + seconds).elapsed == text


class Checker(HTMLParser):
    """Notes tags and attributes, and that every tag is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: dict[str, str | None] = {}
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.open.append(tag)
        self.attributes |= dict(attrs)

    def handle_endtag(self, tag: str) -> None:
        """Check what is closed."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.text += data


def test_card_escapes_and_tells_screen_readers() -> None:
    """Names from the server cannot become markup; the bar has its role and value."""
    hostile = RUNNING.replace(message="<script>x</script>")
    html = card(describe(hostile, 'a"><b>.ibflow', now=1001.0))
    checker = Checker()
    checker.feed(html)
    assert checker.open == []
    assert "<script>" not in html
    assert "<script>x</script>" in checker.text
    assert "RUNNING" in checker.text
    assert checker.attributes["role"] == "progressbar"
    assert checker.attributes["aria-valuenow"] == "40"
    assert checker.attributes["aria-label"] == 'a"><b>.ibflow'


def test_lines_tell_each_state_once() -> None:
    """In a terminal a job is a line for each new state."""
    stream = io.StringIO()
    view = LinesView(functools.partial(tell, title="x"), stream=stream)
    for progress in (0.1, 0.2):
        view.draw(RUNNING.replace(progress=progress))
    view.finish(RUNNING.replace(state=JobState.COMPLETE, finished=1002.0))
    assert [line.split(" ")[0] for line in stream.getvalue().splitlines()] == [
        "RUNNING",
        "COMPLETE",
    ]
