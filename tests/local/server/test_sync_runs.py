"""Waiting for runs: many at a time, shared, kept; with an engine whose jobs end on command."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import shutil
import threading
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from ibflow_nb.api.flow import RunBinary, Submission
from ibflow_nb.api.results import ResultRecord, ResultsOptions, SentRecord
from ibflow_nb.api.solutions import RunSyncReply
from ibflow_nb.local.archives import pack_archive
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.engine.store import Store
from ibflow_nb.local.limits import Limits
from ibflow_nb.local.server.brief_jobs import BriefJobs
from ibflow_nb.local.server.receiving import receive_run
from ibflow_nb.local.server.sync_runs import SyncRuns
from ibflow_nb.local.solutions.marketplace import Marketplace
from ibflow_nb.local.solutions.running import Solutions

SOLUTION = "w2.ibsolution"


class HeldEngine:
    """Takes in binaries; their jobs go on until they are told to end."""

    def __init__(self, drive: Drive) -> None:
        self.drive = drive
        self.requests: list[RunBinary] = []
        self.ends: list[Future[None]] = []
        self.failing = False
        self.changed = threading.Condition()

    def run_binary(self, request: RunBinary) -> Submission:
        """Start a job."""
        output = self.drive.resolve(request.input_dir).parent / "out"
        output.mkdir()
        with self.changed:
            self.requests.append(request)
            self.ends.append(Future())
            job_id = f"job-{len(self.requests)}"
            self.changed.notify_all()
        return Submission(job_id=job_id, output_folder=self.drive.path_of(output))

    def wait_for(self, number: int) -> None:
        """Wait until so many jobs were started."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.requests) >= number, timeout=20)

    def ended(self, job_id: str) -> Future[None]:
        """Give the end of a job."""
        return self.ends[int(job_id.removeprefix("job-")) - 1]

    def all_records(self, path: str, options: ResultsOptions) -> list[ResultRecord]:
        """Give a record for each input file."""
        folder = self.drive.resolve(path).parent / "input"
        return [
            SentRecord(
                file_name=file.name,
                file_index=index,
                record_index=0,
                results=[],
                output_file_path=path,
                status="ERROR" if self.failing else "OK",
            )
            for index, file in enumerate(sorted(folder.iterdir()))
        ]


class Waiting:
    """The parts of a platform that answer run_sync."""

    def __init__(self, root: Path) -> None:
        self.drive = Drive(root)
        self.engine = HeldEngine(self.drive)
        self.store = Store(self.drive.state / "jobs.sqlite3")
        self.restart()

    def restart(self) -> None:
        """Begin anew on the same drive, as after the end of the process."""
        engine: Any = self.engine
        solutions = Solutions(self.drive, Marketplace(self.drive, Limits()), "local", Limits())
        self.brief_jobs = BriefJobs(self.store)
        self.runs = SyncRuns(self.drive, engine, solutions, self.brief_jobs)

    async def ask(self, content: bytes = b"x", **args: Any) -> RunSyncReply:
        """Send a request with one file; the reply comes when its run has ended."""
        file = {"file_name": "a.txt", "file_content": base64.b64encode(content).decode()}
        body = {"solution_path": SOLUTION, "files": [file], **args}
        async with self.runs.spool_folder() as folder:
            received = receive_run(iter([json.dumps(body).encode()]), folder, Limits())
            return await self.runs.answer(received)

    async def started(self, number: int) -> None:
        """Wait until so many runs were started."""
        await asyncio.to_thread(self.engine.wait_for, number)

    def end_all(self) -> None:
        """End all jobs that go on."""
        for end in self.engine.ends:
            if not end.done():
                end.set_result(None)


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[Waiting]:
    """A drive with a solution on it."""
    root = tmp_path / "root"
    root.mkdir()
    binary = io.BytesIO()
    with zipfile.ZipFile(binary, "w") as archive:
        archive.writestr("flow.ibflow", "{}")
    package = json.dumps({"name": "w2", "version": "1.0.0"}).encode()
    pack_archive(root / SOLUTION, {"package.json": package, "w2.ibflowbin": binary.getvalue()})
    made = Waiting(root)
    yield made
    made.store.close()


