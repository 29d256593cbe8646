"""``logs``: what a job has written down, also while it runs."""

from __future__ import annotations

import argparse
import contextlib
import functools
from typing import TYPE_CHECKING

from ibflow_nb.api.errors import Interrupted, JobTimeout
from ibflow_nb.jobs.waiting import interrupt_policy
from ibflow_nb.notebook.commands.base import Command, argument
from ibflow_nb.notebook.commands.naming import job_argument, preview_job, reference
from ibflow_nb.notebook.table import Table

if TYPE_CHECKING:
    from ibflow_nb.api.jobs import LogEntry
    from ibflow_nb.jobs import Job
    from ibflow_nb.notebook.context import Context

_PAUSE = 1.0
"""Seconds between two looks at a log that is followed."""


def logs(context: Context, args: argparse.Namespace) -> Table[LogEntry] | None:
    """Read a job's log, oldest line first, or print its lines as they come."""
    job = context.job(reference(args))
    if getattr(args, "follow", False):
        try:
            _follow(context, job)
        except Interrupted:
            raise
        except KeyboardInterrupt:  # while lines were fetched, not while the job was waited for
            raise interrupt_policy.apply(job) from None
        return None
    return Table(
        job.logs(),
        {"time": lambda line: line.ts, "step": lambda line: line.step,
         "message": lambda line: line.log},
        empty="The log is empty; run with --log-to-timeline for more.",
    )  # fmt: skip


def _follow(context: Context, job: Job) -> None:
    """Print new lines until the job has ended.

    Raises:
        Interrupted: the user interrupted; the settings say what becomes of the job.
    """
    seen = 0
    while True:
        ended = job.done  # what was written before the end is read after it
        lines = job.logs(start=seen)
        for line in lines:
            context.screen.say("  ".join(part for part in (line.ts, line.step, line.log) if part))
        seen += len(lines)
        if ended:
            return
        with contextlib.suppress(JobTimeout):
            job.wait(_PAUSE)


COMMANDS = (
    Command(
        name="logs",
        summary="Read a job's log, oldest line first.",
        run=logs,
        preview=functools.partial(preview_job, "JOB_LOGS"),
        arguments=(
            job_argument(),
            argument("--follow", action="store_true",
                     help="print lines as they come, until the job has ended"),
        ),
        examples=("logs 3f2a", "logs --follow"),
    ),
)  # fmt: skip
