"""The calls about one job, as the job handles need them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ibflow_nb.api import endpoints
from ibflow_nb.api.errors import ApiError, NotFound
from ibflow_nb.api.flow import Submission, SubmissionReply
from ibflow_nb.api.jobs import (
    JobIdRequest,
    JobListQuery,
    JobListReply,
    JobLogsQuery,
    JobLogsReply,
    JobStatusQuery,
    JobSummary,
    LogEntry,
)
from ibflow_nb.api.schema import Envelope, convert_request
from ibflow_nb.api.timeline import TimelineQuery, TimelineReply, TimelineUnit
from ibflow_nb.client.replies import decode, parse
from ibflow_nb.client.results import Results
from ibflow_nb.client.transport import Call, Transport
from ibflow_nb.frames import Records
from ibflow_nb.frames.pictures.timeline import Timeline
from ibflow_nb.jobs.schedule import Pace

_STATUS_PATIENCE = 20.0
"""Seconds for which a status may let us wait; a server that hangs shall be seen to hang."""
LIST_PAGE = 200
"""Most jobs that a server lists on one page."""
_NO_SUCH_CALL = frozenset({404, 405, 501})
_CONTROLS = {
    "cancel": endpoints.JOB_CANCEL,
    "pause": endpoints.JOB_PAUSE,
    "resume": endpoints.JOB_RESUME,
    "retry": endpoints.JOB_RETRY,
}


class ServerJobs:
    """Implements :class:`ibflow_nb.jobs.service.JobService` over HTTP.

    Attributes:
        pace: how often this server may be asked.
    """

    def __init__(self, transport: Transport, results: Results, pace: Pace) -> None:
        self.pace = pace
        self._transport = transport
        self._results = results

    async def fetch_status(self, job_id: str, *, repeat: bool = False) -> Any:
        """Ask how a job stands; the poller itself decides on repeats."""
        endpoint = endpoints.JOB_STATUS
        query = JobStatusQuery(job_id=job_id, type="flow")
        answer = await self._transport.ask(
            Call(endpoint, query, repeat=repeat, patience=_STATUS_PATIENCE)
        )
        return parse(answer, endpoint)

    async def list_jobs(
        self, query: JobListQuery | None = None, *, repeat: bool = False
    ) -> AsyncGenerator[list[JobSummary]]:
        """Give the pages of a list of jobs, newest first; the poller itself decides on repeats."""
        endpoint, patience = endpoints.JOB_LIST, None if repeat else _STATUS_PATIENCE
        wanted: JobListQuery | None = query or JobListQuery(limit=LIST_PAGE)
        while wanted is not None:
            call = Call(endpoint, wanted, repeat=repeat, patience=patience)
            page = decode(await self._transport.ask(call), endpoint, JobListReply)
            yield page.jobs
            wanted = _query_of(page.next_page) if page.next_page and page.jobs else None

    async def send_control(self, action: str, job_id: str) -> None:
        """Carry out ``cancel``, ``pause``, ``resume`` or ``retry``."""
        await self._transport.fetch(_CONTROLS[action], JobIdRequest(job_id=job_id), Envelope)

    async def send_restart(self, job_id: str) -> Submission:
        """Start the job's request again under a new id."""
        payload = JobIdRequest(job_id=job_id)
        return (await self._transport.fetch(endpoints.RESTART, payload, SubmissionReply)).data

    async def fetch_logs(self, job_id: str, *, start: int = 0) -> list[LogEntry]:
        """Give the lines of the job's log from number ``start`` on, oldest first."""
        lines: list[LogEntry] = []
        while True:
            query = JobLogsQuery(job_id=job_id, offset=start + len(lines))
            page = await self._transport.fetch(endpoints.JOB_LOGS, query, JobLogsReply)
            lines += page.logs
            if not page.has_more or not page.logs:
                return lines

    async def fetch_timeline(self, job_id: str) -> Timeline:
        """Read all units of a job with their times.

        Raises:
            NotFound: this server has no such call, or does not know the job.
        """
        units: list[TimelineUnit] = []
        while True:
            query = TimelineQuery(job_id=job_id, offset=len(units))
            try:
                page = await self._transport.fetch(endpoints.JOB_TIMELINE, query, TimelineReply)
            except ApiError as error:
                if error.status_code not in _NO_SUCH_CALL:
                    raise
                raise NotFound(
                    f"Job {job_id}: this server tells no timelines (it has no call "
                    f"{endpoints.JOB_TIMELINE.path}); job.logs() tells what it wrote down.",
                    status_code=error.status_code,
                    call=endpoints.JOB_TIMELINE.name,
                ) from error
            units += page.units
            if not page.has_more or not page.units:
                return Timeline(page.steps, units, now=page.now, job_id=job_id)

    async def fetch_records(self, output_folder: str, job_id: str) -> Records:
        """Read all records of a run."""
        return await self._results.get.aio(output_folder, job_id=job_id)


def _query_of(url: str) -> JobListQuery:
    """Read the query of a ``next_page``; its host is not trusted, ours is asked again."""
    return convert_request(JobListQuery, dict(parse_qsl(urlsplit(url).query)), call="jobs/list")
