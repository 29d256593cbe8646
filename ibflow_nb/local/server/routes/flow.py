"""Flow API: submitting runs, flow binaries, export."""

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


@handlers.answers(endpoints.RUN_STEP)
def run_step(call: Call[flow.RunStep]) -> flow.SubmissionReply:
    """Start one step."""
    return flow.SubmissionReply(data=call.platform.engine.run_step(call.body))


@handlers.answers(endpoints.RUN_METAFLOW)
def run_metaflow(call: Call[flow.RunMetaflow]) -> flow.SubmissionReply:
    """Start a metaflow."""
    return flow.SubmissionReply(data=call.platform.engine.run_metaflow(call.body))


@handlers.answers(endpoints.RUN_FLOWS)
def run_flows(call: Call[flow.RunFlows]) -> flow.SubmissionReply:
    """Start all flows of a folder."""
    return flow.SubmissionReply(data=call.platform.engine.run_flows(call.body))


@handlers.answers(endpoints.RUN_BINARY)
def run_binary(call: Call[flow.RunBinary]) -> flow.SubmissionReply:
    """Start a flow binary."""
    return flow.SubmissionReply(data=call.platform.engine.run_binary(call.body))


@handlers.answers(endpoints.RESTART)
def restart(call: Call[JobIdRequest]) -> flow.SubmissionReply:
    """Start a job again under a new id."""
    return flow.SubmissionReply(data=call.platform.engine.restart(call.body.job_id))


@handlers.answers(endpoints.COMPILE)
def compile_binary(call: Call[flow.CompileBinary]) -> flow.CompileReply:
    """Compile a flow binary; it is there when the reply arrives."""
    return call.platform.engine.compile(call.body)


@handlers.answers(endpoints.REVIEW)
def review(call: Call[flow.ReviewJob]) -> Envelope:
    """Keep reviewed values of a job that stopped at a checkpoint."""
    call.platform.engine.review(call.body)
    return Envelope()


@handlers.answers(endpoints.EXPORT_BATCH)
def export_batch(call: Call[flow.ExportBatch]) -> flow.ExportReply:
    """Give a run's records as CSV."""
    return flow.ExportReply(csv_text=call.platform.engine.export_csv(call.body.path))
