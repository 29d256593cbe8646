"""``run``: start a flow."""

from __future__ import annotations

import argparse
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from ibflow_nb.notebook.commands.base import Call, Command, Completes, argument
from ibflow_nb.notebook.commands.starting import request_of, start
from ibflow_nb.notebook.uploads import Uploads

if TYPE_CHECKING:
    from ibflow_nb.api.flow import RunFlow
    from ibflow_nb.jobs import Job
    from ibflow_nb.notebook.context import Context


def run(context: Context, args: argparse.Namespace) -> Job:
    """Start a flow; local files are uploaded first."""
    request = _request(context, args)
    uploads = Uploads(context)
    request.ibflow_path = uploads.flow(request.ibflow_path)
    request.input_dir = uploads.folder(request.input_dir)
    parameters = msgspec.structs.asdict(request)
    return start(
        context,
        args,
        lambda client: client.flows.run(**parameters),
        title=PurePosixPath(request.ibflow_path).name,
        kind="run_flow_async",
    )


def preview(context: Context, args: argparse.Namespace) -> Call:
    """Give the request that ``run`` would send."""
    from ibflow_nb.api.endpoints import RUN_FLOW

    request = _request(context, args)
    uploads = Uploads(context, dry=True)
    request.ibflow_path = uploads.flow(request.ibflow_path)
    request.input_dir = uploads.folder(request.input_dir)
    return Call(RUN_FLOW, request, note=uploads.note)


def _request(context: Context, args: argparse.Namespace) -> RunFlow:
    from ibflow_nb.api.flow import RunFlow

    if hasattr(args, "webhook_config"):
        args.webhook_config = {"url": args.webhook_config}
    return request_of(RunFlow, context, args, call="run")


COMMANDS = (
    Command(
        name="run",
        summary="Run a flow over a folder of documents.",
        run=run,
        preview=preview,
        starts_job=True,
        takes_body=True,
        arguments=(
            argument("ibflow_path", metavar="FLOW", completes=Completes.PATH,
                     help="the .ibflow file: a drive path, or a local file to upload"),
            argument("--input", dest="input_dir", metavar="DIR", required=True,
                     completes=Completes.PATH,
                     help="folder with the documents: a drive path, or a local one to upload"),
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
        ),
        examples=(
            'run "$home/receipts/receipts.ibflow" --input "$home/receipts/input" --tag july',
            "run ./my.ibflow --input ./scans --wait",
        ),
        details="In the cell form the body holds the API's own parameters as YAML or JSON:\n\n"
        "  %%ibflow run\n  ibflow_path: $flow\n  input_dir: $folder\n  webhook_config:\n"
        "    url: https://example.com/done",
    ),
)  # fmt: skip
