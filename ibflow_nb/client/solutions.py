"""Solutions (source: Marketplace and Solution API)."""

from __future__ import annotations

import asyncio
import math
from typing import Any

from ibflow_nb.api import endpoints
from ibflow_nb.api.errors import BadReply, InvalidRequest
from ibflow_nb.api.flow import RunOptions, Submission
from ibflow_nb.api.schema import Envelope
from ibflow_nb.api.solutions import (
    CreateSolution,
    CreateSolutionReply,
    RunningSolution,
    RunSolution,
    RunSync,
    RunSyncCsvReply,
    SyncOptions,
)
from ibflow_nb.client.body import Progress
from ibflow_nb.client.documents import Documents, enclosing, gather
from ibflow_nb.client.flows import checked_request
from ibflow_nb.client.jobs import Jobs
from ibflow_nb.client.pages import Pages
from ibflow_nb.client.replies import Answer, decode
from ibflow_nb.client.transport import Call, Transport
from ibflow_nb.frames import Records
from ibflow_nb.jobs import Job
from ibflow_nb.jobs.call import call


class Solutions:
    """``client.solutions``: packing solutions and running them.

    A solution is named by ``name`` and ``version``, or by ``solution_path``, the drive path of
    an ``.ibsolution``.
    """

    def __init__(self, transport: Transport, jobs: Jobs, pages: Pages) -> None:
        self._transport = transport
        self._jobs = jobs
        self._pages = pages

    @call
    async def create(
        self, /, content_folder: str, output_folder: str, *, in_background: bool = False
    ) -> CreateSolutionReply:
        """Pack a content folder into an ``.ibsolution``.

        Args:
            content_folder: drive path of the folder with ``package.json`` and the flow.
            output_folder: drive path of the folder for the package; may be the same.
            in_background: answer the id of a job at once.
        """
        payload = CreateSolution(
            content_folder=content_folder, output_folder=output_folder, run_async=in_background
        )
        endpoint = endpoints.SOLUTION_CREATE
        return await self._transport.fetch(endpoint, payload, CreateSolutionReply)

    @call
    async def run(
        self,
        /,
        input_folder: str,
        *,
        name: str = "",
        version: str = "",
        solution_path: str = "",
        **settings: Any,
    ) -> Job:
        """Run a solution on a folder of documents.

        Args:
            input_folder: drive path of the folder with the documents.
            name: an installed solution.
            version: its version.
            solution_path: drive path of an ``.ibsolution``, instead of both.
            **settings: those of :class:`~ibflow_nb.api.flow.RunOptions`.

        Raises:
            InvalidRequest: no solution is named, or a setting is unknown or of a wrong type.
            ApiError: the server refuses the run.
        """
        endpoint = endpoints.SOLUTION_RUN
        _check_named(endpoint.name, name, version, solution_path)
        payload = RunSolution(
            input_folder=input_folder,
            name=name,
            version=version,
            solution_path=solution_path,
            settings=checked_request(RunOptions, settings, endpoint),
        )
        reply = await self._transport.fetch(endpoint, payload, _Started)
        return self._jobs.follow(reply.submission)

    @call
    async def run_sync(
        self,
        /,
        files: Documents,
        *,
        name: str = "",
        version: str = "",
        solution_path: str = "",
        output_dir: str = "",
        write_to_cache: bool = True,
        repo_name: str = "",
        layouts: bool = True,
        provenance: bool = True,
        internal: bool = False,
        timeout: float | None = None,  # noqa: ASYNC109
        progress: Progress | None = None,
    ) -> Records:
        """Run a solution on documents of this machine and give the records.

        The documents are read while they are sent, never as a whole. The request is sent again
        only when it surely did not arrive.

        Args:
            files: paths, patterns, bytes, open files, pairs of a name and one of the last two;
                see :func:`ibflow_nb.client.documents.gather`.
            name: an installed or published solution.
            version: its version.
            solution_path: drive path of an ``.ibsolution``, instead of both.
            output_dir: drive path of the folder to unpack the solution into.
            write_to_cache: answer the same request from the cache the next time.
            repo_name: subspace of the job's folders; default the server's.
            layouts: size and images of the pages; boxes in frames need them.
            provenance: where each value was read.
            internal: fields whose name begins with ``__``.
            timeout: seconds to wait for the reply once all is sent; None waits for as long as
                it takes.
            progress: told bytes of documents sent and in all.

        Raises:
            InvalidRequest: no solution is named, or a file does not exist.
            ConnectionFailed: no reply came; the run may go on.
            ApiError: the server refuses the run.
        """
        features = {"provenance_info": provenance, "internal_keys": internal}
        options = SyncOptions(
            include_page_layouts=layouts,
            refined_phrases_features=[feature for feature, wanted in features.items() if wanted],
        )
        request = _sync_request(
            name, version, solution_path, output_dir, write_to_cache, repo_name, options
        )
        answer = await self._sync(request, files, timeout, progress)
        decode(answer, endpoints.SOLUTION_RUN_SYNC, Envelope)  # refuses errors
        return Records.from_json(answer.content, load_pages=self._pages.load)

    @call
    async def run_sync_csv(
        self,
        /,
        files: Documents,
        *,
        name: str = "",
        version: str = "",
        solution_path: str = "",
        output_dir: str = "",
        write_to_cache: bool = True,
        repo_name: str = "",
        timeout: float | None = None,  # noqa: ASYNC109
        progress: Progress | None = None,
    ) -> str:
        """Run a solution on documents of this machine and give CSV: one row a record.

        Arguments and errors are those of :meth:`run_sync`; the text suits
        ``pandas.read_csv(io.StringIO(text))``.
        """
        options = SyncOptions(result_format="csv")
        request = _sync_request(
            name, version, solution_path, output_dir, write_to_cache, repo_name, options
        )
        answer = await self._sync(request, files, timeout, progress)
        return decode(answer, endpoints.SOLUTION_RUN_SYNC, RunSyncCsvReply).csv_text

    async def _sync(
        self,
        request: RunSync,
        files: Documents,
        timeout: float | None,  # noqa: ASYNC109
        progress: Progress | None,
    ) -> Answer:
        documents = await asyncio.to_thread(gather, files)
        return await self._transport.ask(
            Call(
                endpoints.SOLUTION_RUN_SYNC,
                body=enclosing(request, "files", documents, progress),
                patience=math.inf if timeout is None else timeout,
            )
        )


