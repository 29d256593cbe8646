"""A fault of the platform's own ends the job it concerns and no other."""

from __future__ import annotations

from typing import Any

import pytest

from ibflow_nb.api.jobs import JobState
from ibflow_nb.local.engine import dispatcher


def fails_once(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let a function of the dispatcher raise at its first call."""
    real = getattr(dispatcher, name)
    calls: list[int] = []

    def faulty(*args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("a fault")
        return real(*args, **kwargs)

    monkeypatch.setattr(dispatcher, name, faulty)


@pytest.mark.parametrize("name", ["build_task", "write_batch_results", "time_limit"])
def test_a_fault_fails_one_job_and_the_next_one_runs(
    platform: Any, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The job concerned says what happened; the platform goes on."""
    platform.files(a="1")
    platform.flow("read")
    fails_once(monkeypatch, name)
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
    assert platform.engine.wait(job_id, 30)
    assert platform.status(job_id).status == JobState.COMPLETE


def test_a_fault_after_a_round_was_stored_stops_nothing(
    platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Units whose end is stored are not touched: the job completes and the next one runs."""
    platform.files(a="1")
    platform.flow("read")
    real = dispatcher.Dispatcher._end_jobs
    ended: list[int] = []

    def faulty(self: Any) -> None:
        if not ended and any(ending for _, ending in self._ledger.live().values()):
            ended.append(1)
            raise RuntimeError("a fault")
        real(self)

    monkeypatch.setattr(dispatcher.Dispatcher, "_end_jobs", faulty)
    assert platform.status(platform.run()).status == JobState.COMPLETE
    assert ended
    assert platform.status(platform.run()).status == JobState.COMPLETE
