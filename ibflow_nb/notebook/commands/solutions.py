"""``solution create``, ``solution run`` and ``marketplace``: packing, publishing, running."""

from __future__ import annotations

import argparse
import functools
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from ibflow_nb.notebook.bodies import Body, to_request
from ibflow_nb.notebook.commands.base import Call, Command, Completes, argument
from ibflow_nb.notebook.commands.starting import RUN_OPTIONS, Starter, options_of
from ibflow_nb.notebook.table import Table
from ibflow_nb.notebook.uploads import Uploads

if TYPE_CHECKING:
    from ibflow_nb.api.solutions import (
        CreateSolution,
        MarketplaceApp,
        RunSolution,
        SolutionVersion,
    )
    from ibflow_nb.client import Client
    from ibflow_nb.jobs import Job
    from ibflow_nb.notebook.context import Context


def create(context: Context, args: argparse.Namespace) -> str:
    """Pack a content folder; give the package's drive path."""
    request = _creation(args, Uploads(context))
    solutions = context.connection.client.solutions
    reply = solutions.create(request.content_folder, request.output_folder)
    if reply.note:
        context.screen.say(reply.note)
    context.screen.say(f"Packed {reply.output_path or request.output_folder}.")
    return reply.output_path


def _creation(args: argparse.Namespace, uploads: Uploads) -> CreateSolution:
    from ibflow_nb.api.solutions import CreateSolution

    content = uploads.folder(args.content_folder)
    return CreateSolution(content_folder=content, output_folder=args.output_folder)


def _preview_create(context: Context, args: argparse.Namespace) -> Call:
    from ibflow_nb.api.endpoints import SOLUTION_CREATE

    uploads = Uploads(context, dry=True)
    return Call(SOLUTION_CREATE, _creation(args, uploads), note=uploads.note)


def _run(context: Context, args: argparse.Namespace, uploads: Uploads) -> RunSolution:
    """Make the request; options of the run go into its settings."""
    from ibflow_nb.api.flow import RunOptions
    from ibflow_nb.api.solutions import RunSolution

    options = options_of(args)
    settings = {
        field.name: options.pop(field.name)
        for field in msgspec.structs.fields(RunOptions)
        if field.name in options
    }
    body = context.body or Body()
    if settings:
        options["settings"] = settings
    request = to_request(RunSolution, body, options, call="solution run")
    request.input_folder = uploads.folder(request.input_folder)
    request.solution_path = uploads.file(request.solution_path)
    return request


def _start(client: Client, request: RunSolution) -> Job:
    return client.solutions.run(
        request.input_folder,
        name=request.name,
        version=request.version,
        solution_path=request.solution_path,
        **msgspec.structs.asdict(request.settings),
    )


def title_of(name: str, version: str, solution_path: str) -> str:
    """Give the short name of a solution."""
    return PurePosixPath(solution_path).name if solution_path else f"{name} {version}".strip()


RUN: Starter[RunSolution] = Starter(
    "SOLUTION_RUN",
    _run,
    _start,
    lambda request: title_of(request.name, request.version, request.solution_path),
)


def publish(context: Context, args: argparse.Namespace) -> None:
    """Publish a package; a local one is uploaded first."""
    path = Uploads(context).file(args.ibsolution_path)
    context.connection.client.marketplace.publish(path)
    context.screen.say(f"Published {PurePosixPath(path).name}.")


def _preview_publish(context: Context, args: argparse.Namespace) -> Call:
    from ibflow_nb.api.endpoints import MARKETPLACE_PUBLISH
    from ibflow_nb.api.solutions import PublishSolution

    uploads = Uploads(context, dry=True)
    path = uploads.file(args.ibsolution_path)
    return Call(MARKETPLACE_PUBLISH, PublishSolution(ibsolution_path=path), note=uploads.note)


def install(context: Context, args: argparse.Namespace) -> None:
    """Install a published version."""
    context.connection.client.marketplace.install(args.name, args.version)
    context.screen.say(f"Installed {args.name} {args.version}.")


def unpublish(context: Context, args: argparse.Namespace) -> None:
    """Withdraw a published version."""
    context.connection.client.marketplace.unpublish(args.name, args.version)
    context.screen.say(f"Unpublished {args.name} {args.version}; where installed, it stays.")


