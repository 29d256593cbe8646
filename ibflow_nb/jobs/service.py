"""What a job needs of the server; the client floor implements it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, Protocol

from ibflow_nb.api.flow import Submission
from ibflow_nb.api.jobs import JobSummary, LogEntry
from ibflow_nb.frames import Records
from ibflow_nb.frames.pictures.timeline import Timeline
from ibflow_nb.jobs.schedule import Pace


class JobService(Protocol):
    """The calls about jobs, each a single question to the server.

    All raise :class:`~ibflow_nb.api.errors.ConnectionFailed` when no answer comes and
    :class:`~ibflow_nb.api.errors.ApiError` when the server answers with an error.
    """

    @property
    def pace(self) -> Pace:
        """How often this server may be asked."""
        ...

    async def fetch_status(self, job_id: str) -> Any:
        """Ask once, without repeats, and give the parsed JSON as it came."""
        ...

    def list_jobs(self) -> AsyncGenerator[list[JobSummary]]:
        """Give the pages of the list of all jobs, newest first, each asked for when wanted."""
        ...

    async def send_control(self, action: str, job_id: str) -> None:
        """Carry out ``cancel``, ``pause``, ``resume`` or ``retry``."""
        ...

    async def send_restart(self, job_id: str) -> Submission:
        """Start the job's request again under a new id."""
        ...

    async def fetch_logs(self, job_id: str, *, start: int = 0) -> list[LogEntry]:
        """Give the job's log entries from number ``start`` on."""
        ...

    async def fetch_timeline(self, job_id: str) -> Timeline:
        """Read when each step ran for each file."""
        ...

    async def fetch_records(self, output_folder: str, job_id: str) -> Records:
        """Read all records of a run."""
        ...
