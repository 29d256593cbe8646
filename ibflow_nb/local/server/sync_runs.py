"""``run_sync``: runs that are answered when they have ended.

Many callers may wait at a time: each wait is a coroutine, never a thread. A run belongs to the
platform and not to who asked for it, so a caller that goes away stops nothing, and callers that
ask the same at the same time share one run.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from ibflow_nb.api.flow import RunBinary, RunOptions
from ibflow_nb.api.jobs import JobResult
from ibflow_nb.api.results import ResultRecord, ResultsOptions
from ibflow_nb.api.solutions import RunSync, RunSyncReply
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.engine import Engine
from ibflow_nb.local.server.bodies import SlowCalls
from ibflow_nb.local.server.brief_jobs import BriefJobs
from ibflow_nb.local.server.receiving import ReceivedRun
from ibflow_nb.local.solutions.cache import AnswerCache, cache_key
from ibflow_nb.local.solutions.package import Solution
from ibflow_nb.local.solutions.running import Solutions
from ibflow_nb.local.solutions.sent_files import names_on_disk, records_in_order


@dataclass(frozen=True)
class _Started:
    """A run that was started; without an end to wait for when there was no file to run on."""

    binary_path: str
    disk_names: list[str]
    job_id: str
    output_folder: str = ""
    ended: Future[None] | None = None


class SyncRuns:
    """Runs solutions on the files of requests."""

    def __init__(
        self, drive: Drive, engine: Engine, solutions: Solutions, brief_jobs: BriefJobs
    ) -> None:
        self._drive = drive
        self._brief_jobs = brief_jobs
        self._engine = engine
        self._solutions = solutions
        self._spool = drive.state / "spool"
        shutil.rmtree(self._spool, ignore_errors=True)  # what a killed platform left
        self._cache = AnswerCache(drive.state / "run_sync")
        self._threads = SlowCalls()
        self._shared: dict[str, asyncio.Task[RunSyncReply]] = {}

    @asynccontextmanager
    async def spool_folder(self) -> AsyncIterator[Path]:
        """Give a folder for the contents of one request; it is gone afterwards."""
        folder = self._spool / secrets.token_hex(12)
        try:
            yield folder
        finally:
            await self._threads.run(lambda: shutil.rmtree(folder, ignore_errors=True))

    async def answer(self, received: ReceivedRun) -> RunSyncReply:
        """Run a solution on the files of a request and wait for its end.

        Raises:
            NotFound, InvalidRequest: the solution or a folder cannot be used.
        """
        request = received.request
        solution = await self._threads.run(
            lambda: self._solutions.to_run_at_once(
                request.name, request.version, request.solution_path
            )
        )
        if not request.write_to_cache:
            return await self._run(received, solution)
        key = cache_key(request, solution, received.files)
        task = self._shared.get(key)
        if task is None:
            task = asyncio.create_task(self._run_cached(key, received, solution))
            self._shared[key] = task
            task.add_done_callback(lambda _: self._shared.pop(key))
        return await asyncio.shield(task)

    async def _run_cached(
        self, key: str, received: ReceivedRun, solution: Solution
    ) -> RunSyncReply:
        kept = await self._threads.run(lambda: self._kept(key))
        if kept is not None:
            return kept
        answer = await self._run(received, solution)
        if all(record.status == "OK" for record in answer.records):
            await self._threads.run(lambda: self._cache.write(key, answer))
        return answer

    def _kept(self, key: str) -> RunSyncReply | None:
        """Give a kept answer, unless the output that it tells of was deleted."""
        answer = self._cache.read(key)
        if answer is None:
            return None
        paths = {record.output_file_path for record in answer.records}
        return answer if all(self._drive.resolve(path).exists() for path in paths) else None

    async def _run(self, received: ReceivedRun, solution: Solution) -> RunSyncReply:
        started = await self._threads.run(lambda: self._start(received, solution))
        found: list[ResultRecord] = []
        if started.ended is not None:
            await asyncio.wrap_future(started.ended)
            options = _results_options(received.request)
            found = await self._threads.run(
                lambda: self._engine.all_records(started.output_folder, options)
            )
        return RunSyncReply(
            records=records_in_order(received.files, started.disk_names, found),
            binary_path=started.binary_path,
            job_id=started.job_id,
        )

    def _start(self, received: ReceivedRun, solution: Solution) -> _Started:
        """Lay files and binary onto the drive and start the job."""
        request = received.request
        space = self._solutions.space(request.repo_name)
        if request.output_dir:
            binary_path = self._solutions.unpack(solution, request.output_dir)
        else:
            binary_path = self._solutions.place_binary(solution, request.repo_name)
        disk_names = names_on_disk([file.name for file in received.files])
        sent = [
            (file, name)
            for file, name in zip(received.files, disk_names, strict=True)
            if not file.error
        ]
        if not sent:
            failed = JobResult(status="ERROR", msg="None of the files sent could be taken in.")
            return _Started(binary_path, disk_names, self._brief_jobs.add(failed))
        input_dir = f"{space}/run_sync/{secrets.token_hex(8)}/input"
        folder = self._drive.resolve(input_dir)
        folder.mkdir(parents=True)
        for file, name in sent:
            file.path.replace(folder / name)
        submission = self._engine.run_binary(
            RunBinary(
                input_dir=input_dir,
                binary_path=binary_path,
                settings=RunOptions(save_binary_to_output=False),
            )
        )
        job_id = submission.job_id
        ended = self._engine.ended(job_id)
        return _Started(binary_path, disk_names, job_id, submission.output_folder, ended)


def _results_options(request: RunSync) -> ResultsOptions:
    return ResultsOptions(
        include_page_layouts=request.options.include_page_layouts,
        refined_phrases_features=request.options.refined_phrases_features,
    )