def _preview_version(endpoint: str, _: Context, args: argparse.Namespace) -> Call:
    from ibflow_nb.api import endpoints
    from ibflow_nb.api.solutions import SolutionVersion

    request: SolutionVersion = SolutionVersion(name=args.name, version=args.version)
    return Call(getattr(endpoints, endpoint), request)


def listing(context: Context, _: argparse.Namespace) -> Table[MarketplaceApp]:
    """List the solutions of the marketplace."""
    return Table(
        context.connection.client.marketplace.list(),
        {
            "name": lambda app: app.name,
            "published": lambda app: ", ".join(app.available_versions),
            "installed": lambda app: ", ".join(app.installed_versions),
        },
        empty="The marketplace is empty; 'marketplace publish PATH' puts a package there.",
    )


def _preview_list(_: Context, __: argparse.Namespace) -> Call:
    from ibflow_nb.api.endpoints import MARKETPLACE_LIST

    return Call(MARKETPLACE_LIST)


NAME = argument("name", metavar="NAME", completes=Completes.SOLUTION,
                help="the solution's name")  # fmt: skip
VERSION = argument("version", metavar="VERSION", completes=Completes.VERSION,
                   help="its version, such as 1.0.0")  # fmt: skip
PACKAGE = argument("--solution", dest="solution_path", metavar="PATH", completes=Completes.PATH,
                   help="an .ibsolution by its path instead, on the drive or here")  # fmt: skip
OPTIONAL_NAME = argument("name", metavar="NAME", nargs="?", completes=Completes.SOLUTION,
                         help="the solution's name")  # fmt: skip
OPTIONAL_VERSION = argument("version", metavar="VERSION", nargs="?", completes=Completes.VERSION,
                            help="its version, such as 1.0.0")  # fmt: skip

COMMANDS = (
    Command(
        name="solution create",
        summary="Pack a content folder into an .ibsolution.",
        run=create,
        preview=_preview_create,
        arguments=(
            argument("content_folder", metavar="CONTENT", completes=Completes.PATH,
                     help="folder with package.json and the flow: a drive path, or a local one"),
            argument("output_folder", metavar="OUT", completes=Completes.REMOTE,
                     help="drive path of the folder for the package"),
        ),
        examples=('solution create ./my_solution "$home/packages" -o package',),
    ),
    Command(
        name="solution run",
        summary="Run a solution over a folder of documents.",
        run=RUN.run,
        preview=RUN.preview,
        starts_job=True,
        takes_body=True,
        arguments=(
            OPTIONAL_NAME,
            OPTIONAL_VERSION,
            PACKAGE,
            argument("--input", dest="input_folder", metavar="DIR", required=True,
                     completes=Completes.PATH,
                     help="folder with the documents: a drive path, or a local one to upload"),
            *RUN_OPTIONS,
        ),
        examples=("solution run receipts 1.0.0 --input ./scans --wait",),
        details="In the cell form the body holds the API's own parameters:\n\n"
        "  %%ibflow solution run receipts 1.0.0\n  input_folder: $folder\n  settings:\n"
        "    output_has_run_id: true",
    ),
    Command(
        name="marketplace publish",
        summary="Publish an .ibsolution.",
        run=publish,
        preview=_preview_publish,
        arguments=(
            argument("ibsolution_path", metavar="PATH", completes=Completes.PATH,
                     help="the .ibsolution: a drive path, or a local file to upload"),
        ),
        examples=("marketplace publish ./receipts-1.0.0.ibsolution",),
    ),
    Command(
        name="marketplace install",
        summary="Install a published version.",
        run=install,
        preview=functools.partial(_preview_version, "MARKETPLACE_INSTALL"),
        arguments=(NAME, VERSION),
        examples=("marketplace install receipts 1.0.0",),
    ),
    Command(
        name="marketplace list",
        summary="List published and installed solutions.",
        run=listing,
        preview=_preview_list,
        examples=("marketplace list",),
    ),
    Command(
        name="marketplace unpublish",
        summary="Withdraw a published version; where it is installed it stays.",
        run=unpublish,
        preview=functools.partial(_preview_version, "MARKETPLACE_UNPUBLISH"),
        arguments=(NAME, VERSION),
        examples=("marketplace unpublish receipts 1.0.0",),
    ),
)  # fmt: skip
