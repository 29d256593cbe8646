"""A fault of the platform's own ends the job it concerns and no other."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from ibflow_nb.api.jobs import JobState
from ibflow_nb.local.engine import dispatcher, finishing, routing, scheduling
from ibflow_nb.local.engine.deliveries import Deliveries
from ibflow_nb.local.engine.pool import LocalPool
from ibflow_nb.local.engine.store import StoreUnavailable


def fails_once(monkeypatch: pytest.MonkeyPatch, owner: object, name: str) -> None:
    """Let a function raise at its first call."""
    real = getattr(owner, name)
    calls: list[int] = []

    def faulty(*args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("a fault")
        return real(*args, **kwargs)

    monkeypatch.setattr(owner, name, faulty)


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (scheduling, "build_task"),
        (scheduling, "time_limit"),
        (finishing, "write_batch_results"),
    ],
)
def test_a_fault_fails_one_job_and_the_next_one_runs(
    platform: Any, monkeypatch: pytest.MonkeyPatch, owner: object, name: str
) -> None:
    """The job concerned says what happened; the platform goes on."""
    platform.files(a="1")
    platform.flow("read")
    fails_once(monkeypatch, owner, name)
    failed, done = platform.run(), platform.run()
    assert platform.status(failed).status == JobState.FAILED
    assert "a fault" in platform.engine.status(failed).results[0].msg
    assert platform.status(done).status == JobState.COMPLETE


def test_a_fault_in_storing_a_round_ends_its_jobs(
    platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When it is not known how a unit ended, its job fails and can be retried."""
    platform.files(a="1")
    platform.flow("read")
    real = dispatcher.Dispatcher._store_end
    calls: list[int] = []

    def faulty(self: Any, future: Any) -> None:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("a fault")
        real(self, future)

    monkeypatch.setattr(dispatcher.Dispatcher, "_store_end", faulty)
    job_id = platform.run()
    assert platform.status(job_id).status == JobState.FAILED
    platform.engine.retry(job_id)
    assert platform.engine.wait(job_id, 60)
    assert platform.status(job_id).status == JobState.COMPLETE


def test_a_fault_after_a_round_was_stored_stops_nothing(
    platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Units whose end is stored are not touched: the job completes and the next one runs."""
    platform.files(a="1")
    platform.flow("read")
    real = finishing.Finisher.end_jobs
    ended: list[int] = []

    def faulty(self: Any, tell: Any) -> Any:
        if not ended and any(ending for _, ending in self._ledger.live().values()):
            ended.append(1)
            raise RuntimeError("a fault")
        return real(self, tell)

    monkeypatch.setattr(finishing.Finisher, "end_jobs", faulty)
    assert platform.status(platform.run()).status == JobState.COMPLETE
    assert ended
    assert platform.status(platform.run()).status == JobState.COMPLETE


def test_an_end_that_cannot_be_stored_is_stored_later(
    platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The results are written once more, and the job ends as it should."""
    platform.files(a="1")
    platform.flow("read")
    fails_once(monkeypatch, finishing.Finisher, "store_end")
    assert platform.status(platform.run()).status == JobState.COMPLETE


def test_results_that_take_long_to_write_hold_up_no_other_job(
    platform: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another job runs and ends meanwhile."""
    platform.files(a="1")
    platform.flow("read")
    real = finishing.write_batch_results
    gate = threading.Event()
    began: list[str] = []

    def write(ledger: Any, drive: Any, job: Any, live: Any) -> None:
        began.append(job.id)
        if job.id == began[0]:
            assert gate.wait(20)
        real(ledger, drive, job, live)

    monkeypatch.setattr(finishing, "write_batch_results", write)
    jobs = {platform.submit(output_has_run_id=True) for _ in range(2)}
    until(lambda: len(began) == 2, seconds=20)
    (other,) = jobs - {began[0]}
    assert platform.engine.wait(other, 20)
    assert platform.status(began[0]).status == JobState.RUNNING
    gate.set()
    assert platform.engine.wait(began[0], 20)
    assert platform.status(began[0]).status == JobState.COMPLETE


def test_a_unit_that_the_executor_refuses_is_tried_again(
    platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is handed over once more, and the log says why it had to be."""
    platform.files(a="1")
    platform.flow("read")
    fails_once(monkeypatch, LocalPool, "submit")
    job_id = platform.run()
    assert platform.status(job_id).status == JobState.COMPLETE
    assert "cannot be handed to a worker (a fault); it is tried again" in platform.log(job_id)


def test_a_unit_that_the_executor_always_refuses_fails_its_file(
    platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the attempts of the settings the file fails with the executor's reason."""
    platform.files(a="1")
    platform.flow("read")

    def refuse(*_: Any) -> Any:
        raise RuntimeError("no threads left")

    monkeypatch.setattr(LocalPool, "submit", refuse)
    (record,) = platform.records(platform.run())
    assert record.error_msg == (
        "read on a.txt failed: it cannot be handed to a worker (no threads left), 3 times in a row."
    )


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (scheduling, "build_task"),
        (routing.Router, "_advance"),
        (routing.Router, "_move"),
        (routing.Router, "_barrier_is_reached"),
    ],
)
def test_a_job_that_failed_by_a_fault_can_be_retried(
    platform: Any, monkeypatch: pytest.MonkeyPatch, owner: object, name: str
) -> None:
    """Half of a change is undone, so that the unit concerned runs again, once."""
    platform.flow("read", "merge")
    platform.files(a="1", b="2")
    fails_once(monkeypatch, owner, name)
    job_id = platform.run()
    assert platform.status(job_id).status == JobState.FAILED
    platform.engine.retry(job_id)
    assert platform.engine.wait(job_id, 60)
    assert platform.status(job_id).status == JobState.COMPLETE
    assert [record.status for record in platform.records(job_id)] == ["OK", "OK"]


def test_a_round_that_is_stored_late_notes_the_start_of_its_jobs(
    platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start that the store refused at first is stored with the round that it takes."""
    platform.flow("read")
    platform.files(a="1")
    real = dispatcher.Dispatcher._stored
    refused: list[int] = []

    def stored(self: Any, events: Any) -> Any:
        with self._ledger.transaction():
            answers, starts = real(self, events)
            if starts and not refused:
                refused.append(1)
                raise StoreUnavailable("The disk is full.")
            return answers, starts

    monkeypatch.setattr(dispatcher.Dispatcher, "_stored", stored)
    job_id = platform.run()
    assert refused
    assert platform.engine._ledger.job(job_id).started is not None


def test_a_job_whose_end_cannot_be_announced_ends(
    platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its log says so; neither it nor another job is held up."""
    platform.flow("read")
    platform.files(a="1")
    fails_once(monkeypatch, Deliveries, "announce")
    job_id = platform.run()
    assert platform.status(job_id).status == JobState.COMPLETE
    assert "Its end cannot be announced (RuntimeError)." in platform.log(job_id)