def run(scene: Callable[[], Any]) -> None:
    """Run an async scene to its end."""
    asyncio.run(scene())


def test_a_hundred_callers_wait_without_a_thread_each(waiting: Waiting) -> None:
    """All their runs are started while none of them has ended."""

    async def scene() -> None:
        asked = [asyncio.create_task(waiting.ask(b"%d" % number)) for number in range(100)]
        await waiting.started(100)
        assert not any(task.done() for task in asked)
        waiting.end_all()
        replies = await asyncio.gather(*asked)
        assert len({reply.job_id for reply in replies}) == 100

    run(scene)


def test_the_same_request_at_the_same_time_is_run_once(waiting: Waiting) -> None:
    """Both callers get the same job; once it has ended, later ones get it from the cache."""

    async def scene() -> None:
        first = asyncio.create_task(waiting.ask())
        second = asyncio.create_task(waiting.ask())
        other = asyncio.create_task(waiting.ask(b"other"))
        await waiting.started(2)
        waiting.end_all()
        assert (await first).job_id == (await second).job_id
        assert (await other).job_id != (await first).job_id
        assert (await waiting.ask()).job_id == (await first).job_id
        assert len(waiting.engine.requests) == 2

    run(scene)


def test_a_caller_that_goes_away_stops_nothing(waiting: Waiting) -> None:
    """Who waits for the same run still gets its answer."""

    async def scene() -> None:
        leaving = asyncio.create_task(waiting.ask())
        await waiting.started(1)
        staying = asyncio.create_task(waiting.ask())
        await asyncio.sleep(0)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        waiting.end_all()
        assert (await staying).job_id == "job-1"
        assert len(waiting.engine.requests) == 1

    run(scene)


def test_an_answer_survives_a_restart(waiting: Waiting) -> None:
    """The new process answers from the cache, with the same job id."""

    async def ask() -> RunSyncReply:
        task = asyncio.create_task(waiting.ask())
        await waiting.started(1)
        waiting.end_all()
        return await task

    first = asyncio.run(ask())
    waiting.restart()
    assert asyncio.run(ask()) == first
    assert len(waiting.engine.requests) == 1


@pytest.mark.parametrize("reason", ["asked not to", "a file failed", "its output was deleted"])
def test_a_request_is_run_again_where_no_answer_may_be_kept(waiting: Waiting, reason: str) -> None:
    """Only whole answers whose output still exists are given from the cache."""
    args = {"write_to_cache": False} if reason == "asked not to" else {}
    waiting.engine.failing = reason == "a file failed"

    async def scene() -> None:
        for number in (1, 2):
            task = asyncio.create_task(waiting.ask(**args))
            await waiting.started(number)
            waiting.end_all()
            assert (await task).job_id == f"job-{number}"
            if reason == "its output was deleted":
                shutil.rmtree(waiting.drive.resolve(waiting.engine.requests[-1].input_dir).parent)

    run(scene)


def test_contents_of_an_ended_request_are_gone_from_the_spool(waiting: Waiting) -> None:
    """So are those that a killed platform left, once the next one begins."""
    spool = waiting.drive.state / "spool"
    (spool / "left").mkdir(parents=True)
    waiting.restart()

    async def scene() -> None:
        task = asyncio.create_task(waiting.ask(b"y" * 100_000))
        await waiting.started(1)
        waiting.end_all()
        await task

    run(scene)
    assert list(spool.iterdir()) == []


def test_without_a_good_file_no_run_is_started(waiting: Waiting) -> None:
    """The reply names each file all the same, and a job that failed."""
    file = {"file_name": "a.txt", "file_content": "?"}
    reply = asyncio.run(waiting.ask(files=[file]))
    assert waiting.engine.requests == []
    status = waiting.brief_jobs.status(reply.job_id)
    assert status is not None
    assert status.results is not None
    assert (status.state, status.results[0].status) == ("DONE", "ERROR")
    assert [record.status for record in reply.records] == ["ERROR"]
