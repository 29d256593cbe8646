"""Many jobs in one view."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest

from ibflow_nb.api.jobs import JobSummary
from ibflow_nb.jobs.overview import Overview, row_of
from ibflow_nb.notebook.progress.board import SHOWN, tell
from ibflow_nb.notebook.progress.board_widget import BoardWidget

START = 1_700_000_000


def listed(job_id: str, state: str, done: int = 0, **more: Any) -> dict[str, Any]:
    """Give one job as a server lists it."""
    return {
        "job_id": job_id, "state": state, "kind": "FLOW", "flow_path": f"a/b/{job_id[0]}.ibflow",
        "num_files": 4, "num_done": done, "start_timestamp": START, **more,
    }  # fmt: skip


def overview(*jobs: dict[str, Any], **more: Any) -> Overview:
    """Give the overview of listed jobs."""
    return Overview(rows=tuple(row_of(JobSummary(**job)) for job in jobs), **more)


MIXED = overview(
    listed("c-3", "COMPLETE", 4, finish_timestamp=START + 75),
    listed("b-2", "RUNNING", 3, num_errors=1),
    listed("a-1", "FAILED", 4, msg="no <file>", finish_timestamp=START + 5),
)


def test_jobs_are_counted_and_those_that_go_on_come_first() -> None:
    """The text is a line of counts and a line a job."""
    assert tell(MIXED, now=START + 61).text.splitlines() == [
        "1 RUNNING, 1 COMPLETE, 1 FAILED",
        "RUNNING    75%  b.ibflow  3 of 4 files, 1 with an error  1 min 01 s  b-2",
        "COMPLETE  100%  c.ibflow  4 of 4 files                   1 min 15 s  c-3",
        "FAILED    100%  a.ibflow  4 of 4 files                   5 s         a-1  no <file>",
    ]


def test_the_fixed_form_is_the_same_in_every_run() -> None:
    """Ids and times are left out."""
    told = tell(MIXED, fixed=True)
    assert "b-2" not in told.text + told.html
    assert "1 min" not in told.text + told.html
    assert told == tell(MIXED, fixed=True, now=START + 999)


class Reader(HTMLParser):
    """Notes the bars, and that every tag is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.bars: list[str | None] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.open.append(tag)
        if dict(attrs).get("role") == "progressbar":
            self.bars.append(dict(attrs)["aria-valuenow"])

    def handle_endtag(self, tag: str) -> None:
        """Check what is closed."""
        assert self.open.pop() == tag


def test_each_job_has_a_bar_and_nothing_becomes_markup() -> None:
    """Screen readers hear how far each is; a server's words stay words."""
    html = tell(MIXED).html
    assert Reader(html).bars == ["75", "100", "100"]
    assert "no &lt;file&gt;" in html


def test_two_hundred_jobs_stay_compact() -> None:
    """The counts tell of all; lines are shown of some, and how many are left out."""
    many = overview(*(listed(f"j-{n}", "RUNNING") for n in range(200)), note="Trying again: x")
    lines = tell(many).text.splitlines()
    assert lines[0] == "200 RUNNING"
    assert lines[-2:] == [f"and {200 - SHOWN} more", "Trying again: x"]
    assert len(lines) == SHOWN + 3


def test_a_lost_job_says_so() -> None:
    """A job that the server lists no more is told as such."""
    lost = overview(listed("a-1", "RUNNING")).after([], lambda _: True, whole=True)
    assert "the server lists it no more" in tell(lost).text
    assert lost.done


def test_the_widget_offers_what_goes_on_and_cancels_the_chosen_one() -> None:
    """The choice is kept while it goes on; at its end there is nothing to choose."""
    cancelled: list[str] = []
    stopped: list[bool] = []
    running = overview(listed("b-2", "RUNNING"), listed("a-1", "RUNNING"))
    view = BoardWidget(running, cancelled.append, lambda: stopped.append(True))
    choice, cancel, stop = view._controls.children
    assert choice.value == "b-2"
    choice.value = "a-1"
    view.draw(
        overview(listed("c-3", "PENDING"), listed("b-2", "COMPLETE"), listed("a-1", "RUNNING"))
    )
    assert [job_id for _, job_id in choice.options] == ["c-3", "a-1"]
    assert choice.value == "a-1"
    cancel.click()
    stop.click()
    assert (cancelled, stopped) == (["a-1"], [True])
    view.finish(overview(listed("a-1", "CANCELLED")))
    assert view._controls.layout.display == "none"
    cancel.click()
    assert cancelled == ["a-1"]


def test_why_a_job_cannot_be_cancelled_is_told(shell: Any) -> None:
    """The server's sentence stands below the table."""
    view = BoardWidget(overview(listed("a-1", "RUNNING")), lambda _: None, lambda: None)
    view.redraw = lambda: view.draw(overview(listed("a-1", "RUNNING")))
    view.tell_problem(RuntimeError("not <yours>"))
    assert "It cannot be cancelled: not &lt;yours&gt;" in view._table.value


@pytest.fixture
def connected(shell: Any, server: Any) -> Any:
    """A shell connected to the scripted server."""
    shell.run_cell(f"%ibflow connect {server.url}")
    return shell


def test_the_magic_watches_what_the_filters_say(
    connected: Any, server: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    """The board ends when its jobs have ended, and its last line tells it."""
    server.listed = [listed("a-1", "RUNNING", 1), listed("b-2", "PENDING")]
    connected.run_cell("board = %ibflow jobs --watch --tag july --state running --state pending")
    board = connected.user_ns["board"]
    server.listed = [listed("c-9", "PAUSED"), listed("a-1", "COMPLETE", 4), listed("b-2", "FAILED")]
    board.wait(60)
    first, later = server.calls("jobs/list")[0], server.calls("jobs/list")[-1]
    assert (first["state"], first["tags"]) == ("RUNNING,PENDING", "july")
    assert (later.get("state", ""), later["tags"]) == ("", "july")
    assert later["from_timestamp"] == str(START)
    assert repr(board) == "<Board 1 COMPLETE, 1 FAILED>"


def test_a_board_of_ended_jobs_is_shown_once(
    connected: Any, server: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nothing is waited for, and nothing more is asked."""
    server.listed = [listed("a-1", "COMPLETE", 4)]
    connected.run_cell("board = %ibflow jobs --watch")
    assert capfd.readouterr().out == "1 COMPLETE\n"
    assert len(server.calls("jobs/list")) == 1
