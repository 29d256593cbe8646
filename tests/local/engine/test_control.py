"""Cancel, pause, resume, retry, restart, time limits, status and lists."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ibflow_nb.api.errors import InvalidRequest, NotFound
from ibflow_nb.api.jobs import JobListQuery
from ibflow_nb.local.limits import Limits


def listed(platform: Any, **query: Any) -> list[str]:
    """Give the ids of the jobs that a query finds."""
    reply = platform.engine.list_jobs(msgspec.convert(query, JobListQuery))
    return [job.job_id for job in reply.jobs]


@pytest.mark.parametrize("word", ["HANG", "NATIVE"])
def test_cancel_stops_a_running_job_at_once(platform: Any, until: Any, word: str) -> None:
    """Cancel kills the workers, also inside native code that holds the interpreter's lock."""
    platform.flow("read")
    platform.files(a=word)
    for _ in range(3):  # other work on the machine may delay any single one
        job_id = platform.submit()
        until(lambda job_id=job_id: platform.status(job_id).curMsg.startswith("Running"))
        begin = time.monotonic()
        reply = platform.engine.cancel(job_id)
        if (spent := time.monotonic() - begin) < 1:
            break
    assert spent < 1
    assert reply.state == "DONE"
    assert platform.status(job_id).status == "CANCELLED"
    assert (reply.results[0].status, reply.results[0].msg) == ("ERROR", "The job was cancelled.")


def test_a_cancelled_job_keeps_the_records_it_had(platform: Any, until: Any) -> None:
    """Files that were done stay in the results; the others say that they were not."""
    platform.flow("read")
    platform.files(a="fine", b="HANG")
    job_id = platform.submit()
    until(lambda: platform.status(job_id).index == 1)
    platform.engine.cancel(job_id)
    done, undone = platform.records(job_id)
    assert done.status == "OK"
    assert undone.error_msg == "b.txt was not done: The job was cancelled."


def test_cancelling_an_ended_job_changes_nothing(platform: Any) -> None:
    """A job that is COMPLETE stays so."""
    platform.files(a="x")
    job_id = platform.run()
    platform.engine.cancel(job_id)
    assert platform.status(job_id).status == "COMPLETE"


def test_step_timeout_kills_the_step_and_fails_the_run(platform: Any) -> None:
    """After ``step_timeout`` seconds the worker is killed and the run fails with that reason."""
    platform.flow("read")
    platform.files(a="NATIVE", b="fine")
    job_id = platform.run(step_timeout=1)
    assert platform.status(job_id).status == "FAILED"
    message = platform.engine.status(job_id).results[0].msg
    assert message == "read on a.txt was stopped after 1 s, step_timeout."


def test_a_run_that_step_timeout_ended_can_be_retried(platform: Any) -> None:
    """The file that took too long runs again, with the files that were left undone."""
    platform.flow("read")
    platform.files(a="NATIVE", b="fine")
    job_id = platform.run(step_timeout=1)
    platform.files(a="fine now")
    platform.engine.retry(job_id)
    assert platform.engine.wait(job_id, 60)
    assert [record.status for record in platform.records(job_id)] == ["OK", "OK"]


def test_the_platforms_own_limit_fails_the_file_alone(make_platform: Any) -> None:
    """With step_timeout 0 the platform's limit applies, and the log says what it is."""
    platform = make_platform(limits=Limits(unit_seconds=1.5))
    platform.flow("read")
    platform.files(a="HANG", b="fine")
    job_id = platform.run()
    assert platform.status(job_id).status == "COMPLETE"
    assert "stopped after 1.5 s" in platform.records(job_id)[0].error_msg
    assert "1.5 s for each page (step_timeout 0)" in platform.log(job_id)


def test_no_step_timeout_means_no_limit(make_platform: Any, tmp_path: Path, until: Any) -> None:
    """With step_timeout -1 a step may take longer than the platform's limit."""
    platform = make_platform(limits=Limits(unit_seconds=0.05))
    gate = tmp_path / "gate"
    platform.flow({"name": "read", "gate": str(gate)})
    platform.files(a="x")
    job_id = platform.submit(step_timeout=-1)
    assert not platform.engine.wait(job_id, 0.5)
    gate.touch()
    assert platform.engine.wait(job_id, 60)
    assert platform.status(job_id).status == "COMPLETE"


def test_pause_lets_running_files_finish_and_starts_no_others(
    platform: Any, tmp_path: Path, until: Any
) -> None:
    """A paused job is PAUSED, not ended; resume goes on to the end."""
    gate = tmp_path / "gate"
    platform.flow({"name": "read", "gate": str(gate)})
    platform.files(**{f"f{number}": "x" for number in range(3)})
    job_id = platform.submit()
    until(lambda: platform.engine._dispatcher.running == 1)
    reply = platform.engine.pause(job_id)
    assert (reply.state, platform.status(job_id).status) == ("PENDING", "PAUSED")
    gate.touch()
    until(lambda: platform.engine._dispatcher.running == 0)
    assert platform.status(job_id).index == 1
    platform.engine.resume(job_id)
    assert platform.engine.wait(job_id, 60)
    assert platform.status(job_id).status == "COMPLETE"


