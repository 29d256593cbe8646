"""``pipelines`` and ``approve``: what people add to a job."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ibflow_nb.api.errors import CommandError
from ibflow_nb.notebook.bodies import Body, to_request
from ibflow_nb.notebook.commands.base import Call, Command, argument
from ibflow_nb.notebook.commands.naming import job_argument, reference
from ibflow_nb.notebook.commands.starting import follow_as_asked
from ibflow_nb.notebook.table import Table

if TYPE_CHECKING:
    from ibflow_nb.api.flow import ReviewJob
    from ibflow_nb.api.jobs import JobPipelines, Pipeline
    from ibflow_nb.jobs import Job
    from ibflow_nb.notebook.context import Context


def pipelines(context: Context, args: argparse.Namespace) -> Table[Pipeline] | None:
    """List the pipelines, or replace those of a job."""
    change = _change(context, args)
    jobs = context.connection.client.jobs
    if change is not None:
        jobs.set_pipelines(change.job_id, change.pipeline_ids)
        now = ", ".join(change.pipeline_ids) or "none"
        context.screen.say(f"Pipelines of job {change.job_id}: {now}.")
        return None
    return Table(
        jobs.pipelines(),
        {"id": lambda pipeline: pipeline.id, "name": lambda pipeline: pipeline.name},
        empty="There are no pipelines; 'run ... --pipeline ID' makes one.",
    )


def _change(context: Context, args: argparse.Namespace) -> JobPipelines | None:
    from ibflow_nb.api.jobs import JobPipelines

    ids = getattr(args, "pipeline_ids", None)
    clear = getattr(args, "clear", False)
    if not ids and not clear:
        if reference(args):
            raise CommandError("pipelines JOB takes --set ID ... or --clear.")
        return None
    if ids and clear:
        raise CommandError("pipelines takes --set or --clear, not both.")
    return JobPipelines(job_id=context.job(reference(args)).id, pipeline_ids=ids or [])


def _preview_pipelines(context: Context, args: argparse.Namespace) -> Call:
    from ibflow_nb.api.endpoints import JOB_PIPELINES, PIPELINES

    change = _change(context, args)
    return Call(PIPELINES) if change is None else Call(JOB_PIPELINES, change)


def approve(context: Context, args: argparse.Namespace) -> Job:
    """Give reviewed values to a job that stopped at a checkpoint, and resume it."""
    review = _review(context, args)
    job = context.job(review.job_id)
    context.connection.client.jobs.review(job.id, review.records, reviewer=review.reviewer)
    job.resume()
    return follow_as_asked(context, args, job, context.jobs.title(job.id))


def _review(context: Context, args: argparse.Namespace) -> ReviewJob:
    from ibflow_nb.api.flow import ReviewJob

    body = context.body or Body()
    options = {"reviewer": args.reviewer} if hasattr(args, "reviewer") else {}
    if "job_id" not in body.values:
        options["job_id"] = context.job(reference(args)).id
    return to_request(ReviewJob, body, options, call="approve")


def _preview_approve(context: Context, args: argparse.Namespace) -> Call:
    from ibflow_nb.api.endpoints import REVIEW

    return Call(REVIEW, _review(context, args), note="then the job is resumed")


COMMANDS = (
    Command(
        name="pipelines",
        summary="List the pipelines, or replace those of a job.",
        run=pipelines,
        preview=_preview_pipelines,
        arguments=(
            job_argument("the job to change"),
            argument("--set", dest="pipeline_ids", metavar="ID", nargs="+",
                     help="pipelines that it belongs to from now on"),
            argument("--clear", action="store_true", help="it belongs to none from now on"),
        ),
        examples=("pipelines", "pipelines 3f2a --set invoices july"),
    ),
    Command(
        name="approve",
        summary="Give reviewed values to a job stopped at a checkpoint, and resume it.",
        run=approve,
        preview=_preview_approve,
        starts_job=True,
        takes_body=True,
        list_key="records",
        arguments=(
            job_argument(),
            argument("--reviewer", metavar="WHO", help="who reviewed"),
        ),
        examples=("approve 3f2a --reviewer ada",),
        details="In the cell form the body lists the reviewed records, as YAML or JSON:\n\n"
        "  %%ibflow approve\n  - file_index: 0\n    values: {total: '12.50'}\n"
        "  - {file_index: 3, approved: true}",
    ),
)  # fmt: skip
