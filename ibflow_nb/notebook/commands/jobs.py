"""``status``, ``wait``, ``jobs``, ``attach``, ``cancel`` and their kin."""

from __future__ import annotations

import argparse
import functools
from typing import TYPE_CHECKING

from ibflow_nb.api.errors import CommandError, IbflowError
from ibflow_nb.notebook.commands.base import Call, Command, Completes, argument, whole_from_one
from ibflow_nb.notebook.commands.naming import job_argument, preview_job, reference
from ibflow_nb.notebook.commands.starting import AGAIN, follow_as_asked, start
from ibflow_nb.notebook.table import Table, clock
from ibflow_nb.notebook.waiting import follow

if TYPE_CHECKING:
    from ibflow_nb.api.jobs import JobListQuery, JobSummary
    from ibflow_nb.jobs import Job, Snapshot
    from ibflow_nb.jobs.board import Board
    from ibflow_nb.notebook.context import Context


def status(context: Context, args: argparse.Namespace) -> Snapshot:
    """Ask the server how a job stands."""
    return context.ask(reference(args))


def wait(context: Context, args: argparse.Namespace) -> Job:
    """Wait for a job's end, whatever the end."""
    job = context.job(reference(args))
    title = context.jobs.title(job.id)
    return follow(context, job, title, wait=True, timeout=getattr(args, "timeout", None))


def jobs(context: Context, args: argparse.Namespace) -> Table[JobSummary] | Board:
    """List the server's jobs, newest first, or watch them together.

    After a restart of the kernel it is the server of the job that was started last.
    """
    query = _query(args)
    if not context.connection.named and (known := context.jobs.history.entries()):
        context.connection.reach(known[0].server, known[0].root)
    listing = context.connection.client.jobs
    if getattr(args, "watch", False):
        return _watch(context, listing.watch(state=query.state, tags=query.tags, limit=query.limit))
    found = listing.list(state=query.state, tags=query.tags, limit=query.limit)
    return Table(
        found,
        {
            "job": lambda job: job.job_id,
            "state": lambda job: job.state,
            "flow": lambda job: job.flow_path.rpartition("/")[2],
            "files": lambda job: str(job.num_files or ""),
            "errors": lambda job: str(job.num_errors or ""),
            "started": lambda job: clock(job.start_timestamp),
            "tags": lambda job: ", ".join(job.tags),
        },
        empty="The server has no such jobs.",
    )


def _watch(context: Context, board: Board) -> Board:
    """Show many jobs; once, where nobody can watch them.

    A terminal waits for their end; a headless notebook must not, since the jobs of others may
    run for days.
    """
    if context.screen.waits:
        board.stop()
    context.screen.show_board(board)
    if not context.screen.lives_on:
        board.wait()
    context.screen.settle(board)
    return board


def attach(context: Context, args: argparse.Namespace) -> Job:
    """Show a job's progress, also one of an earlier kernel."""
    known = context.jobs.history.find(args.job)
    if context.connection.target is None and known:
        context.connection.reach(known[0].server, known[0].root)
    job = context.job(args.job)
    title = context.jobs.title(job.id)
    context.jobs.add(job, title)
    return follow(context, job, title, wait=not context.screen.lives_on)


def cancel(context: Context, args: argparse.Namespace) -> None:
    """Stop a job, or all jobs of this user that run."""
    if not _means_all(args):
        snapshot = context.ask(args.job)
        if snapshot.state.done:
            context.screen.say(f"Job {snapshot.job_id} has ended already: {snapshot.state}.")
            return
        targets = [snapshot.job_id]
    else:
        found = context.connection.client.jobs.list(state=_going_states())
        targets = [job.job_id for job in found]
    problems = []
    for job_id in targets:
        try:
            context.connection.client.jobs.cancel(job_id)
            context.screen.say(f"Job {job_id} is being cancelled.")
        except IbflowError as error:
            problems.append(f"{job_id} ({error})")
    if problems:
        raise CommandError(f"These jobs could not be cancelled: {'; '.join(problems)}.")
    if not targets:
        context.screen.say("No job runs.")


def control(action: str, context: Context, args: argparse.Namespace) -> Job:
    """Pause, resume or retry a job, and show it again when it goes on."""
    job = context.job(reference(args))
    getattr(job, action)()
    if action == "pause":
        context.screen.say(f"Job {job.id} pauses when its running files are done.")
        return job
    return follow_as_asked(context, args, job, context.jobs.title(job.id))


def restart(context: Context, args: argparse.Namespace) -> Job:
    """Run a job's request again from the beginning, under a new id."""
    job = context.job(reference(args))
    return start(
        context,
        args,
        preview_job("RESTART", context, args),
        lambda _: job.restart(),
        title=context.jobs.title(job.id),
    )


def rerun(context: Context, args: argparse.Namespace) -> Job:
    """Run a job again: as a whole, or its failed files alone."""
    if getattr(args, "failed", False):
        return control("retry", context, args)
    return restart(context, args)


