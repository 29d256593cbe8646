"""``results``, ``review``, ``charts``, ``timeline``: a run as data and in pictures."""

from __future__ import annotations

import argparse
import dataclasses
import functools
from typing import TYPE_CHECKING

from ibflow_nb.api.errors import CommandError
from ibflow_nb.notebook.commands.base import Call, Command, argument, whole_from_one
from ibflow_nb.notebook.commands.naming import job_argument, preview_job, reference
from ibflow_nb.notebook.waiting import follow

if TYPE_CHECKING:
    from ibflow_nb.frames import Records
    from ibflow_nb.frames.pictures.charts import Charts
    from ibflow_nb.frames.pictures.review import Review
    from ibflow_nb.frames.pictures.timeline import Timeline
    from ibflow_nb.notebook.context import Context


def results(context: Context, args: argparse.Namespace) -> Records:
    """Read the records of a run; wait for its end first."""
    job = context.job(reference(args))
    if not job.done:
        follow(context, job, context.jobs.title(job.id), wait=True)
    return job.records()


def review(context: Context, args: argparse.Namespace) -> Review:
    """Show the records of a run beside their pages; wait for its end first.

    Raises:
        CommandError: the run has no such record.
    """
    records = results(context, args)
    if args.first not in range(max(len(records), 1)):
        raise CommandError(f"There is no record {args.first}: the run has {len(records)}, from 0.")
    return records.show(args.first, most=args.most, threshold=args.threshold)


def timeline(context: Context, args: argparse.Namespace) -> Timeline:
    """Tell when each step of a run worked on each file, so far."""
    return context.job(reference(args)).timeline()


def charts(context: Context, args: argparse.Namespace) -> Charts:
    """Chart the fields of a run; wait for its end first."""
    return results(context, args).charts(threshold=args.threshold)


def _preview(context: Context, args: argparse.Namespace) -> Call:
    call = preview_job("JOB_STATUS", context, args)
    note = "when the job has ended, its records are read by POST /api/v1/flow_binary/results"
    return dataclasses.replace(call, note=note)


_THRESHOLD = argument("--threshold", help="confidences below are marked; default 0.8", type=float,
                      default=0.8, metavar="C")  # fmt: skip
COMMANDS = (
    Command(
        name="results",
        summary="Give the records of a run, as soon as it has ended.",
        run=results,
        preview=_preview,
        arguments=(job_argument(),),
        examples=("results -o records",),
        details="records.to_frame() makes a pandas frame of them.",
    ),
    Command(
        name="review",
        summary="Show the documents of a run with their extracted fields boxed.",
        run=review,
        preview=_preview,
        arguments=(
            job_argument(),
            argument("--first", help="index of the record seen first, from 0", type=int,
                     default=0, metavar="N"),
            argument("--most", help="records in the view; default 10", default=10,
                     type=whole_from_one, metavar="N"),
            _THRESHOLD,
        ),
        examples=("review", "review 5eb7df69 --threshold 0.95"),
        details="A saved notebook and its exports keep the view, with all that it can do.",
    ),
    Command(
        name="charts",
        summary="Chart how often each field of a run has a value, and how sure it is.",
        run=charts,
        preview=_preview,
        arguments=(job_argument(), _THRESHOLD),
        examples=("charts --threshold 0.95",),
    ),
    Command(
        name="timeline",
        summary="Show when each step of a run worked on each file, and how long it took.",
        run=timeline,
        preview=functools.partial(preview_job, "JOB_TIMELINE"),
        arguments=(job_argument(),),
        examples=("timeline", "timeline 5eb7df69 -o times"),
        details="times.to_frame() gives the figures; also of a job that still runs.",
    ),
)  # fmt: skip
