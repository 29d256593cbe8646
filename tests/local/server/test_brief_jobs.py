"""Jobs that the server does by itself."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.api.jobs import JobResult
from ibflow_nb.local.engine.store import Store, StoreUnavailable
from ibflow_nb.local.server import brief_jobs
from ibflow_nb.local.server.brief_jobs import BriefJobs


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A platform's store."""
    store = Store(tmp_path / "jobs.sqlite3")
    yield store
    store.close()


@pytest.fixture
def jobs(store: Store) -> Iterator[BriefJobs]:
    """The jobs of a platform."""
    jobs = BriefJobs(store)
    yield jobs
    jobs.close()


def ended(jobs: BriefJobs, job_id: str) -> Any:
    """Wait for a job's end; give its status and the content of cur_status."""
    deadline = time.monotonic() + 10
    while jobs.busy:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    status = jobs.status(job_id)
    assert status is not None
    return status, json.loads(status.cur_status)


def test_what_is_done_has_a_job_that_is_done(jobs: BriefJobs) -> None:
    """State DONE with one OK result."""
    status, current = ended(jobs, jobs.add())
    assert (status.state, status.results[0].status) == ("DONE", "OK")
    assert (current["status"], current["curProgress"]) == ("COMPLETE", 1.0)
    assert (current["total"], current["index"]) == (1, 1)


def test_work_in_a_thread_is_pending_until_its_end(jobs: BriefJobs) -> None:
    """Its result stands in ``results``; the platform counts as busy meanwhile."""
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


def test_work_that_fails_tells_why(jobs: BriefJobs) -> None:
    """State DONE, FAILED in cur_status, and the sentence in ``results`` and ``msg``."""

    def work() -> JobResult:
        raise InvalidRequest("It cannot be done.")

    status, current = ended(jobs, jobs.start(work))
    assert (status.state, current["status"]) == ("DONE", "FAILED")
    assert (status.results[0].status, status.results[0].msg) == ("ERROR", "It cannot be done.")
    assert status.msg == "It cannot be done."


def test_an_unknown_job_is_none_of_these(jobs: BriefJobs) -> None:
    """So that the engine is asked next."""
    assert jobs.status("other") is None
    assert jobs.status("brief-0") is None


def test_only_the_last_jobs_are_kept(jobs: BriefJobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their number is bounded; the oldest is forgotten first."""
    monkeypatch.setattr(brief_jobs, "KEPT", 5)
    ids = [jobs.add() for _ in range(8)]
    assert [job_id for job_id in ids if jobs.status(job_id)] == ids[-5:]


def test_states_outlive_the_platform(store: Store, jobs: BriefJobs) -> None:
    """After a restart a job that had ended is told as before."""
    job_id = jobs.start(lambda: JobResult(binary_path="a/b.ibflowbin"))
    before, _ = ended(jobs, job_id)
    assert BriefJobs(store).status(job_id) == before


def test_a_job_that_was_interrupted_says_what_to_do(store: Store, jobs: BriefJobs) -> None:
    """A platform that died during a job does not leave it pending for ever."""
    gate = threading.Event()

    def work() -> JobResult:
        gate.wait(10)
        return JobResult()

    job_id = jobs.start(work)
    status, current = ended(BriefJobs(store), job_id)
    gate.set()
    assert (status.state, current["status"]) == ("DONE", "FAILED")
    assert status.msg.startswith("The platform was stopped during this job; ask for it again")


def test_closing_finishes_what_has_begun(store: Store) -> None:
    """What still waits for a thread counts as interrupted."""
    jobs = BriefJobs(store)
    begun, gate = threading.Barrier(3), threading.Event()

    def work() -> JobResult:
        begun.wait(10)
        gate.wait(10)
        return JobResult()

    ids = [jobs.start(work) for _ in range(2)]
    begun.wait(10)
    ids.append(jobs.start(JobResult))
    threading.Timer(0.05, gate.set).start()
    jobs.close()
    again = BriefJobs(store)
    assert [ended(again, job_id)[1]["status"] for job_id in ids] == ["COMPLETE"] * 2 + ["FAILED"]


def fill(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a store take no more."""

    def full() -> None:
        raise StoreUnavailable("The job store cannot be written: free some space.")

    monkeypatch.setattr(store, "transaction", full)


def test_on_a_full_disk_what_was_done_is_told_and_nothing_is_begun(
    store: Store, jobs: BriefJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deleting files to make room is answered as done; work in a thread is refused."""
    fill(store, monkeypatch)
    _, current = ended(jobs, jobs.add())
    assert current["status"] == "COMPLETE"
    begun: list[bool] = []
    with pytest.raises(StoreUnavailable):
        jobs.start(lambda: begun.append(True) or JobResult())  # type: ignore[func-returns-value]
    jobs.close()
    assert begun == []


def test_on_a_full_disk_the_last_results_are_remembered(
    store: Store, jobs: BriefJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is bounded as the store is: the oldest make room."""
    fill(store, monkeypatch)
    monkeypatch.setattr(brief_jobs, "KEPT", 2)
    oldest, *kept = [jobs.add() for _ in range(3)]
    assert jobs.status(oldest) is None
    assert all(jobs.status(job_id) is not None for job_id in kept)
