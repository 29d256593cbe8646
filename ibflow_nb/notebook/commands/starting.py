"""What all commands that start a job share: options, the request, uploads, the progress."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ibflow_nb.api.schema import Request
from ibflow_nb.config.table import NOTIFY_BROWSER
from ibflow_nb.notebook.bodies import Body, to_request
from ibflow_nb.notebook.commands.base import Call, Completes, argument
from ibflow_nb.notebook.repeats import mark_of, refuse_repeat
from ibflow_nb.notebook.uploads import Uploads
from ibflow_nb.notebook.waiting import follow

if TYPE_CHECKING:
    from ibflow_nb.api.endpoints import Endpoint
    from ibflow_nb.client import Client
    from ibflow_nb.jobs import Job
    from ibflow_nb.notebook.context import Context

R = TypeVar("R", bound=Request)
LINE_ONLY = frozenset(
    {"quiet", "variable", "dry_run", "wait", "timeout", "again", "notify_browser"}
)
AGAIN = argument(
    "--again", action="store_true",
    help="start it although a job of the same request has not ended",
)  # fmt: skip
RUN_OPTIONS = (
    argument("--output", dest="output_dir", metavar="DIR", completes=Completes.REMOTE,
             help="folder for the output; default ../out beside the input"),
    argument("--run-id", dest="output_has_run_id", action="store_true",
             help="write into a folder of this run alone"),
    argument("--delete-out", dest="delete_out_dir", action="store_true",
             help="empty the output folder first"),
    argument("--tag", dest="tags", action="append", metavar="T",
             help="find the run by this later; may be repeated"),
    argument("--step-timeout", dest="step_timeout", type=int, metavar="S",
             help="seconds for each step; 0 lets the platform pick, -1 is none"),
    argument("--webhook", dest="webhook_config", metavar="URL",
             help="report the end of the run here"),
    argument("--notify", dest="notification_emails", action="append", metavar="MAIL",
             help="mail this address at the end; may be repeated"),
    argument("--pipeline", dest="pipeline_ids", action="append", metavar="ID",
             help="associate the run with this pipeline; may be repeated"),
    argument("--log-to-timeline", dest="log_to_timeline", action="store_true",
             help="keep the logs of steps and refiners"),
    argument("--no-save-binary", dest="save_binary_to_output", action="store_false",
             help="do not keep the flow binary beside the output"),
    AGAIN,
)  # fmt: skip
"""Options of every run, named like the API's parameters."""


def request_of(kind: type[R], context: Context, args: argparse.Namespace, *, call: str) -> R:
    """Make the request of the line's options and the body's parameters.

    Arguments are named like the API's parameters, so they are taken over as they are.

    Raises:
        CommandError: a parameter is unknown, missing, of a wrong type, or given twice.
    """
    return to_request(kind, context.body or Body(), options_of(args), call=call)


def options_of(args: argparse.Namespace) -> dict[str, Any]:
    """Give the line's options by the names of the API's parameters."""
    options = {name: value for name, value in vars(args).items() if name not in LINE_ONLY}
    if "webhook_config" in options:
        options["webhook_config"] = {"url": options["webhook_config"]}
    return options


@dataclass(frozen=True)
class Starter(Generic[R]):
    """How a command starts a job.

    Attributes:
        endpoint: name of the call in the endpoint table's module.
        prepare: makes the request; local paths in it go through the uploads.
        submit: sends it.
        title: gives a short name of what runs.
    """

    endpoint: str
    prepare: Callable[[Context, argparse.Namespace, Uploads], R]
    submit: Callable[[Client, R], Job]
    title: Callable[[R], str]

    def run(self, context: Context, args: argparse.Namespace) -> Job:
        """Carry the command out."""
        request = self.prepare(context, args, Uploads(context))
        return start(
            context,
            args,
            Call(self._endpoint, request),
            lambda client: self.submit(client, request),
            title=self.title(request),
        )

    def preview(self, context: Context, args: argparse.Namespace) -> Call:
        """Give the request that would be sent."""
        uploads = Uploads(context, dry=True)
        request = self.prepare(context, args, uploads)
        return Call(self._endpoint, request, note=uploads.note)

    @property
    def _endpoint(self) -> Endpoint:
        from ibflow_nb.api import endpoints

        endpoint: Endpoint = getattr(endpoints, self.endpoint)
        return endpoint


def start(
    context: Context,
    args: argparse.Namespace,
    call: Call,
    submit: Callable[[Client], Job],
    *,
    title: str,
) -> Job:
    """Submit, remember and show a job; wait for it when asked to or when nobody watches.

    Args:
        context: of the command.
        args: with ``wait``, ``timeout`` and ``again`` where given.
        call: what is sent.
        submit: sends it.
        title: short name of what runs.

    Raises:
        CommandError: a job of the same request has not ended, and ``again`` was not given.
    """
    client = context.connection.client
    mark = mark_of(call, context.connection.target)
    if not getattr(args, "again", False):
        refuse_repeat(context, mark)
    job = submit(client)
    context.jobs.record(job, title, call.endpoint.name, context.connection.target, mark)
    return follow_as_asked(context, args, job, title)


def follow_as_asked(context: Context, args: argparse.Namespace, job: Job, title: str) -> Job:
    """Show a job that was started, and wait for it if ``--wait`` or ``--timeout`` says so."""
    timeout = getattr(args, "timeout", None)
    wait = getattr(args, "wait", False) or timeout is not None
    if getattr(args, "notify_browser", context.settings[NOTIFY_BROWSER]):
        context.screen.notify_at_end(job, title)
    return follow(context, job, title, wait=wait, timeout=timeout)
