"""Functions that are called when a job has ended."""

from __future__ import annotations

import random
import threading
from typing import Any

import pytest

from ibflow_nb.jobs import Job, Snapshot
from ibflow_nb.jobs.background import background
from ibflow_nb.jobs.poller import Poller
from ibflow_nb.jobs.schedule import Pace


class Rig:
    """A job that ends when the test says so, and what its hooks did."""

    def __init__(self, scripted: Any, replies: Any) -> None:
        self.end = threading.Event()
        self.called: list[Any] = []
        self.last = threading.Event()
        self.replies = replies
        service = scripted(self._answer, pace=Pace(0.02, 0.02, 0.01))
        self.job = Job("job-1", service, poller=Poller(rng=random.Random(1)))

    def _answer(self, _job: str, _number: int) -> Any:
        return self.replies["ended"]() if self.end.is_set() else self.replies["running"](0.5)

    def note(self, job: Job) -> None:
        """Note a call, and on which thread it came."""
        self.called.append((job.id, job.done, threading.current_thread().name))

    def finish(self) -> None:
        """End the job and wait until all hooks were called."""
        self.job.on_done(lambda _: self.last.set())
        self.end.set()
        assert self.last.wait(60)


@pytest.fixture
def rig(scripted: Any, replies: Any) -> Any:
    """A job that runs."""
    yield Rig(scripted, replies)
    background.stop()


def test_a_hook_is_called_once_with_the_ended_job(rig: Rig) -> None:
    """It hears of the end on a thread of its own, and of nothing before or after."""
    rig.job.on_done(rig.note)
    assert rig.called == []
    rig.finish()
    assert rig.called == [("job-1", True, "ibflow-hooks")]


def test_a_hook_of_an_ended_job_is_called_at_once(rig: Rig) -> None:
    """Nobody has to know whether the job has ended before asking to be told."""
    rig.finish()
    rig.last.clear()
    rig.job.on_done(lambda _: rig.last.set())
    assert rig.last.wait(60)


def test_hooks_are_called_in_order_and_may_block(rig: Rig) -> None:
    """Each waits for the one before it; reading records in one blocks nobody else."""
    for number in range(5):
        rig.job.on_done(lambda job, number=number: rig.called.append((number, len(job.records()))))
    rig.finish()
    assert rig.called == [(number, 0) for number in range(5)]


def test_it_is_a_decorator(rig: Rig) -> None:
    """The function keeps its name."""

    @rig.job.on_done
    def tell(job: Job) -> None:
        rig.called.append(job.id)

    rig.finish()
    assert rig.called == ["job-1"]
    assert tell.__name__ == "tell"


def test_a_hook_that_fails_is_told_and_stops_nothing(rig: Rig) -> None:
    """Its error is a note of the job; later hooks are called, and the poller lives."""

    def save(_: Job) -> None:
        raise ValueError("no such folder")

    seen: list[Snapshot] = []
    rig.job.subscribe(seen.append)
    rig.job.on_done(save)
    rig.job.on_done(rig.note)
    rig.finish()
    assert seen[-1].note == "on_done: save raised ValueError: no such folder."
    assert seen[-1].done
    assert len(rig.called) == 1


def test_a_job_that_runs_again_calls_no_hook_twice(rig: Rig) -> None:
    """A hook given while the second run goes on waits for its end; the first is not repeated."""
    rig.job.on_done(rig.note)
    rig.finish()
    rig.end.clear()
    rig.last.clear()
    rig.job.retry()
    rig.finish()
    rig.job.wait(60)
    assert len(rig.called) == 1
