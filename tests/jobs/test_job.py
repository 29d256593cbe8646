"""The job handle."""

from __future__ import annotations

import _thread
import asyncio
import itertools
import random
import re
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from ibflow_nb.api.errors import (
    ApiError,
    ConnectionFailed,
    Interrupted,
    JobError,
    JobFailed,
    JobTimeout,
    NoResults,
)
from ibflow_nb.api.jobs import JobState
from ibflow_nb.api.results import ResultRecord
from ibflow_nb.frames import Records
from ibflow_nb.jobs import Job, Snapshot
from ibflow_nb.jobs.background import background
from ibflow_nb.jobs.poller import Poller
from ibflow_nb.jobs.schedule import REMOTE, Pace
from ibflow_nb.jobs.silence import PATIENCE, ServerSilent
from ibflow_nb.jobs.waiting import interrupt_policy


@pytest.fixture
def make(scripted: Any) -> Any:
    """Give a maker of jobs: from a function of the question's number."""

    def job(answer: Any, **options: Any) -> Job:
        pace = options.pop("pace", Pace(0.02, 0.02, 0.01))
        service = scripted(lambda _job, number: answer(number), pace=pace)
        options.setdefault("poller", Poller(rng=random.Random(1)))
        job = Job("job-1", service, **options)
        job.service = service  # type: ignore[attr-defined]
        return job

    yield job
    background.stop()


def test_wait_gives_the_job_whatever_its_end(make: Any, replies: Any) -> None:
    """A failed job is waited for like any other."""
    job = make(lambda number: replies["running"](0.5) if number < 3 else replies["ended"]("FAILED"))
    assert job.wait(60) is job
    assert job.state is JobState.FAILED
    assert job.done


