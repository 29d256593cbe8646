"""Flow API: submitting runs, review."""

from __future__ import annotations

from ibflow_nb.api import endpoints, flow
from ibflow_nb.api.jobs import JobIdRequest
from ibflow_nb.api.schema import Envelope
from ibflow_nb.local.server.handlers import Call, Handlers

handlers = Handlers()


@handlers.answers(endpoints.RUN_FLOW)
def run_flow(call: Call[flow.RunFlow]) -> flow.SubmissionReply:
    """Start a flow."""
    return flow.SubmissionReply(data=call.platform.engine.run_flow(call.body))


@handlers.answers(endpoints.RESTART)
def restart(call: Call[JobIdRequest]) -> flow.SubmissionReply:
    """Start a job again under a new id."""
    return flow.SubmissionReply(data=call.platform.engine.restart(call.body.job_id))


@handlers.answers(endpoints.REVIEW)
def review(call: Call[flow.ReviewJob]) -> Envelope:
    """Keep reviewed values of a job that stopped at a checkpoint."""
    call.platform.engine.review(call.body)
    return Envelope()


handlers.lacks(
    endpoints.RUN_STEP,
    endpoints.RUN_METAFLOW,
    endpoints.RUN_FLOWS,
    endpoints.EXPORT_BATCH,
)
