"""Flow API: submitting runs, review."""

from __future__ import annotations

from ibflow_nb.api import endpoints, flow
from ibflow_nb.api.jobs import JobIdRequest
from ibflow_nb.api.results import ResultsOptions
from ibflow_nb.api.schema import Envelope
from ibflow_nb.local.engine.export import batch_folder, records_csv
from ibflow_nb.local.server.handlers import Call, Handlers

handlers = Handlers()


@handlers.answers(endpoints.RUN_FLOW)
def run_flow(call: Call[flow.RunFlow]) -> flow.SubmissionReply:
    """Start a flow."""
    return flow.SubmissionReply(data=call.platform.engine.run_flow(call.body))


@handlers.answers(endpoints.RUN_STEP)
def run_step(call: Call[flow.RunStep]) -> flow.SubmissionReply:
    """Start one step of a flow, or a step by itself."""
    return flow.SubmissionReply(data=call.platform.engine.run_step(call.body))


@handlers.answers(endpoints.RUN_METAFLOW)
def run_metaflow(call: Call[flow.RunMetaflow]) -> flow.SubmissionReply:
    """Start a metaflow."""
    return flow.SubmissionReply(data=call.platform.engine.run_metaflow(call.body))


@handlers.answers(endpoints.RUN_FLOWS)
def run_flows(call: Call[flow.RunFlows]) -> flow.SubmissionReply:
    """Start all flows of a folder."""
    return flow.SubmissionReply(data=call.platform.engine.run_flows(call.body))


@handlers.answers(endpoints.RESTART)
def restart(call: Call[JobIdRequest]) -> flow.SubmissionReply:
    """Start a job again under a new id."""
    return flow.SubmissionReply(data=call.platform.engine.restart(call.body.job_id))


@handlers.answers(endpoints.REVIEW)
def review(call: Call[flow.ReviewJob]) -> Envelope:
    """Keep reviewed values of a job that stopped at a checkpoint."""
    call.platform.engine.review(call.body)
    return Envelope()


@handlers.answers(endpoints.EXPORT_BATCH)
def export_batch(call: Call[flow.ExportBatch]) -> flow.ExportReply:
    """Give the records of a run as CSV."""
    path = batch_folder(call.body.path)
    records = call.platform.engine.all_records(path, ResultsOptions())
    return flow.ExportReply(csv_text=records_csv(records))
