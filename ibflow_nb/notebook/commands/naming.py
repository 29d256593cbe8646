"""What commands on one job share: how a line names the job, and the request that is about it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ibflow_nb.notebook.commands.base import Argument, Call, Completes, argument

if TYPE_CHECKING:
    from ibflow_nb.notebook.context import Context


def job_argument(help: str = "its id or the beginning of it; default the latest") -> Argument:
    """Declare the job that a command is about."""
    return argument("job", metavar="JOB", nargs="?", completes=Completes.JOB, help=help)


def reference(args: argparse.Namespace) -> str | None:
    """Give the job that the line names."""
    return getattr(args, "job", None)


def preview_job(endpoint: str, context: Context, args: argparse.Namespace) -> Call:
    """Give the request of a call that takes a job's id alone."""
    from ibflow_nb.api import endpoints
    from ibflow_nb.api.jobs import JobIdRequest

    named = reference(args)
    job_id = context.jobs.full_id(named) if named else context.job(None).id
    return Call(getattr(endpoints, endpoint), JobIdRequest(job_id=job_id))
