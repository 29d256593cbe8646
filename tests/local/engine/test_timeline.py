"""When the units of a job ran."""

from __future__ import annotations

import time
from typing import Any

import pytest

from ibflow_nb.api.errors import NotFound
from ibflow_nb.api.timeline import TimelineQuery, TimelineReply, TimelineUnit


def timeline(platform: Any, job_id: str, **query: Any) -> TimelineReply:
    """Ask for a job's timeline."""
    reply: TimelineReply = platform.engine.timeline(TimelineQuery(job_id=job_id, **query))
    return reply


def seconds(unit: TimelineUnit) -> float:
    """Give how long a unit took."""
    assert unit.started is not None
    assert unit.finished is not None
    return unit.finished - unit.started


def test_each_step_of_each_file_has_its_times(platform: Any) -> None:
    """Steps follow each other; a slow one takes its time; all lies within the job."""
    platform.flow("read", {"name": "extract", "seconds": 0.2}, "merge")
    platform.files(a="x", b="y")
    begin = time.time()
    reply = timeline(platform, platform.run())
    assert [step.name for step in reply.steps] == ["read", "extract", "merge"]
    assert reply.steps[1].folder == "s2_extract"
    by_step: list[list[TimelineUnit]] = [[], [], []]
    for unit in reply.units:
        by_step[unit.step].append(unit)
    assert [sorted(unit.file_name for unit in units) for units in by_step] == [
        ["a.txt", "b.txt"], ["a.txt", "b.txt"], [""],
    ]  # fmt: skip
    assert all(unit.state == "DONE" and unit.attempts == 1 for unit in reply.units)
    assert all(seconds(unit) >= 0.2 for unit in by_step[1])
    assert begin <= min(unit.started or 0 for unit in by_step[0])
    ends = [unit.finished or 0 for unit in by_step[1]]
    assert max(ends) <= (by_step[2][0].started or 0) <= (by_step[2][0].finished or 0) <= reply.now


def test_parts_of_a_long_file_are_told_apart(platform: Any) -> None:
    """The file is split, each page has its times, then they are joined."""
    platform.flow("read")
    platform.files(a="one\ftwo\fthree")
    units = timeline(platform, platform.run()).units
    told = [(unit.first_page, unit.last_page, unit.state) for unit in units]
    assert told == [
        (None, None, "SPLIT"), (0, 0, "DONE"), (1, 1, "DONE"), (2, 2, "DONE"),
        (None, None, "DONE"),
    ]  # fmt: skip


def test_a_unit_that_runs_has_begun_and_not_ended(platform: Any, until: Any) -> None:
    """What waits for a worker has no times at all."""
    platform.flow("read")
    platform.files(a="HANG", b="x")
    job_id = platform.submit()
    until(lambda: timeline(platform, job_id).units[0].state == "RUNNING")
    running, waiting = timeline(platform, job_id).units
    assert (running.started is None, running.finished) == (False, None)
    assert (waiting.state, waiting.started, waiting.attempts) == ("READY", None, 0)
    platform.engine.cancel(job_id)


def test_attempts_are_counted_also_over_a_retry(platform: Any) -> None:
    """A file that failed and is run again keeps count."""
    platform.flow("read")
    platform.files(a="UNREADABLE", b="x")
    job_id = platform.run()
    failed = timeline(platform, job_id).units[0]
    assert (failed.state, failed.attempts) == ("FAILED", 1)
    platform.files(a="fine now")
    platform.engine.retry(job_id)
    assert platform.engine.wait(job_id, 60)
    again = timeline(platform, job_id).units[0]
    assert (again.state, again.attempts) == ("DONE", 2)
    assert (again.started or 0) > (failed.finished or 0)


def test_it_is_read_in_pages(platform: Any) -> None:
    """The pages together are the whole; the last one says that it is."""
    platform.files(a="x", b="y", c="z")
    job_id = platform.run()
    pages = [timeline(platform, job_id, offset=offset, limit=4) for offset in (0, 4)]
    assert [len(page.units) for page in pages] == [4, 2]
    assert [page.has_more for page in pages] == [True, False]
    assert pages[0].units + pages[1].units == timeline(platform, job_id).units


def test_an_unknown_job_is_told(platform: Any) -> None:
    """There is no timeline without a job."""
    with pytest.raises(NotFound, match="no job 'x'"):
        timeline(platform, "x")