def _means_all(args: argparse.Namespace) -> bool:
    """Tell whether ``cancel`` is for all jobs, not for one."""
    every = bool(getattr(args, "all", False))
    if every == hasattr(args, "job"):
        raise CommandError("cancel takes a job or --all.")
    return every


def _going_states() -> str:
    from ibflow_nb.api.jobs import JobState

    return ",".join([JobState.PENDING, JobState.RUNNING, JobState.PAUSED])


def _query(args: argparse.Namespace) -> JobListQuery:
    from ibflow_nb.api.jobs import JobListQuery, JobState

    states = [state.upper() for state in getattr(args, "state", [])]
    for state in states:
        if state not in JobState.__members__:
            raise CommandError(f"There is no state '{state}'; there are {', '.join(JobState)}.")
    tags = ",".join(getattr(args, "tag", []))
    return JobListQuery(state=",".join(states), tags=tags, limit=getattr(args, "limit", 50))


def _preview_rerun(context: Context, args: argparse.Namespace) -> Call:
    endpoint = "JOB_RETRY" if getattr(args, "failed", False) else "RESTART"
    return preview_job(endpoint, context, args)


def _preview_list(_: Context, args: argparse.Namespace) -> Call:
    from ibflow_nb.api.endpoints import JOB_LIST

    return Call(JOB_LIST, _query(args))


def _preview_cancel(context: Context, args: argparse.Namespace) -> Call:
    if not _means_all(args):
        return preview_job("JOB_CANCEL", context, args)
    from ibflow_nb.api.endpoints import JOB_LIST
    from ibflow_nb.api.jobs import JobListQuery

    query = JobListQuery(state=_going_states())
    return Call(JOB_LIST, query, note="then each of them is cancelled")


def _command(name: str, summary: str, endpoint: str, *, starts_job: bool) -> Command:
    return Command(
        name=name,
        summary=summary,
        run=functools.partial(control, name),
        preview=functools.partial(preview_job, endpoint),
        arguments=(job_argument(),),
        examples=(f"{name} 3f2a",),
        starts_job=starts_job,
    )


COMMANDS = (
    Command(
        name="status",
        summary="Tell how a job stands.",
        run=status,
        preview=functools.partial(preview_job, "JOB_STATUS"),
        arguments=(job_argument(),),
        examples=("status", "status 3f2a"),
    ),
    Command(
        name="wait",
        summary="Wait for a job's end, whatever the end.",
        run=wait,
        preview=functools.partial(preview_job, "JOB_STATUS"),
        arguments=(
            job_argument(),
            argument("--timeout", type=float, metavar="S",
                     help="stop waiting after this many seconds; the job goes on"),
        ),
        examples=("wait 3f2a --timeout 60",),
    ),
    Command(
        name="jobs",
        summary="List the server's jobs, newest first, or watch them together.",
        run=jobs,
        preview=_preview_list,
        arguments=(
            argument("--tag", action="append", metavar="T",
                     help="only with this tag; may be repeated"),
            argument("--state", action="append", metavar="S",
                     help="only in this state, such as RUNNING; may be repeated"),
            argument("--limit", type=whole_from_one, metavar="N",
                     help="at most so many; default 50"),
            argument("--watch", action="store_true",
                     help="follow them in one view, and jobs that come later, until none goes on"),
        ),
        examples=("jobs --tag july --state FAILED", "jobs --watch --tag july"),
    ),
    Command(
        name="attach",
        summary="Show a job's progress, also one of an earlier kernel.",
        run=attach,
        preview=functools.partial(preview_job, "JOB_STATUS"),
        arguments=(
            argument("job", metavar="JOB", completes=Completes.JOB,
                     help="its id or the beginning of it"),
        ),
        examples=("attach 3f2a",),
    ),
    Command(
        name="cancel",
        summary="Stop a job, or all that run.",
        run=cancel,
        preview=_preview_cancel,
        arguments=(
            job_argument("its id or the beginning of it"),
            argument("--all", action="store_true", help="all jobs that have not ended"),
        ),
        examples=("cancel 3f2a", "cancel --all"),
    ),
    _command("pause", "Let running files finish and start no more.", "JOB_PAUSE",
             starts_job=False),
    _command("resume", "Go on with a paused job, or one stopped at a checkpoint.", "JOB_RESUME",
             starts_job=True),
    _command("retry", "Run the failed files of an ended job again.", "JOB_RETRY",
             starts_job=True),
    Command(
        name="restart",
        summary="Run a job's request again from the beginning, under a new id.",
        run=restart,
        preview=functools.partial(preview_job, "RESTART"),
        arguments=(job_argument(), AGAIN),
        examples=("restart 3f2a --wait",),
        starts_job=True,
    ),
    Command(
        name="rerun",
        summary="Run a job again, or its failed files alone.",
        run=rerun,
        preview=_preview_rerun,
        arguments=(
            job_argument(),
            argument("--failed", action="store_true",
                     help="only the files that failed, in the same job; as retry does"),
            AGAIN,
        ),
        examples=("rerun 3f2a --failed",),
        starts_job=True,
    ),
)  # fmt: skip
