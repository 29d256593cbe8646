"""Job API: states, status, list and control (source: both documents, "Job status")."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from ibflow_nb.api.schema import Envelope, Reply, Request, ok


class JobState(StrEnum):
    """True condition of a job, as ``cur_status.status`` tells it.

    PENDING is a job that waits for its turn; UNKNOWN one whose server has not said yet.
    """

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    COMPLETE = "COMPLETE"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    STOPPED_AT_CHECKPOINT = "STOPPED_AT_CHECKPOINT"
    UNKNOWN = "UNKNOWN"

    @property
    def done(self) -> bool:
        """Whether the job has ended; one stopped at a checkpoint has, until it is resumed."""
        return self in _ENDS


_ENDS = frozenset(
    {
        JobState.COMPLETE,
        JobState.FAILED,
        JobState.CANCELLED,
        JobState.STOPPED_AT_CHECKPOINT,
    }
)


class RunSummary(Reply, omit_defaults=False):
    """Counts of a run: files, records, files with an error; failed files by reason."""

    numFiles: int = 0  # noqa: N815
    numRecords: int = 0  # noqa: N815
    numRuntimeErrors: int = 0  # noqa: N815
    recordsWithMsg: dict[str, int] = {}  # noqa: N815


class CurStatus(Reply, omit_defaults=False):
    """Content of the ``cur_status`` string; all keys are always there.

    Attributes:
        status: a :class:`JobState`.
        total: files in the job.
        index: files done; never falls.
        curMsg: sentence on what happens now.
        curProgress: 0 to 1; never falls.
        finish_timestamp: Unix seconds of the end; null while running.
        step: internal name of the step that is worked on.
        reviewer: user who reviews; empty if none.
        review_state: NONE, IN REVIEW, COMPLETED or NOT_COMPLETED.
        run_summary: counts of the run so far.
    """

    status: str = "RUNNING"
    total: int | None = None
    index: int | None = None
    curMsg: str = ""  # noqa: N815
    curProgress: float = 0.0  # noqa: N815
    finish_timestamp: int | None = None
    step: str = ""
    reviewer: str = ""
    review_state: str = "NONE"
    run_summary: RunSummary | None = None

    def to_text(self) -> str:
        """Give the JSON string that the status reply carries."""
        return msgspec.json.encode(self).decode()


class JobResult(Reply):
    """One entry of ``results``: OK with the output folder, or ERROR with a reason.

    A packed solution has ``solution_path`` instead, a compiled flow ``binary_path``.
    """

    status: str = msgspec.field(default_factory=ok)
    output_folder: str | None = None
    solution_path: str | None = None
    binary_path: str | None = None
    msg: str | None = None


class JobStatusQuery(Request):
    """Query of ``jobs/status``; ``type`` is accepted and never checked."""

    job_id: str
    type: str = ""


class JobStatusReply(Envelope, omit_defaults=True):
    """Reply of ``jobs/status``: ``state`` PENDING or DONE, ``cur_status`` a JSON string.

    This is what the embedded platform sends. The client reads every shape seen in the field
    and therefore does not decode into this type (see :mod:`ibflow_nb.jobs.snapshot`).
    """

    state: str
    job_id: str
    cur_status: str
    results: list[JobResult] | None = None
    msg: str | None = None


class JobIdRequest(Request):
    """Body of restart, cancel, pause, resume, retry: ``{"job_id": ...}``."""

    job_id: str


class JobListQuery(Request):
    """Query of ``jobs/list``.

    Attributes:
        state: only jobs in this :class:`JobState` (comma separated for several).
        tags: only jobs that carry all of these (comma separated).
        from_timestamp: only jobs submitted at or after (Unix seconds).
        to_timestamp: only jobs submitted at or before (Unix seconds).
        sort_by: ``start_time`` or ``finish_time``; newest first.
        limit: jobs a page, at most 200.
        offset: jobs to pass over.
    """

    state: str = ""
    tags: str = ""
    from_timestamp: int | None = None
    to_timestamp: int | None = None
    sort_by: str = "start_time"
    limit: int = 50
    offset: int = 0


class JobSummary(Reply, omit_defaults=False):
    """One job in ``jobs/list``; timestamps in Unix seconds.

    Attributes:
        num_done: files that are done or failed; None where the server does not count them.
    """

    job_id: str
    state: str
    kind: str
    flow_path: str = ""
    input_dir: str = ""
    output_folder: str = ""
    user: str = ""
    tags: list[str] = []
    start_timestamp: int | None = None
    finish_timestamp: int | None = None
    num_files: int = 0
    num_errors: int = 0
    num_done: int | None = None
    msg: str = ""


class JobListReply(Envelope):
    """Reply of ``jobs/list``: one page, and the URL of the next or null."""

    jobs: list[JobSummary]
    next_page: str | None = None


class LogEntry(Reply, omit_defaults=False):
    """One line of a job's log; ``ts`` is ``YYYY-MM-DD HH:MM:SS,mmm`` in UTC."""

    ts: str
    log: str
    step: str = ""
    jobId: str = ""  # noqa: N815
    taskId: str = ""  # noqa: N815


class JobLogsQuery(Request):
    """Query of ``jobs/logs``.

    Attributes:
        job_id: the job.
        offset: lines to pass over, to follow a running job.
        limit: lines at most.
    """

    job_id: str
    offset: int = 0
    limit: int = 10_000


class JobLogsReply(Envelope):
    """Reply of ``jobs/logs``: the lines, and whether there are more."""

    job_id: str
    logs: list[LogEntry]
    has_more: bool = False


class JobPipelines(Request):
    """Body of ``jobs/pipelines``: replaces the pipelines of a job; an empty list clears them."""

    job_id: str
    pipeline_ids: list[str] = []


class Pipeline(Reply, omit_defaults=False):
    """A pipeline: a name that runs are collected under."""

    id: str
    name: str
    permissions: list[str] = []
    is_manager: bool = True


class PipelinesQuery(Request):
    """Query of the pipeline list; there is nothing to ask for."""


class PipelinesReply(Envelope):
    """Reply of the pipeline list."""

    pipelines: list[Pipeline]
