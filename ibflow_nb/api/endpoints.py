"""The endpoint table: every call of the API, once.

The server builds its routes and its OpenAPI document from it, the client its requests.
"""

from __future__ import annotations

from dataclasses import dataclass

from ibflow_nb.api import drives, files, flow, jobs, results, solutions, timeline
from ibflow_nb.api.schema import Envelope, Reply, Request


@dataclass(frozen=True)
class Endpoint:
    """One call.

    Attributes:
        name: identifier, used in errors and as OpenAPI operation id.
        method: HTTP method.
        path: path below the root, such as ``flow/run_flow_async``; ``{path}`` stands for a
            drive path.
        summary: one line on what it does.
        source: document and section that define it.
        request: type of the JSON body, or of the query for GET; None for raw bytes or nothing.
        reply: type of the JSON reply; None for raw bytes or nothing.
        version: 1 (HTTP 200 with ``status``) or 2 (HTTP status codes).
        resend: whether sending it twice has the effect of sending it once.
    """

    name: str
    method: str
    path: str
    summary: str
    source: str
    request: type[Request] | None = None
    reply: type[Reply] | None = None
    version: int = 1
    resend: bool = False

    @property
    def url(self) -> str:
        """Path from the server's root: ``/api/v1/...`` or ``/api/v2/...``."""
        return f"/api/v{self.version}/{self.path}"


