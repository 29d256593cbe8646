"""A fault of the platform's own ends the job it concerns and no other."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from typing import Any

import pytest

from ibflow_nb.api.errors import ConfigError
from ibflow_nb.api.jobs import JobState
from ibflow_nb.local.engine import finishing, recording, routing, scheduling
from ibflow_nb.local.engine.deliveries import Deliveries
from ibflow_nb.local.engine.ledger import Ledger
from ibflow_nb.local.engine.pool import LocalPool
from ibflow_nb.local.engine.store import StoreUnavailable


def fails_once(
    monkeypatch: pytest.MonkeyPatch,
    owner: object,
    name: str,
    when: Callable[..., bool] = lambda *_, **__: True,
) -> list[str]:
    """Let a function raise at its first call of which a condition holds; the list tells of it."""
    real = getattr(owner, name)
    failed: list[str] = []

    def faulty(*args: Any, **kwargs: Any) -> Any:
        if not failed and when(*args, **kwargs):
            failed.append(name)
            raise RuntimeError("a fault")
        return real(*args, **kwargs)

    monkeypatch.setattr(owner, name, faulty)
    return failed


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
    fails_once(monkeypatch, recording.Recorder, "_store_end")
    job_id = platform.run()
    assert platform.status(job_id).status == JobState.FAILED
    platform.engine.retry(job_id)
    assert platform.engine.wait(job_id, 60)
    assert platform.status(job_id).status == JobState.COMPLETE


def test_a_run_whose_beginning_is_lost_with_a_round_fails(
    platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not stay in the store as running for ever, and a retry runs it."""
    platform.files(a="1")
    platform.flow("read")

    def begins(self: Any, now: Any, _: float) -> bool:
        unprepared = any(not self._ledger.job(job_id).prepared for job_id in self._ledger.live())
        return bool(now.commands) and unprepared

    lost = fails_once(monkeypatch, recording.Recorder, "store", begins)
    job_id = platform.run(save_binary_to_output=True)
    assert lost
    assert platform.status(job_id).status == JobState.FAILED
    assert "The platform failed at this job (RuntimeError: a fault)" in platform.log(job_id)
    platform.engine.retry(job_id)
    assert platform.engine.wait(job_id, 60)
    assert platform.status(job_id).status == JobState.COMPLETE


def test_a_run_that_the_store_refuses_for_what_it_is_harms_no_other(
    platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its sender gets the reason; what else was to be stored in that round is stored."""
    platform.files(a="1")
    platform.flow("read")
    real = Ledger.add_job

    def add(self: Any, job: Any, *arguments: Any) -> None:
        real(self, job, *arguments)
        if job.output_folder.endswith("huge"):
            raise sqlite3.DataError("string or blob too big")

    monkeypatch.setattr(Ledger, "add_job", add)
    job_id = platform.submit()
    with pytest.raises(sqlite3.DataError):
        platform.submit(output_dir=platform.drive.path_of(platform.project / "huge"))
    assert platform.engine.wait(job_id, 60)
    assert platform.status(job_id).status == JobState.COMPLETE
    assert len(platform.engine._ledger.live()) == 0


def test_a_dispatcher_that_cannot_go_on_says_so(
    platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who submits or cancels gets a sentence in place of waiting for ever."""
    platform.files(a="1")
    platform.flow("read")

    def broken(*_: Any) -> Any:
        raise sqlite3.DatabaseError("database disk image is malformed")

    monkeypatch.setattr(recording.Recorder, "store", broken)
    monkeypatch.setattr(recording.Recorder, "drop", broken)
    with pytest.raises(sqlite3.DatabaseError):
        platform.submit()
    with pytest.raises(ConfigError, match=r"cannot go on \(database disk image is malformed\)"):
        platform.submit()


def test_a_fault_after_a_round_was_stored_stops_nothing(
    platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Units whose end is stored are not touched: the job completes and the next one runs."""
    platform.files(a="1")
    platform.flow("read")

    def ends(self: Any, _: Any) -> bool:
        return any(ending for _, ending in self._ledger.live().values())

    ended = fails_once(monkeypatch, finishing.Finisher, "end_jobs", ends)
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
    real = recording.Recorder.store
    refused: list[int] = []

    def stored(self: Any, *arguments: Any) -> Any:
        with self._ledger.transaction():
            answers, starts = real(self, *arguments)
            if starts and not refused:
                refused.append(1)
                raise StoreUnavailable("The disk is full.")
            return answers, starts

    monkeypatch.setattr(recording.Recorder, "store", stored)
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
