"""Marketplace and Solution API: packages, the marketplace, runs of solutions."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from ibflow_nb.api import endpoints, solutions
from ibflow_nb.api.flow import RunBinary
from ibflow_nb.api.jobs import JobResult
from ibflow_nb.api.schema import Envelope
from ibflow_nb.local.engine.export import records_csv
from ibflow_nb.local.server.handlers import Call, Handlers
from ibflow_nb.local.server.platform import Platform
from ibflow_nb.local.server.receiving import receive_run
from ibflow_nb.local.server.refusals import json_response
from ibflow_nb.local.solutions.create import CreatedSolution, create_solution

handlers = Handlers()


@handlers.answers(endpoints.SOLUTION_CREATE)
def create(call: Call[solutions.CreateSolution]) -> solutions.CreateSolutionReply:
    """Pack a content folder; with ``async`` in a thread, then the job has the path."""
    platform, body = call.platform, call.body
    content = platform.drive.locate(body.content_folder)
    output = platform.drive.place(body.output_folder)

    def pack() -> CreatedSolution:
        return create_solution(content, output, platform.engine.pack_flow, platform.settings.limits)

    def work() -> JobResult:
        return JobResult(solution_path=platform.drive.path_of(pack().path))

    if body.run_async:
        return solutions.CreateSolutionReply(job_id=platform.brief_jobs.start(work))
    created = pack()
    return solutions.CreateSolutionReply(
        output_path=platform.drive.path_of(created.path), note=created.note
    )


@handlers.answers(endpoints.MARKETPLACE_PUBLISH)
def publish(call: Call[solutions.PublishSolution]) -> solutions.PublishReply:
    """Publish a package; with ``async`` in a thread."""
    platform = call.platform
    path = platform.drive.locate(call.body.ibsolution_path)

    def work() -> JobResult:
        platform.marketplace.publish(path)
        return JobResult()

    if call.body.run_async:
        return solutions.PublishReply(job_id=platform.brief_jobs.start(work))
    work()
    return solutions.PublishReply()


@handlers.answers(endpoints.MARKETPLACE_UNPUBLISH)
def unpublish(call: Call[solutions.SolutionVersion]) -> Envelope:
    """Withdraw a published version."""
    call.platform.marketplace.unpublish(call.body.name, call.body.version)
    return Envelope()


@handlers.answers(endpoints.MARKETPLACE_INSTALL)
def install(call: Call[solutions.SolutionVersion]) -> Envelope:
    """Install a published version."""
    call.platform.marketplace.install(call.body.name, call.body.version)
    return Envelope()


@handlers.answers(endpoints.MARKETPLACE_LIST)
def list_solutions(call: Call[solutions.MarketplaceQuery]) -> solutions.MarketplaceReply:
    """List what is published and what is installed."""
    return solutions.MarketplaceReply(apps=call.platform.marketplace.apps())


@handlers.answers(endpoints.SOLUTION_RUN)
def run(call: Call[solutions.RunSolution]) -> solutions.RunSolutionReply:
    """Start an installed solution, or a package by its path."""
    platform, body = call.platform, call.body
    solution = platform.solutions.to_run(body.name, body.version, body.solution_path)
    request = RunBinary(
        input_dir=body.input_folder,
        binary_path=platform.solutions.place_binary(solution),
        settings=body.settings,
    )
    submission = platform.engine.run_binary(request)
    return solutions.RunSolutionReply(
        data=submission,
        solution=solutions.RunningSolution(
            name=solution.package.name,
            version=solution.package.version,
            job_id=submission.job_id,
        ),
    )


@handlers.serves(endpoints.SOLUTION_RUN_SYNC)
async def run_sync(platform: Platform, request: Request) -> Response:
    """Run a solution on the files in the body; the answer comes when the run has ended."""
    limits = platform.settings.limits
    async with platform.sync_runs.spool_folder() as folder:
        received = await platform.slow_calls.consume(
            request, limits.body_bytes, lambda blocks: receive_run(blocks, folder, limits)
        )
        answer = await platform.sync_runs.answer(received)
    if received.request.options.result_format != "csv":
        return json_response(answer)
    return json_response(
        solutions.RunSyncCsvReply(job_id=answer.job_id, csv_text=records_csv(answer.records))
    )
