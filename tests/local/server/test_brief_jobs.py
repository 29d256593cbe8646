"""Jobs that the server does by itself."""

from __future__ import annotations

import json
import threading
from concurrent.futures import Future
from typing import Any

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.api.jobs import JobResult
from ibflow_nb.local.server.brief_jobs import BriefJobs


def ended(jobs: BriefJobs, job_id: str) -> Any:
    """Wait for a job's end; give its status and the content of cur_status."""
    jobs._jobs[job_id].exception(10)
    status = jobs.status(job_id)
    assert status is not None
    return status, json.loads(status.cur_status)


def test_what_is_done_has_a_job_that_is_done() -> None:
    """State DONE with one OK result."""
    jobs = BriefJobs()
    status, current = ended(jobs, jobs.add())
    assert (status.state, status.results[0].status) == ("DONE", "OK")
    assert (current["status"], current["curProgress"]) == ("COMPLETE", 1.0)
    assert (current["total"], current["index"]) == (1, 1)


def test_work_in_a_thread_is_pending_until_its_end() -> None:
    """Its result stands in ``results``; the platform counts as busy meanwhile."""
    jobs = BriefJobs()
    gate = threading.Event()

    def work() -> JobResult:
        gate.wait(10)
        return JobResult(solution_path="a/b.ibsolution")

    job_id = jobs.start(work)
    pending = jobs.status(job_id)
    assert pending is not None
    assert (pending.state, pending.results, jobs.busy) == ("PENDING", None, True)
    gate.set()
    status, _ = ended(jobs, job_id)
    assert (status.state, jobs.busy) == ("DONE", False)
    assert status.results[0].solution_path == "a/b.ibsolution"


def test_work_that_fails_tells_why() -> None:
    """State DONE, FAILED in cur_status, and the sentence in ``results`` and ``msg``."""
    jobs = BriefJobs()

    def work() -> JobResult:
        raise InvalidRequest("It cannot be done.")

    status, current = ended(jobs, jobs.start(work))
    assert (status.state, current["status"]) == ("DONE", "FAILED")
    assert (status.results[0].status, status.results[0].msg) == ("ERROR", "It cannot be done.")
    assert status.msg == "It cannot be done."


def test_an_unknown_job_is_none_of_these() -> None:
    """So that the engine is asked next."""
    assert BriefJobs().status("other") is None


def test_only_the_last_jobs_are_remembered() -> None:
    """Their number is bounded; the oldest is forgotten first."""
    jobs = BriefJobs()
    first = jobs.add()
    done: Future[JobResult] = jobs._jobs[first]
    for _ in range(10_000):
        jobs._keep(done)
    assert jobs.status(first) is None
    assert len(jobs._jobs) == 10_000
