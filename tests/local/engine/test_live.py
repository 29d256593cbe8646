"""How much of the executor the units of a job are reckoned to take."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path

import pytest

from ibflow_nb.local.engine.live import LiveJob, LiveJobs
from ibflow_nb.local.engine.model import Plan, PlannedStep, Unit, UnitKind, UnitState
from ibflow_nb.local.engine.tasks import Places
from ibflow_nb.local.steps.base import Outcome


def unit(job_id: str) -> Unit:
    """Give a unit of a job's first step."""
    return Unit(
        id=1,
        job_id=job_id,
        step=0,
        file=0,
        kind=UnitKind.FILE,
        first=None,
        last=None,
        state=UnitState.READY,
        deaths=0,
        output="",
        attempts=0,
        started=None,
        finished=None,
    )


@pytest.fixture
def jobs() -> LiveJobs:
    """Give two jobs, each with the one step ``read``."""
    made = LiveJobs()
    step = PlannedStep(name="read", kwargs={}, modules={}, scope="file", folder="s1_read")
    for job_id in ("a", "b"):
        made.add(job_id, LiveJob(Plan(steps=[step]), Places("in", Path("in"), Path("out"))))
    return made


def test_a_unit_takes_a_slot_until_its_step_was_brief(jobs: LiveJobs) -> None:
    """Several brief units fit into a slot; a long one ends that."""
    jobs["a"].turn = 1
    assert jobs.share(unit("a")) == 1
    jobs.note(unit("a"), 0.001)
    assert jobs.share(unit("a")) == 1 / 8
    jobs.note(unit("a"), 2.0)
    assert jobs.share(unit("a")) == 1


def test_only_the_first_unit_of_a_job_is_guessed_by_other_jobs(jobs: LiveJobs) -> None:
    """A folder of scans behind one of texts is found out by one unit, not by sixteen."""
    jobs.note(unit("a"), 0.001)
    assert jobs.share(unit("b")) == 1 / 8
    jobs["b"].turn = 1
    assert jobs.share(unit("b")) == 1


def test_what_is_taken_is_given_back_once(jobs: LiveJobs) -> None:
    """A unit whose end is stored takes nothing any more."""
    future: Future[Outcome] = Future()
    jobs.begin(future, unit("a"), 0.5)
    assert (jobs.load, jobs["a"].load, jobs.taken(future), jobs.running) == (0.5, 0.5, 0.5, 1)
    jobs.forget(future)
    jobs.forget(future)
    assert (jobs.load, jobs["a"].load, jobs.taken(future), jobs.running) == (0, 0, 0, 0)
    assert jobs.unit(future) is None
