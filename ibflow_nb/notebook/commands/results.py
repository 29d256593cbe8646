"""``results``: the records of a finished run."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ibflow_nb.notebook.commands.base import Command, Completes, argument
from ibflow_nb.notebook.waiting import follow

if TYPE_CHECKING:
    from ibflow_nb.frames import Records
    from ibflow_nb.notebook.context import Context


def results(context: Context, args: argparse.Namespace) -> Records:
    """Read the records of a run; wait for its end first."""
    job = context.job(getattr(args, "job", None))
    if not job.done:
        follow(context, job, context.jobs.title(job.id), wait=True)
    return job.records()


COMMANDS = (
    Command(
        name="results",
        summary="Give the records of a run, as soon as it has ended.",
        run=results,
        arguments=(
            argument("job", metavar="JOB", nargs="?", completes=Completes.JOB,
                     help="its id or the beginning of it; default the latest"),
        ),
        examples=("results -o records",),
        details="records.to_frame() makes a pandas frame of them.",
    ),
)  # fmt: skip
