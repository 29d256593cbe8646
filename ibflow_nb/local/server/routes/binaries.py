"""Flow Binary API: compiling flows, running binaries."""

from __future__ import annotations

from ibflow_nb.api import endpoints, flow
from ibflow_nb.api.jobs import JobResult
from ibflow_nb.local.server.handlers import Call, Handlers

handlers = Handlers()


@handlers.answers(endpoints.COMPILE)
def compile_binary(call: Call[flow.CompileBinary]) -> flow.CompileReply:
    """Compile a flow; the job is done when its id is given away."""
    path = call.platform.engine.compile(call.body)
    job_id = call.platform.brief_jobs.add(JobResult(binary_path=path))
    return flow.CompileReply(job_id=job_id, binary_path=path)


@handlers.answers(endpoints.RUN_BINARY)
def run_binary(call: Call[flow.RunBinary]) -> flow.SubmissionReply:
    """Start a flow binary."""
    return flow.SubmissionReply(data=call.platform.engine.run_binary(call.body))
