"""Finding and controlling jobs (source: Job API, Flow Pipeline API)."""

from __future__ import annotations

import time
from collections.abc import Iterable, MutableSet
from contextlib import aclosing

from ibflow_nb.api import endpoints
from ibflow_nb.api.errors import BadReply, NotFound
from ibflow_nb.api.flow import ReviewedRecord, ReviewJob, Submission
from ibflow_nb.api.jobs import (
    JobListQuery,
    JobPipelines,
    JobState,
    JobSummary,
    LogEntry,
    Pipeline,
    PipelinesQuery,
    PipelinesReply,
)
from ibflow_nb.api.schema import Envelope
from ibflow_nb.client.service import LIST_PAGE, ServerJobs
from ibflow_nb.client.transport import Transport
from ibflow_nb.frames.pictures.timeline import Timeline
from ibflow_nb.jobs import Job, Snapshot
from ibflow_nb.jobs.board import MOST, Board
from ibflow_nb.jobs.call import call
from ibflow_nb.jobs.overview import Overview, row_of
from ibflow_nb.jobs.poller import Poller
from ibflow_nb.jobs.snapshot import parse_status, refusal

# `list` is a method below.
_Summaries = list[JobSummary]
_Lines = list[LogEntry]
_Pipelines = list[Pipeline]


class Jobs:
    """``client.jobs``: jobs by id, and lists of them."""

    def __init__(
        self,
        transport: Transport,
        service: ServerJobs,
        poller: Poller,
        boards: MutableSet[Board],
    ) -> None:
        self._transport = transport
        self._service = service
        self._poller = poller
        self._boards = boards

    @call
    async def get(self, job_id: str) -> Job:
        """Attach to a job, whoever started it.

        Raises:
            NotFound: the server does not know it.
        """
        reply = await self._service.fetch_status(job_id, repeat=True)
        sentence = refusal(reply)
        if not isinstance(reply, dict):
            raise BadReply(f"Job {job_id}: {sentence}.", call=endpoints.JOB_STATUS.name)
        if sentence is not None:
            raise NotFound(
                f"Job {job_id}: the server says: {sentence.rstrip('.')}; `client.jobs.list()` "
                "shows the jobs it knows.",
                call=endpoints.JOB_STATUS.name,
            )
        now = time.time()
        return self._job(parse_status(job_id, reply, now=now).replace(started=now))

    def follow(self, submission: Submission) -> Job:
        """Give the handle of a job that was just started; asks the server nothing."""
        return self._job(
            Snapshot(
                job_id=submission.job_id,
                state=JobState.PENDING,
                output_folder=submission.output_folder,
                started=time.time(),
            )
        )

    @call
    async def cancel(self, job_id: str) -> None:
        """Ask the server to stop a job."""
        await self._service.send_control("cancel", job_id)

    @call
    async def pause(self, job_id: str) -> None:
        """Let a job's running files finish and start no more."""
        await self._service.send_control("pause", job_id)

    @call
    async def resume(self, job_id: str) -> None:
        """Go on with a paused job, or with one stopped at a checkpoint."""
        await self._service.send_control("resume", job_id)

    @call
    async def retry(self, job_id: str) -> None:
        """Run the failed files of an ended job again."""
        await self._service.send_control("retry", job_id)

    @call
    async def restart(self, job_id: str) -> Job:
        """Run a job's request again from the beginning, under a new id."""
        return self.follow(await self._service.send_restart(job_id))

    @call
    async def logs(self, job_id: str, *, start: int = 0) -> _Lines:
        """Read a job's log, oldest line first.

        Args:
            job_id: the job.
            start: lines to pass over, because they were read before.
        """
        return await self._service.fetch_logs(job_id, start=start)

    @call
    async def timeline(self, job_id: str) -> Timeline:
        """Read when each step ran for each file; see :meth:`ibflow_nb.Job.timeline`."""
        return await self._service.fetch_timeline(job_id)

    @call
    async def review(
        self, job_id: str, records: Iterable[ReviewedRecord], *, reviewer: str = ""
    ) -> None:
        """Give reviewed values to a job stopped at a checkpoint; then resume it."""
        payload = ReviewJob(job_id=job_id, records=[*records], reviewer=reviewer)
        await self._transport.fetch(endpoints.REVIEW, payload, Envelope)

    @call
    async def set_pipelines(self, job_id: str, pipeline_ids: Iterable[str]) -> None:
        """Replace the pipelines that a job belongs to; none clears them."""
        payload = JobPipelines(job_id=job_id, pipeline_ids=[*pipeline_ids])
        await self._transport.fetch(endpoints.JOB_PIPELINES, payload, Envelope)

    @call
    async def pipelines(self) -> _Pipelines:
        """List the pipelines."""
        endpoint, query = endpoints.PIPELINES, PipelinesQuery()
        return (await self._transport.fetch(endpoint, query, PipelinesReply)).pipelines

    @call
    async def list(
        self,
        *,
        state: str | Iterable[str] = "",
        tags: str | Iterable[str] = "",
        from_timestamp: int | None = None,
        to_timestamp: int | None = None,
        sort_by: str = "start_time",
        limit: int = 50,
        offset: int = 0,
    ) -> _Summaries:
        """List jobs, newest first.

        Args:
            state: only jobs in this state, or in one of these.
            tags: only jobs that carry this tag, or all of these.
            from_timestamp: only jobs submitted at or after (Unix seconds).
            to_timestamp: only jobs submitted at or before (Unix seconds).
            sort_by: ``start_time`` or ``finish_time``.
            limit: jobs at most; as many pages are read as that takes.
            offset: jobs to pass over.
        """
        query = JobListQuery(
            state=_joined(state),
            tags=_joined(tags),
            from_timestamp=from_timestamp,
            to_timestamp=to_timestamp,
            sort_by=sort_by,
            limit=min(limit, LIST_PAGE),
            offset=offset,
        )
        found: _Summaries = []
        async with aclosing(self._service.list_jobs(query, repeat=True)) as pages:
            async for page in pages:
                found += page
                if len(found) >= limit:
                    break
        return found[:limit]

    @call
    async def watch(
        self, *, state: str | Iterable[str] = "", tags: str | Iterable[str] = "", limit: int = 50
    ) -> Board:
        """Follow many jobs together, by one list request an interval, until none goes on.

        Args:
            state: begin with jobs in this state, or in one of these; so do those that join.
            tags: only jobs that carry this tag, or all of these.
            limit: jobs to begin with at most, the newest.
        """
        state, tags = _joined(state), _joined(tags)

        async def look(since: int | None) -> _Summaries:
            return await self.list.aio(tags=tags, from_timestamp=since, limit=MOST)

        first = [row_of(one) for one in await self.list.aio(state=state, tags=tags, limit=limit)]
        states = frozenset(filter(None, state.split(",")))
        board = Board(
            self._service, look, Overview(rows=tuple(first)), states=states, poller=self._poller
        )
        self._boards.add(board)
        return board

    def _job(self, snapshot: Snapshot) -> Job:
        return Job(snapshot.job_id, self._service, snapshot=snapshot, poller=self._poller)


def _joined(words: str | Iterable[str]) -> str:
    return words if isinstance(words, str) else ",".join(words)
