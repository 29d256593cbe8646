"""``run``, ``metaflow``, ``flows`` and ``step``: start flows."""

from __future__ import annotations

import argparse
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from ibflow_nb.api.errors import CommandError
from ibflow_nb.notebook.commands.base import Command, Completes, argument
from ibflow_nb.notebook.commands.starting import AGAIN, RUN_OPTIONS, Starter, request_of

if TYPE_CHECKING:
    from ibflow_nb.api.flow import RunFlow, RunFlows, RunMetaflow, RunStep
    from ibflow_nb.client import Client
    from ibflow_nb.jobs import Job
    from ibflow_nb.notebook.context import Context
    from ibflow_nb.notebook.uploads import Uploads


def _flow(context: Context, args: argparse.Namespace, uploads: Uploads) -> RunFlow:
    from ibflow_nb.api.flow import RunFlow

    request = request_of(RunFlow, context, args, call="run")
    request.ibflow_path = uploads.flow(request.ibflow_path)
    request.input_dir = uploads.folder(request.input_dir)
    return request


def _metaflow(context: Context, args: argparse.Namespace, uploads: Uploads) -> RunMetaflow:
    from ibflow_nb.api.flow import RunMetaflow

    request = request_of(RunMetaflow, context, args, call="metaflow")
    request.flow_root_dir = uploads.flows(request.flow_root_dir)
    request.classifier_file_path = uploads.file(request.classifier_file_path)
    request.input_dir = uploads.folder(request.input_dir)
    return request


def _flows(context: Context, args: argparse.Namespace, uploads: Uploads) -> RunFlows:
    from ibflow_nb.api.flow import RunFlows

    request = request_of(RunFlows, context, args, call="flows")
    request.flow_root_dir = uploads.flows(request.flow_root_dir)
    request.input_dir = uploads.folder(request.input_dir)
    return request


def _step(context: Context, args: argparse.Namespace, uploads: Uploads) -> RunStep:
    """Make the request of a flow and an index, or of a body that is the step itself."""
    from ibflow_nb.api.flow import RunStep

    body = context.body
    if body is None or not body.values.keys() & {"step_name", "option", "kwargs"}:
        request = request_of(RunStep, context, args, call="step")
        request.ibflow_path = uploads.flow(request.ibflow_path)
        return request
    if hasattr(args, "ibflow_path"):
        raise CommandError("step takes a flow and an index, or a body with the step, not both.")
    step = dict(body.values)
    kwargs = step.get("kwargs")
    if isinstance(kwargs, dict) and isinstance(kwargs.get("input_folder"), str):
        step["kwargs"] = {**kwargs, "input_folder": uploads.folder(kwargs["input_folder"])}
    return RunStep(step_json_str=msgspec.json.encode(step).decode())


def _start_step(client: Client, request: RunStep) -> Job:
    return client.flows.run_step(
        request.ibflow_path, request.step_index, step_json_str=request.step_json_str
    )


def _title_of_step(request: RunStep) -> str:
    if request.ibflow_path:
        return f"{PurePosixPath(request.ibflow_path).name} step {request.step_index}"
    from ibflow_nb.api.flow import FlowStep

    return f"step {msgspec.json.decode(request.step_json_str, type=FlowStep).internal_name}"


_INPUT = argument(
    "--input", dest="input_dir", metavar="DIR", required=True, completes=Completes.PATH,
    help="folder with the documents: a drive path, or a local one to upload",
)  # fmt: skip
_FLOWS_DIR = argument(
    "flow_root_dir", metavar="FLOWS_DIR", completes=Completes.PATH,
    help="folder with the .ibflow files: a drive path, or a local one to upload",
)  # fmt: skip
RUN: Starter[RunFlow] = Starter(
    "RUN_FLOW",
    _flow,
    lambda client, request: client.flows.run(**msgspec.structs.asdict(request)),
    lambda request: PurePosixPath(request.ibflow_path).name,
)
METAFLOW: Starter[RunMetaflow] = Starter(
    "RUN_METAFLOW",
    _metaflow,
    lambda client, request: client.flows.run_metaflow(**msgspec.structs.asdict(request)),
    lambda request: f"metaflow {PurePosixPath(request.flow_root_dir).name}",
)
FLOWS: Starter[RunFlows] = Starter(
    "RUN_FLOWS",
    _flows,
    lambda client, request: client.flows.run_all(**msgspec.structs.asdict(request)),
    lambda request: f"flows {PurePosixPath(request.flow_root_dir).name}",
)
STEP: Starter[RunStep] = Starter("RUN_STEP", _step, _start_step, _title_of_step)

COMMANDS = (
    Command(
        name="run",
        summary="Run a flow over a folder of documents.",
        run=RUN.run,
        preview=RUN.preview,
        starts_job=True,
        takes_body=True,
        arguments=(
            argument("ibflow_path", metavar="FLOW", completes=Completes.PATH,
                     help="the .ibflow file: a drive path, or a local file to upload"),
            _INPUT,
            *RUN_OPTIONS,
        ),
        examples=(
            'run "$home/receipts/receipts.ibflow" --input "$home/receipts/input" --tag july',
            "run ./my.ibflow --input ./scans --wait",
        ),
        details="In the cell form the body holds the API's own parameters as YAML or JSON:\n\n"
        "  %%ibflow run\n  ibflow_path: $flow\n  input_dir: $folder\n  webhook_config:\n"
        "    url: https://example.com/done",
    ),
    Command(
        name="step",
        summary="Run one step of a flow, or in the cell form a step by itself.",
        run=STEP.run,
        preview=STEP.preview,
        starts_job=True,
        takes_body=True,
        arguments=(
            argument("ibflow_path", metavar="FLOW", completes=Completes.PATH,
                     help="the .ibflow file: a drive path, or a local file to upload"),
            argument("step_index", metavar="INDEX",
                     help="which of its steps, from 0; it reads what the one before has written"),
            AGAIN,
        ),
        examples=('step "$home/receipts/receipts.ibflow" 0 --wait',),
        details="In the cell form the body is the step, as YAML or JSON:\n\n"
        "  %%ibflow step\n  step_name: process_files\n  kwargs:\n"
        "    input_folder: $folder\n    output_folder: $output\n    process_type: auto_to_txt",
    ),
    Command(
        name="metaflow",
        summary="Classify each document and run the flow of its class.",
        run=METAFLOW.run,
        preview=METAFLOW.preview,
        starts_job=True,
        takes_body=True,
        arguments=(
            _FLOWS_DIR,
            argument("--classifier", dest="classifier_file_path", metavar="FILE", required=True,
                     completes=Completes.PATH,
                     help="the .ibclassifier file: a drive path, or a local file to upload"),
            _INPUT,
            *RUN_OPTIONS,
        ),
        examples=("metaflow $flows --classifier $classifier --input ./mixed",),
        details="In the cell form the body holds the API's own parameters as YAML or JSON.",
    ),
    Command(
        name="flows",
        summary="Run all flows of a folder over the same documents.",
        run=FLOWS.run,
        preview=FLOWS.preview,
        starts_job=True,
        takes_body=True,
        arguments=(_FLOWS_DIR, _INPUT, *RUN_OPTIONS),
        examples=('flows "$home/flows" --input "$home/input"',),
        details="In the cell form the body holds the API's own parameters as YAML or JSON.",
    ),
)  # fmt: skip