class _Started(Envelope):
    """The reply of ``solution/run`` in either of the two shapes that its document prints."""

    data: Submission | None = None
    solution: RunningSolution | None = None

    @property
    def submission(self) -> Submission:
        """The job, and its output folder where it was told."""
        if self.data is not None:
            return self.data
        if self.solution is not None:
            return Submission(job_id=self.solution.job_id, output_folder="")
        raise BadReply(
            "solution_run: the reply tells no job: it has neither 'data' nor 'solution'.",
            call=endpoints.SOLUTION_RUN.name,
        )


def _sync_request(
    name: str,
    version: str,
    solution_path: str,
    output_dir: str,
    write_to_cache: bool,
    repo_name: str,
    options: SyncOptions,
) -> RunSync:
    _check_named(endpoints.SOLUTION_RUN_SYNC.name, name, version, solution_path)
    request = RunSync(
        files=[],
        name=name,
        version=version,
        solution_path=solution_path,
        output_dir=output_dir,
        options=options,
        write_to_cache=write_to_cache,
    )
    if repo_name:
        request.repo_name = repo_name
    return request


def _check_named(call: str, name: str, version: str, solution_path: str) -> None:
    """Refuse early what the server would refuse after the documents were sent."""
    if bool(solution_path) == bool(name or version) or bool(name) != bool(version):
        raise InvalidRequest(f"{call}: give 'name' and 'version', or 'solution_path'.")
