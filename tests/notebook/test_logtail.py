"""The end of a job's log: when it is fetched, and what is shown of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ibflow_nb.api.errors import ConnectionFailed
from ibflow_nb.api.jobs import LogEntry
from ibflow_nb.jobs.background import Background
from ibflow_nb.notebook.progress.logtail import LINES, LogTail

INTERVAL = 0.01


class Server:
    """A log that the test writes, and what was asked of it."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.asked: list[int] = []
        self.trouble: Exception | None = None
        self.changes = threading.Semaphore(0)

    async def fetch(self, start: int) -> list[LogEntry]:
        """Give the lines from a number on."""
        self.asked.append(start)
        if self.trouble:
            raise self.trouble
        return [LogEntry(ts="2026-01-01 10:11:12,000", log=line) for line in self.lines[start:]]


@pytest.fixture
def server() -> Server:
    """A log without a line."""
    return Server()


@pytest.fixture
def tail(server: Server) -> Iterator[LogTail]:
    """The end of that log, on a background thread of its own."""
    home = Background()
    yield LogTail(server.fetch, server.changes.release, interval=INTERVAL, home=home)
    home.stop()


def next_change(server: Server) -> None:
    """Wait until there is something new to show."""
    assert server.changes.acquire(timeout=20)


def test_nothing_is_asked_while_nobody_looks(tail: LogTail, server: Server) -> None:
    """A closed log costs no request, and its end one."""
    server.lines = ["a"]
    tail.end()
    next_change(server)
    tail.end()
    assert server.asked == [0]
    assert "<summary>Log</summary>" in tail.details


def test_an_open_log_goes_on_from_where_it_was(
    tail: LogTail, server: Server, until: Callable[..., Any]
) -> None:
    """Lines that were read are not read again, and none is shown twice."""
    server.lines = ["a", "b"]
    tail.open()
    next_change(server)
    server.lines += ["<c>"]
    next_change(server)
    assert "10:11:12  a<br>10:11:12  b<br>10:11:12  &lt;c&gt;" in tail.html
    until(lambda: server.asked[-1] == 3)
    tail.close()
    assert set(server.asked) == {0, 2, 3}


def test_only_the_last_lines_are_kept(tail: LogTail, server: Server) -> None:
    """A long log is told by its number of lines; nothing grows without end."""
    server.lines = [f"line {number}" for number in range(10 * LINES)]
    tail.end()
    next_change(server)
    assert f"Log, last {LINES} of {10 * LINES} lines" in tail.details
    assert f"line {9 * LINES}<" in tail.details
    assert f"line {9 * LINES - 1}<" not in tail.details


def test_a_job_without_a_log_leaves_no_empty_title(
    tail: LogTail, server: Server, until: Callable[..., Any]
) -> None:
    """There is nothing to open where nothing was written."""
    tail.end()
    until(lambda: server.asked)
    assert tail.details == ""
    assert "no line yet" in tail.html


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ConnectionFailed("no <server>"), "no &lt;server&gt;"),
        (KeyError("bug"), "The log cannot be read: &#x27;bug&#x27;"),
    ],
)
def test_trouble_stands_where_the_log_would(
    tail: LogTail, server: Server, error: Exception, sentence: str
) -> None:
    """Why there is no log is told, and it is asked again while somebody looks."""
    server.trouble = error
    tail.open()
    next_change(server)
    assert sentence in tail.html
    server.trouble = None
    server.lines = ["a"]
    next_change(server)
    assert sentence not in tail.html
    assert "10:11:12  a" in tail.html
