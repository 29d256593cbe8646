"""Job API: status, list, control, logs, pipelines."""

from __future__ import annotations

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from ibflow_nb.api import endpoints, jobs
from ibflow_nb.api.files import FileJobState
from ibflow_nb.api.jobs import CurStatus, JobStatusReply
from ibflow_nb.api.schema import Envelope
from ibflow_nb.api.timeline import TimelineQuery, TimelineReply
from ibflow_nb.local.server.handlers import Call, Handlers, path_parameter
from ibflow_nb.local.server.platform import Platform
from ibflow_nb.local.server.refusals import json_response

handlers = Handlers()

PERMISSIONS = [
    f"flow_pipeline:{right}" for right in ("read", "execute", "delete", "manage_pipelines", "write")
]


@handlers.answers(endpoints.JOB_STATUS)
def status(call: Call[jobs.JobStatusQuery]) -> JobStatusReply:
    """Tell how a job stands."""
    return _status(call.platform, call.body.job_id)


@handlers.answers(endpoints.JOB_LIST)
def list_jobs(call: Call[jobs.JobListQuery]) -> jobs.JobListReply:
    """List jobs; clients follow ``next_page`` as a full URL."""
    reply = call.platform.engine.list_jobs(call.body)
    if reply.next_page:
        reply.next_page = f"{call.base_url}{reply.next_page}"
    return reply


@handlers.answers(endpoints.JOB_CANCEL)
def cancel(call: Call[jobs.JobIdRequest]) -> JobStatusReply:
    """Stop a job."""
    return call.platform.engine.cancel(call.body.job_id)


@handlers.answers(endpoints.JOB_PAUSE)
def pause(call: Call[jobs.JobIdRequest]) -> JobStatusReply:
    """Let running files finish and start no more."""
    return call.platform.engine.pause(call.body.job_id)


@handlers.answers(endpoints.JOB_RESUME)
def resume(call: Call[jobs.JobIdRequest]) -> JobStatusReply:
    """Go on with a paused or stopped job."""
    return call.platform.engine.resume(call.body.job_id)


@handlers.answers(endpoints.JOB_RETRY)
def retry(call: Call[jobs.JobIdRequest]) -> JobStatusReply:
    """Run the failed files of a job again."""
    return call.platform.engine.retry(call.body.job_id)


@handlers.answers(endpoints.JOB_LOGS)
def logs(call: Call[jobs.JobLogsQuery]) -> jobs.JobLogsReply:
    """Give the lines of a job's log."""
    query = call.body
    return call.platform.engine.logs(query.job_id, query.offset, query.limit)


@handlers.answers(endpoints.JOB_TIMELINE)
def timeline(call: Call[TimelineQuery]) -> TimelineReply:
    """Tell when each step ran for each file of a job."""
    return call.platform.engine.timeline(call.body)


@handlers.answers(endpoints.JOB_PIPELINES)
def set_pipelines(call: Call[jobs.JobPipelines]) -> Envelope:
    """Replace the pipelines of a job."""
    call.platform.engine.set_pipelines(call.body.job_id, call.body.pipeline_ids)
    return Envelope()


@handlers.answers(endpoints.PIPELINES, endpoints.PIPELINES_OF_JOBS)
def list_pipelines(call: Call[jobs.PipelinesQuery]) -> jobs.PipelinesReply:
    """List the pipelines; one exists as soon as a job belongs to it, under its id."""
    ids = call.platform.engine.pipelines()
    return jobs.PipelinesReply(
        pipelines=[jobs.Pipeline(id=name, name=name, permissions=PERMISSIONS) for name in ids]
    )


@handlers.serves(endpoints.FILE_JOB)
async def state_in_v2_words(platform: Platform, request: Request) -> Response:
    """Tell how a job stands, at the address that file operations answer."""
    reply = await run_in_threadpool(_status, platform, path_parameter(request))
    current = msgspec.json.decode(reply.cur_status, type=CurStatus)
    known = {"PAUSED": "RUNNING", "STOPPED_AT_CHECKPOINT": "FAILED"}
    state = known.get(current.status, current.status)
    return json_response(FileJobState(state=state, message=current.curMsg))


def _status(platform: Platform, job_id: str) -> JobStatusReply:
    return platform.brief_jobs.status(job_id) or platform.engine.status(job_id)