def test_an_ended_job_cannot_be_paused_or_resumed(platform: Any) -> None:
    """Both are refused with a sentence that names the job."""
    platform.files(a="x")
    job_id = platform.run()
    for call in (platform.engine.pause, platform.engine.resume):
        with pytest.raises(InvalidRequest, match=job_id):
            call(job_id)


def test_retry_runs_failed_files_only(platform: Any) -> None:
    """After the cause is gone, retry completes the job and leaves good files alone."""
    platform.files(a="UNREADABLE", b="fine")
    job_id = platform.run()
    done = platform.output(job_id) / "s1_read" / "b.txt.ibdoc"
    before = done.stat().st_mtime_ns
    platform.files(a="mended")
    platform.engine.retry(job_id)
    assert platform.engine.wait(job_id, 60)
    assert [record.status for record in platform.records(job_id)] == ["OK", "OK"]
    assert done.stat().st_mtime_ns == before


def test_retry_without_failed_files_is_refused(platform: Any) -> None:
    """There is nothing to retry in a complete run."""
    platform.files(a="x")
    job_id = platform.run()
    with pytest.raises(InvalidRequest, match="no failed files"):
        platform.engine.retry(job_id)


def test_retry_finishes_a_cancelled_job(platform: Any, until: Any) -> None:
    """Files that a cancel left undone are run by retry."""
    platform.flow("read")
    platform.files(a="HANG")
    job_id = platform.submit()
    until(lambda: platform.engine._dispatcher.running == 1)
    platform.engine.cancel(job_id)
    platform.files(a="fine now")
    platform.engine.retry(job_id)
    assert platform.engine.wait(job_id, 60)
    assert platform.status(job_id).status == "COMPLETE"


def test_restart_gives_a_new_job_from_the_beginning(platform: Any) -> None:
    """The same request runs again under a new id."""
    platform.files(a="x")
    job_id = platform.run(tags=["t"], output_has_run_id=True)
    again = platform.engine.restart(job_id)
    assert again.job_id != job_id
    assert again.job_id in again.output_folder
    assert platform.engine.wait(again.job_id, 60)
    assert listed(platform, tags="t") == [again.job_id, job_id]


def test_a_checkpoint_stops_the_job_until_it_is_resumed(platform: Any, tmp_path: Path) -> None:
    """STOPPED_AT_CHECKPOINT is an end that resume takes back."""
    approval = tmp_path / "approved"
    platform.flow("read", {"name": "checkpoint", "approval": str(approval)})
    platform.files(a="x")
    job_id = platform.run()
    assert platform.status(job_id).status == "STOPPED_AT_CHECKPOINT"
    assert platform.engine.status(job_id).results[0].msg == "a.txt needs review."
    approval.touch()
    platform.engine.resume(job_id)
    assert platform.engine.wait(job_id, 60)
    assert platform.status(job_id).status == "COMPLETE"


def test_progress_never_falls(platform: Any) -> None:
    """Progress and counts only rise while a job runs, also when files are split or fail."""
    texts = {f"f{number:02}": "a\fb\fc" if number % 3 else "UNREADABLE" for number in range(12)}
    platform.files(**texts)
    seen: list[tuple[float, int]] = []
    job_id = platform.submit()

    def watch() -> None:
        while not platform.engine.wait(job_id, 0.003):
            status = platform.status(job_id)
            seen.append((status.curProgress, status.index))

    watcher = threading.Thread(target=watch)
    watcher.start()
    watcher.join(20)
    final = platform.status(job_id)
    seen.append((final.curProgress, final.index))
    assert seen[-1] == (1.0, 12)
    assert len(seen) > 3
    for column in zip(*seen, strict=True):
        assert list(column) == sorted(column)


def test_a_running_job_is_pending_and_tells_where_it_is(
    platform: Any, tmp_path: Path, until: Any
) -> None:
    """While it runs: state PENDING, no results, step and message of the moment."""
    gate = tmp_path / "gate"
    platform.flow({"name": "read", "gate": str(gate)})
    platform.files(a="x")
    job_id = platform.submit()
    until(lambda: platform.engine._dispatcher.running == 1)
    reply = platform.engine.status(job_id)
    status = platform.status(job_id)
    gate.touch()
    assert (reply.status, reply.state, reply.results) == ("OK", "PENDING", None)
    assert (status.status, status.step, status.total, status.index) == ("RUNNING", "read", 1, 0)
    assert status.curMsg == "Running read: 0 of 1 file done"
    assert status.finish_timestamp is None
    assert platform.engine.wait(job_id, 60)
    assert platform.status(job_id).curMsg == "Completed 1/1 file"