def test_a_silent_server_is_told_once_to_those_who_wait(
    make: Any, replies: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wait without a limit goes on, and a warning says since when and how to end it."""
    monkeypatch.setattr("ibflow_nb.jobs.silence.PATIENCE", 0.1)
    later: list[int] = []

    def answer(number: int) -> Any:
        later.extend([number] * len(told))
        over = len(later) > 3 or number > 5000
        return replies["ended"]() if over else ConnectionFailed("no server answers.")

    with pytest.warns(ServerSilent) as told:
        make(answer).wait()
    (warning,) = told
    assert re.fullmatch(
        r"Waiting for job job-1, but the server has not answered since \d\d:\d\d:\d\d "
        r"\(Trying again: no server answers\); interrupt to wait no longer, or give a timeout\.",
        str(warning.message),
    )
    assert Path(warning.filename).name == "silence.py"


def test_a_warning_that_is_an_error_is_told_once_too(
    make: Any, replies: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Under ``-W error`` the log has it once, however often the silent server is asked again."""
    monkeypatch.setattr("ibflow_nb.jobs.silence.PATIENCE", 0.1)
    silences: list[str] = []

    def answer(_number: int) -> Any:
        over = len(set(silences)) > 3
        return replies["ended"]() if over else ConnectionFailed(f"no answer {next(numbers)}.")

    numbers = itertools.count()
    job = make(answer)
    job.subscribe(lambda seen: silences.append(seen.note) if seen.silent_since else None)
    job.wait()
    (logged,) = caplog.records
    assert logged.exc_info is not None
    assert logged.exc_info[0] is ServerSilent


def test_wait_times_out_and_the_job_goes_on(make: Any, replies: Any) -> None:
    """The error is a TimeoutError that names the job; waiting again works."""
    done = threading.Event()
    job = make(lambda _n: replies["ended"]() if done.is_set() else replies["running"](0.25))
    with pytest.raises(TimeoutError, match=r"Job job-1 has not ended within 0.1 s"):
        job.wait(timeout=0.1)
    with pytest.raises(JobTimeout):
        job.result(timeout=0.05)
    assert not job.done
    done.set()
    assert job.wait(60).state is JobState.COMPLETE


@pytest.mark.parametrize("method", ["wait", "result", "records", "to_frame"])
def test_an_interrupted_wait_is_told_in_one_line(make: Any, replies: Any, method: str) -> None:
    """A notebook shows that the job goes on and how to stop it, without a stack."""
    asked = threading.Event()

    def answer(_number: int) -> Any:
        asked.set()
        return replies["running"](0.5)

    def interrupt() -> None:
        asked.wait(60)
        _thread.interrupt_main(signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(Interrupted) as caught:
        getattr(make(answer), method)()
    assert caught.value._render_traceback_() == [
        "Interrupted: job job-1 goes on; job.wait() waits for it again, job.cancel() stops it."
    ]


def test_result_gives_the_final_snapshot(make: Any, replies: Any) -> None:
    """A complete job's result is how it ended."""
    final = make(lambda _number: replies["ended"]()).result()
    assert final.state is JobState.COMPLETE
    assert final.output_folder == "a/b/fs/D/out"


@pytest.mark.parametrize(
    ("state", "advice"),
    [
        ("FAILED", "job.logs"),
        ("CANCELLED", "job.restart"),
        ("STOPPED_AT_CHECKPOINT", "job.resume"),
    ],
)
def test_result_raises_with_reason_and_next_step(
    make: Any, replies: Any, state: str, advice: str
) -> None:
    """The error says which job, how it ended, why, and what to do."""
    job = make(lambda _number: replies["ended"](state, "The flow is broken."))
    with pytest.raises(JobFailed) as caught:
        job.result()
    sentence = str(caught.value)
    assert caught.value.job_id == "job-1"
    assert sentence.startswith(f"Job job-1 ended as {state}: The flow is broken; ")
    assert advice in sentence
    assert caught.value._render_traceback_() == [f"JobFailed: {sentence}"]


def test_await_is_result(make: Any, replies: Any) -> None:
    """``await job`` gives the final snapshot, or raises like ``result``."""

    async def cell(job: Job) -> Snapshot:
        return await job

    good = make(lambda number: replies["running"](0.1) if number < 3 else replies["ended"]())
    assert asyncio.run(cell(good)).state is JobState.COMPLETE
    with pytest.raises(JobFailed):
        asyncio.run(cell(make(lambda _number: replies["ended"]("FAILED"))))


def test_cancelling_an_await_leaves_the_job_alone(make: Any, replies: Any) -> None:
    """An interrupt ends the waiting, never the job."""
    done = threading.Event()
    job = make(lambda _number: replies["ended"]() if done.is_set() else replies["running"](0.1))

    async def cell() -> None:
        async with asyncio.timeout(0.1):
            await job

    with pytest.raises(TimeoutError):
        asyncio.run(cell())
    assert job.service.controls == []
    done.set()
    assert job.wait(60).done


def test_a_cancelled_await_shows_one_line(make: Any, replies: Any) -> None:
    """What a notebook shows of an interrupted ``await`` says that the job goes on."""
    job = make(lambda _number: replies["running"](0.1))

    async def cell(awaited: Any) -> list[str]:
        task = asyncio.ensure_future(awaited)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        assert type(caught.value) is asyncio.CancelledError
        return caught.value._render_traceback_()  # type: ignore[attr-defined,no-any-return]

    line = "Interrupted: job job-1 goes on; job.wait() waits for it again, job.cancel() stops it."
    assert asyncio.run(cell(job)) == [line]
    assert asyncio.run(cell(job.records.aio())) == [line]


async def gathered(jobs: list[Job]) -> list[Snapshot]:
    """Await all."""
    return await asyncio.gather(*jobs)


async def waited(jobs: list[Job]) -> list[Snapshot]:
    """Await all as tasks."""
    tasks = [asyncio.ensure_future(job) for job in jobs]
    done, pending = await asyncio.wait(tasks, timeout=10)
    assert not pending
    return [task.result() for task in tasks if task in done]


async def as_they_come(jobs: list[Job]) -> list[Snapshot]:
    """Await one after the other, in the order of their ends."""
    return [await one for one in asyncio.as_completed(jobs)]


@pytest.mark.parametrize("together", [gathered, waited, as_they_come])
def test_many_jobs_are_awaited_together(make: Any, replies: Any, together: Any) -> None:
    """The functions of asyncio take jobs, while another thread waits for one of them."""
    jobs = [
        make(lambda number, n=n: replies["running"](0.1) if number < n else replies["ended"]())
        for n in range(4)
    ]
    blocking = background.submit(jobs[-1].wait.aio(10))
    ends = asyncio.run(together(jobs))
    assert {end.state for end in ends} == {JobState.COMPLETE}
    assert len(ends) == 4
    assert blocking.result(60) is jobs[-1]


def test_wait_for_leaves_the_job_running(make: Any, replies: Any) -> None:
    """A timeout of asyncio ends the waiting alone."""
    job = make(lambda _number: replies["running"](0.1))

    async def cell() -> None:
        await asyncio.wait_for(job, 0.1)

    with pytest.raises(TimeoutError):
        asyncio.run(cell())
    assert not job.done
    assert job.service.controls == []


def test_an_interrupt_cancels_the_job_where_that_is_set(make: Any, replies: Any) -> None:
    """The policy of the notebook holds for waits in a user's own code too."""
    job = make(lambda _number: replies["running"](0.5))
    job.subscribe(lambda _: _thread.interrupt_main(signal.SIGINT))
    interrupt_policy.set(lambda: True, lambda _: "")
    try:
        with pytest.raises(Interrupted, match=r"^job job-1 is being cancelled\.$"):
            job.wait()
    finally:
        interrupt_policy.reset()
    assert job.service.controls == [("cancel", "job-1")]


def test_refresh_asks_once(make: Any, replies: Any) -> None:
    """It tells how the job stands now, whatever the poller has heard."""
    job = make(lambda _number: replies["ended"](), snapshot=Snapshot(job_id="job-1"))
    assert job.refresh().state is JobState.COMPLETE
    unknown = make(lambda _number: {"status": "ERROR", "msg": "no such job"})
    with pytest.raises(JobError, match="no such job"):
        unknown.refresh()


def test_a_refresh_ends_a_silence(make: Any, replies: Any, clock: Any) -> None:
    """A server that answered it has not been silent since before, whatever the poller heard."""

    def answer(number: int) -> Any:
        if number == 10:
            refreshes.append(asyncio.ensure_future(job.refresh._function()))
        if number == 11:
            return replies["running"](0.5)
        return replies["ended"]() if number == 21 else ConnectionFailed("no server answers.")

    refreshes: list[asyncio.Future[Snapshot]] = []
    job = make(answer, pace=REMOTE, poller=Poller(clock, rng=random.Random(1)))
    job.service.clock = clock
    seen: list[Snapshot] = []
    job.subscribe(seen.append)
    job.wait(60)
    moments = [moment for _, moment in job.service.asked]
    assert moments[20] - moments[0] >= PATIENCE
    assert max(moments[10] - moments[0], moments[20] - moments[12]) < PATIENCE
    assert refreshes[0].result().progress == 0.5
    assert {one.silent_since for one in seen} == {None}


def test_an_unknown_job_is_told_to_who_waits(make: Any) -> None:
    """Waiting for a job that the server does not know ends with its sentence."""
    job = make(lambda _number: {"status": "ERROR", "msg": "no such job"})
    with pytest.raises(JobError, match="no such job"):
        job.wait(60)
    assert job.state is JobState.UNKNOWN
    with pytest.raises(JobFailed, match="no such job"):
        job.result()


def test_records_of_a_failed_job_are_read(make: Any, replies: Any) -> None:
    """What was read before the failure is not lost."""
    job = make(lambda _number: replies["ended"]("FAILED"))
    job.service.records = Records([ResultRecord(file_name="a.pdf")], job_id="job-1")
    assert [record.file_name for record in job.records()] == ["a.pdf"]
    assert list(job.to_frame()["file_name"]) == ["a.pdf"]


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED"])
def test_no_records_at_all_are_an_error(make: Any, replies: Any, state: str) -> None:
    """The error names the job and why there is nothing."""
    job = make(lambda _number: replies["ended"](state, "no input"))
    with pytest.raises(NoResults, match=rf"Job job-1 \({state}\) left no results: no input\."):
        job.records()


def test_a_complete_job_may_have_an_empty_result(make: Any, replies: Any) -> None:
    """A run that filtered everything away gives no records and no error."""
    assert len(make(lambda _number: replies["ended"]()).records()) == 0


def test_missing_results_are_no_results(make: Any, replies: Any) -> None:
    """A results file that is not there is told as NoResults, a broken server as it is."""
    job = make(lambda _number: replies["ended"]("FAILED"))

    async def missing(_folder: str, _job: str) -> Records:
        raise ApiError("flow_results: nothing there.")

    async def broken(_folder: str, _job: str) -> Records:
        raise ApiError("flow_results: HTTP 500.", status_code=500)

    job.service.fetch_records = missing
    with pytest.raises(NoResults, match="nothing there"):
        job.records()
    job.service.fetch_records = broken
    with pytest.raises(ApiError, match="HTTP 500"):
        job.records()


def test_a_job_without_an_output_folder_has_no_results(make: Any, replies: Any) -> None:
    """A server that never told the folder leaves nothing to read."""
    with pytest.raises(NoResults, match="it told no output folder"):
        make(lambda _number: replies["ended"](folder="")).records()


def test_controls_reach_the_server(make: Any, replies: Any) -> None:
    """Each verb is one call for this job."""
    job = make(lambda _number: replies["running"](0.1))
    job.cancel()
    job.pause()
    asyncio.run(job.resume.aio())
    job.retry()
    verbs = [verb for verb, _ in job.service.controls]
    assert verbs == ["cancel", "pause", "resume", "retry"]
    assert [line.log for line in job.logs()] == ["log of job-1"]


def test_a_resumed_job_is_watched_again(make: Any, replies: Any) -> None:
    """After a checkpoint the same handle sees the second end."""
    script = [
        replies["ended"]("STOPPED_AT_CHECKPOINT"),
        replies["running"](0.3),
        replies["ended"]("COMPLETE"),
    ]
    job = make(lambda number: script[min(number, 2)])
    assert job.wait(60).state is JobState.STOPPED_AT_CHECKPOINT
    seen: list[Snapshot] = []
    job.subscribe(seen.append)
    job.resume()
    assert job.wait(60).state is JobState.COMPLETE
    assert [s.state.value for s in seen] == ["PENDING", "RUNNING", "COMPLETE"]
    assert seen[1].progress == pytest.approx(0.3)


def test_a_restart_gives_a_new_job(make: Any, replies: Any) -> None:
    """The new handle has its own id and is watched by itself."""
    job = make(lambda _number: replies["ended"]())
    again = job.restart()
    assert again.id == "job-1-again"
    assert again.wait(60).state is JobState.COMPLETE


def test_observers_hear_changes_on_the_background_thread(make: Any, replies: Any) -> None:
    """They are called once a change, not in the cell's thread, until they unsubscribe."""
    release = threading.Event()
    script = [replies["running"](0.2), replies["running"](0.2), replies["running"](0.6)]

    def answer(number: int) -> Any:
        release.wait(60)
        return script[number] if number < 3 else replies["ended"]()

    job = make(answer)
    seen: list[tuple[float, bool]] = []
    mine = threading.current_thread()
    job.subscribe(lambda s: seen.append((s.progress, threading.current_thread() is mine)))
    job.subscribe(lambda s: seen.append((-1.0, False)))()
    release.set()
    job.wait(60)
    assert seen == [(0.2, False), (0.6, False), (1.0, False)]


def test_its_texts_are_small_and_safe(make: Any, replies: Any) -> None:
    """The repr tells state and counts; HTML is escaped."""
    detail = {"total": 10, "index": 4, "run_summary": {"numRuntimeErrors": 1}}
    job = make(lambda _number: replies["running"](0.4, **detail))
    deadline = time.monotonic() + 10
    while not job.progress and time.monotonic() < deadline:
        background.run(asyncio.sleep(0.01))
    assert repr(job) == "<Job job-1 RUNNING 40% (4 of 10 files) 1 failed>"
    assert job._repr_html_() == "<code>job-1</code> RUNNING 40% (4 of 10 files) 1 failed"
    job.id = "<b>"
    assert "<b>" not in job._repr_html_()


def test_a_closed_client_is_an_error_to_who_waits(make: Any, replies: Any) -> None:
    """The waiting ends with a sentence that says what to do."""
    job = make(lambda _number: replies["running"](0.1))
    timer = threading.Timer(0.1, lambda: job._poller.release(job.service))
    timer.start()
    with pytest.raises(ConnectionFailed, match="connect again"):
        job.wait(60)
    timer.join()