# The first line of each row holds name, method and path.
# fmt: off
RUN_FLOW = Endpoint(
    "run_flow_async", "POST", "flow/run_flow_async",
    "Run a flow.", "Flow API, Run a flow", flow.RunFlow, flow.SubmissionReply,
)
JOB_STATUS = Endpoint(
    "job_status", "GET", "jobs/status",
    "Tell how a job stands.",
    "Flow API, Job status; Marketplace and Solution API, Get Solution Execution Status",
    jobs.JobStatusQuery, jobs.JobStatusReply, resend=True,
)
JOB_LIST = Endpoint(
    "job_list", "GET", "jobs/list",
    "List jobs, newest first.", "Job API, list", jobs.JobListQuery, jobs.JobListReply,
    resend=True,
)
JOB_CANCEL = Endpoint(
    "job_cancel", "POST", "jobs/cancel",
    "Stop a job.", "Job API, cancel", jobs.JobIdRequest, jobs.JobStatusReply, resend=True,
)
JOB_PAUSE = Endpoint(
    "job_pause", "POST", "jobs/pause",
    "Let running files finish and start no more.", "Job API, pause", jobs.JobIdRequest,
    jobs.JobStatusReply, resend=True,
)
JOB_RESUME = Endpoint(
    "job_resume", "POST", "jobs/resume",
    "Go on with a paused job or one stopped at a checkpoint.", "Job API, resume",
    jobs.JobIdRequest, jobs.JobStatusReply, resend=True,
)
JOB_RETRY = Endpoint(
    "job_retry", "POST", "jobs/retry",
    "Run the failed files of an ended job again.", "Job API, retry", jobs.JobIdRequest,
    jobs.JobStatusReply,
)
JOB_LOGS = Endpoint(
    "job_logs", "GET", "jobs/logs",
    "Read a job's log.", "Job API, logs (defined here in the platform's style)",
    jobs.JobLogsQuery, jobs.JobLogsReply, resend=True,
)
JOB_TIMELINE = Endpoint(
    "job_timeline", "GET", "jobs/timeline",
    "Tell when each step ran for each file of a job.", "Defined here in the platform's style",
    timeline.TimelineQuery, timeline.TimelineReply, resend=True,
)
JOB_PIPELINES = Endpoint(
    "job_pipelines", "POST", "jobs/pipelines",
    "Replace the pipelines of a job.", "Flow Pipeline API", jobs.JobPipelines, Envelope,
    resend=True,
)
PIPELINES = Endpoint(
    "pipelines", "GET", "flow/pipeline",
    "List the pipelines.", "Flow Pipeline API", jobs.PipelinesQuery, jobs.PipelinesReply,
    resend=True,
)
PIPELINES_OF_JOBS = Endpoint(
    "pipelines_of_jobs", "GET", "jobs/pipelines",
    "List the pipelines, at its second address.", "Flow Pipeline API", jobs.PipelinesQuery,
    jobs.PipelinesReply, resend=True,
)
RUN_STEP = Endpoint(
    "run_step_async", "POST", "flow/run_step_async",
    "Run one step.", "Flow API, Run a step; Run a fully configured step", flow.RunStep,
    flow.SubmissionReply,
)
RESTART = Endpoint(
    "restart", "POST", "flow/restart",
    "Run a job again from the beginning, under a new id.", "Flow API, Restart a flow",
    jobs.JobIdRequest, flow.SubmissionReply,
)
RUN_METAFLOW = Endpoint(
    "run_metaflow_async", "POST", "flow/run_metaflow_async",
    "Classify each file and run the flow of its class.", "Flow API, Run a metaflow",
    flow.RunMetaflow, flow.SubmissionReply,
)
RUN_FLOWS = Endpoint(
    "run_flows_async", "POST", "flow/run_flows_async",
    "Run all flows of a folder.", "Flow API, run_flows_async", flow.RunFlows,
    flow.SubmissionReply,
)
REVIEW = Endpoint(
    "review", "POST", "flow/review",
    "Give reviewed values to a job stopped at a checkpoint.",
    "Defined here in the platform's style", flow.ReviewJob, Envelope, resend=True,
)
EXPORT_BATCH = Endpoint(
    "export_review_batch", "POST", "flow/export/review_batch",
    "Give a run's records as CSV.", "Flow API, export flow output", flow.ExportBatch,
    flow.ExportReply, resend=True,
)
COMPILE = Endpoint(
    "flow_binary_compile", "POST", "flow_binary/compile",
    "Compile a flow into an .ibflowbin.", "Flow Binary API, compile", flow.CompileBinary,
    flow.CompileReply, resend=True,
)
RUN_BINARY = Endpoint(
    "run_binary_async", "POST", "flow/run_binary_async",
    "Run a flow binary.", "Flow Binary API, Run a Flow Binary", flow.RunBinary,
    flow.SubmissionReply,
)
RESULTS = Endpoint(
    "flow_results", "POST", "flow_binary/results",
    "Read the records of a run, 20 files a page.", "Flow Results API", results.ResultsQuery,
    results.ResultsReply, resend=True,
)
PAGE_IMAGE = Endpoint(
    "page_image", "POST", "flow_binary/page_image",
    "Draw a page of a record.", "Defined here in the platform's style", results.PageImageQuery,
    results.PageImage, resend=True,
)
SOLUTION_CREATE = Endpoint(
    "solution_create", "POST", "solution/create",
    "Pack a content folder into an .ibsolution.",
    "Marketplace and Solution API, Package a solution", solutions.CreateSolution,
    solutions.CreateSolutionReply, resend=True,
)
SOLUTION_RUN = Endpoint(
    "solution_run", "POST", "solution/run",
    "Run an installed solution, or an .ibsolution by its path.",
    "Marketplace and Solution API, Run a solution", solutions.RunSolution,
    solutions.RunSolutionReply,
)
SOLUTION_RUN_SYNC = Endpoint(
    "solution_run_sync", "POST", "solution/run_sync",
    "Run a solution on files in the body and answer its records.",
    "Marketplace and Solution API, Run a solution in sync mode", solutions.RunSync,
    solutions.RunSyncReply,
)
MARKETPLACE_PUBLISH = Endpoint(
    "marketplace_publish", "POST", "marketplace/publish",
    "Publish an .ibsolution.", "Marketplace and Solution API, Publish a solution to Marketplace",
    solutions.PublishSolution, solutions.PublishReply, resend=True,
)
MARKETPLACE_UNPUBLISH = Endpoint(
    "marketplace_unpublish", "POST", "marketplace/unpublish",
    "Withdraw a published version; where it is installed it stays.", "Marketplace API, unpublish",
    solutions.SolutionVersion, Envelope,
)
MARKETPLACE_INSTALL = Endpoint(
    "marketplace_install", "POST", "marketplace/install",
    "Install a published version.",
    "Marketplace and Solution API, Install a Marketplace solution", solutions.SolutionVersion,
    Envelope, resend=True,
)
MARKETPLACE_LIST = Endpoint(
    "marketplace_list", "GET", "marketplace/list",
    "List published and installed solutions with their versions.", "Marketplace API, list",
    solutions.MarketplaceQuery, solutions.MarketplaceReply, resend=True,
)
FILE_CREATE = Endpoint(
    "file_create", "POST", "files/{path}",
    "Create an empty file or a folder.", "Filesystem API V2, create", files.CreateNode, version=2,
)
FILE_WRITE = Endpoint(
    "file_write", "PUT", "files/{path}",
    "Write a file; If-None-Match: * refuses to overwrite.", "Filesystem API V2, write", version=2,
    resend=True,
)
FILE_APPEND = Endpoint(
    "file_append", "PATCH", "files/{path}",
    "Write a chunk at the IB-Cursor (0 start, -1 end).", "Filesystem API V2, append", version=2,
)
FILE_READ = Endpoint(
    "file_read", "GET", "files/{path}",
    "Read a file (also a Range), or list a folder.", "Filesystem API V2, read and list",
    reply=files.Listing, version=2, resend=True,
)
FILE_HEAD = Endpoint(
    "file_head", "HEAD", "files/{path}",
    "Tell whether a path exists, its kind and size.", "Filesystem API V2, head", version=2,
    resend=True,
)
FILE_DELETE = Endpoint(
    "file_delete", "DELETE", "files/{path}",
    "Delete a file or a folder.", "Filesystem API V2, delete", version=2, resend=True,
)
FILE_COPY = Endpoint(
    "file_copy", "POST", "files/copy",
    "Copy a file or a folder.", "Filesystem API V2, copy", files.CopyNode, files.FileJobReply,
    version=2, resend=True,
)
FILE_MOVE = Endpoint(
    "file_move", "POST", "files/move",
    "Move a file or a folder.", "Filesystem API V2, move", files.CopyNode, files.FileJobReply,
    version=2,
)
FILE_EXTRACT = Endpoint(
    "file_extract", "POST", "files/extract",
    "Unpack a zip file into a folder.", "Filesystem API V2, extract", files.CopyNode,
    files.FileJobReply, version=2, resend=True,
)
FILE_JOB = Endpoint(
    "file_job", "GET", "jobs/{path}",
    "Tell how a job stands: the address that copy, move, extract and delete answer.",
    "Filesystem API V2, job status", reply=files.FileJobState, version=2, resend=True,
)
DRIVE_READ = Endpoint(
    "drive_read", "GET", "drives/{path}",
    "Read a file or list a folder.", "Filesystem API, deprecated: read and list",
    drives.DriveArguments, drives.DriveListing, resend=True,
)
DRIVE_UNZIP = Endpoint(
    "drive_unzip", "POST", "drives/{path}/unzip",
    "Unpack a zip file of a folder.", "Filesystem API, deprecated: unzip", drives.DriveUnzip,
    drives.DriveJobReply, resend=True,
)
DRIVE_COPY = Endpoint(
    "drive_copy", "POST", "drives/{path}/copy",
    "Copy a file or a folder.", "Filesystem API, deprecated: copy", drives.DriveCopy,
    drives.DriveJobReply, resend=True,
)
DRIVE_WRITE = Endpoint(
    "drive_write", "POST", "drives/{path}",
    "Create a folder or write a file; the arguments come in a header.",
    "Filesystem API, deprecated: create and write", reply=Envelope,
)
DRIVE_DELETE = Endpoint(
    "drive_delete", "DELETE", "drives/{path}",
    "Delete a file or a folder.", "Filesystem API, deprecated: delete", reply=Envelope,
    resend=True,
)
# fmt: on

ENDPOINTS: tuple[Endpoint, ...] = tuple(
    value for value in list(globals().values()) if isinstance(value, Endpoint)
)