def test_small_jobs_are_not_starved_by_large_ones(
    make_platform: Any, tmp_path: Path, until: Any
) -> None:
    """A job of one file that comes second ends long before one of many files."""
    platform = make_platform(workers=1)
    platform.flow("read", {"name": "extract", "seconds": 0.02})
    platform.files(**{f"f{number:02}": "x" for number in range(40)})
    large = platform.submit()
    small_input = platform.project / "small"
    small_input.mkdir()
    (small_input / "a.txt").write_text("x")
    small = platform.submit(
        input_dir=platform.drive.path_of(small_input),
        output_dir=platform.drive.path_of(platform.project / "small-out"),
    )
    assert platform.engine.wait(small, 60)
    assert platform.status(large).status == "RUNNING"
    platform.engine.cancel(large)


def test_every_control_of_an_unknown_job_is_refused(platform: Any) -> None:
    """Every call with an unknown id is answered with a sentence."""
    engine = platform.engine
    for call in (
        engine.status,
        engine.cancel,
        engine.pause,
        engine.resume,
        engine.retry,
        engine.restart,
        engine.logs,
        engine.wait,
    ):
        with pytest.raises(NotFound, match="no job 'nope'"):
            call("nope")


def test_jobs_are_listed_by_state_tag_and_time(platform: Any) -> None:
    """The list filters by state, all tags and time, newest first."""
    platform.files(a="x")
    first = platform.run(tags=["red", "big"])
    second = platform.run(tags=["red"])
    assert listed(platform) == [second, first]
    assert listed(platform, tags="red,big") == [first]
    assert listed(platform, state="COMPLETE") == [second, first]
    assert listed(platform, state="failed") == []
    assert listed(platform, from_timestamp=int(time.time()) + 60) == []
    assert listed(platform, to_timestamp=int(time.time())) == [second, first]
    with pytest.raises(InvalidRequest, match="'SLEEPING'"):
        listed(platform, state="sleeping")


def test_the_job_list_comes_in_pages(platform: Any) -> None:
    """``next_page`` carries the same filters on."""
    platform.files(a="x")
    jobs = [platform.run(tags=["a b"]) for _ in range(3)]
    reply = platform.engine.list_jobs(JobListQuery(limit=2, tags="a b"))
    assert [job.job_id for job in reply.jobs] == jobs[:0:-1]
    assert reply.next_page == "/api/v1/jobs/list?tags=a+b&limit=2&offset=2"
    last = platform.engine.list_jobs(JobListQuery(limit=2, offset=2, tags="a b"))
    assert ([job.job_id for job in last.jobs], last.next_page) == (jobs[:1], None)


def test_logs_have_time_step_and_task(platform: Any) -> None:
    """Entries carry ts, log, step, jobId and taskId; detail comes with log_to_timeline."""
    platform.files(a="four")
    job_id = platform.run(log_to_timeline=True)
    (entry,) = [e for e in platform.engine.logs(job_id).logs if e.step == "read"]
    assert (entry.log, entry.jobId, entry.taskId) == (
        "read 4 characters",
        job_id,
        f"{job_id}-s1-0",
    )
    assert time.strptime(entry.ts.split(",")[0], "%Y-%m-%d %H:%M:%S")


def test_a_log_ends_at_its_limit_and_says_so(make_platform: Any) -> None:
    """A job's log is bounded; its last line names the bound."""
    platform = make_platform(log_bytes=300)
    platform.flow("read")
    platform.files(**{f"f{number}": "UNREADABLE" for number in range(30)})
    log = platform.log(platform.run())
    assert len(log) < 500
    assert log.endswith("The log ends here: it reached 300 bytes.")


def test_files_that_pass_a_checkpoint_may_go_on(platform: Any, tmp_path: Path) -> None:
    """A checkpoint that lets passing files through stops the job once they are done.

    The file that waits has the records that it came with.
    """
    approval = tmp_path / "approved"
    platform.flow("read", {"name": "gatekeeper", "approval": str(approval)}, "extract")
    platform.files(a="one", b="REVIEW two")
    job_id = platform.run()
    assert platform.status(job_id).status == "STOPPED_AT_CHECKPOINT"
    done, waiting = platform.records(job_id)
    assert done.output_file_path.endswith("s3_extract/a.txt.ibdoc")
    assert waiting.output_file_path.endswith("s1_read/b.txt.ibdoc")
    approval.touch()
    platform.engine.resume(job_id)
    assert platform.engine.wait(job_id, 60)
    assert [record.status for record in platform.records(job_id)] == ["OK", "OK"]
