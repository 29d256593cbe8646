"""What all commands that start a job share: the request, uploads, the job's progress."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from ibflow_nb.api.schema import Request
from ibflow_nb.notebook.bodies import Body, to_request
from ibflow_nb.notebook.waiting import follow

if TYPE_CHECKING:
    from ibflow_nb.client import Client
    from ibflow_nb.jobs import Job
    from ibflow_nb.notebook.context import Context

R = TypeVar("R", bound=Request)
LINE_ONLY = frozenset({"quiet", "variable", "dry_run", "wait", "timeout"})


def request_of(kind: type[R], context: Context, args: argparse.Namespace, *, call: str) -> R:
    """Make the request of the line's options and the body's parameters.

    Arguments are named like the API's parameters, so they are taken over as they are.

    Raises:
        CommandError: a parameter is unknown, missing, of a wrong type, or given twice.
    """
    options = {name: value for name, value in vars(args).items() if name not in LINE_ONLY}
    return to_request(kind, context.body or Body(), options, call=call)


def start(
    context: Context,
    args: argparse.Namespace,
    submit: Callable[[Client], Job],
    *,
    title: str,
    kind: str,
) -> Job:
    """Submit, remember and show a job; wait for it when asked to or when nobody watches.

    Args:
        context: of the command.
        args: with ``wait`` and ``timeout`` where given.
        submit: sends the request.
        title: short name of what runs.
        kind: name of the call, for the history.
    """
    job = submit(context.connection.client)
    context.jobs.record(job, title, kind, context.connection.target)
    return follow_as_asked(context, args, job, title)


def follow_as_asked(context: Context, args: argparse.Namespace, job: Job, title: str) -> Job:
    """Show a job that was started, and wait for it if ``--wait`` or ``--timeout`` says so."""
    timeout = getattr(args, "timeout", None)
    wait = getattr(args, "wait", False) or timeout is not None
    return follow(context, job, title, wait=wait, timeout=timeout)
