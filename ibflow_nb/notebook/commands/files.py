"""``files ls``, ``get``, ``put``, ``rm``: the server's drive."""

from __future__ import annotations

import argparse
import functools
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from ibflow_nb.api.errors import CommandError
from ibflow_nb.notebook.commands.base import Argument, Call, Command, Completes, argument
from ibflow_nb.notebook.table import Table, clock

if TYPE_CHECKING:
    from ibflow_nb.api.files import Node
    from ibflow_nb.notebook.context import Context


def ls(context: Context, args: argparse.Namespace) -> Table[Node]:
    """List a folder of the drive."""
    found = context.connection.client.files.list(getattr(args, "path", ""))
    return Table(
        found,
        {
            "name": lambda node: node.name + ("/" if node.metadata.node_type == "folder" else ""),
            "size": lambda node: "" if node.metadata.node_type == "folder"
            else str(node.metadata.size),
            "changed": lambda node: clock(node.metadata.modified_timestamp),
            "path": lambda node: node.full_path,
        },
        empty="The folder is empty.",
    )  # fmt: skip


def get(context: Context, args: argparse.Namespace) -> Path:
    """Download a file or a folder."""
    name = PurePosixPath(args.path).name
    local = Path(getattr(args, "local", ".")).expanduser()
    target = local / name if local.is_dir() else local
    if target.exists() and not getattr(args, "force", False):
        raise CommandError(f"{target} exists; --force replaces it.")
    context.connection.client.files.download(args.path, target)
    context.screen.say(f"Downloaded {args.path} to {target}.")
    return target


def put(context: Context, args: argparse.Namespace) -> str:
    """Upload a file or a folder."""
    local = Path(args.local).expanduser()
    if not local.exists():
        raise CommandError(f"There is no local file or folder {local}.")
    target = str(args.path)
    if target.endswith("/"):
        target += local.resolve().name
    context.connection.client.files.upload(local, target)
    context.screen.say(f"Uploaded {local} to {target}.")
    return target


def rm(context: Context, args: argparse.Namespace) -> None:
    """Delete files or folders of the drive."""
    for path in args.paths:
        context.connection.client.files.delete(path)
        context.screen.say(f"Deleted {path}.")


def _preview(endpoint: str, _: Context, args: argparse.Namespace) -> Call:
    from ibflow_nb.api import endpoints

    paths = getattr(args, "paths", None) or [getattr(args, "path", "")]
    note = f"the same for {', '.join(paths[1:])}" if paths[1:] else ""
    return Call(getattr(endpoints, endpoint), path=paths[0], note=note)


def _remote(help: str, **options: Any) -> Argument:
    return argument("path", metavar="PATH", completes=Completes.REMOTE, help=help, **options)


COMMANDS = (
    Command(
        name="files ls",
        summary="List a folder of the server's drive.",
        run=ls,
        preview=functools.partial(_preview, "FILE_READ"),
        arguments=(_remote("drive path; default the top", nargs="?"),),
        examples=('files ls "$home/packages"',),
    ),
    Command(
        name="files get",
        summary="Download a file or a folder.",
        run=get,
        preview=functools.partial(_preview, "FILE_READ"),
        arguments=(
            _remote("drive path"),
            argument("local", metavar="LOCAL", nargs="?", completes=Completes.LOCAL,
                     help="where to; default the working folder"),
            argument("--force", action="store_true", help="replace what is there"),
        ),
        examples=('files get "$home/packages/receipts-1.0.0.ibsolution" ./downloads',),
    ),
    Command(
        name="files put",
        summary="Upload a file or a folder.",
        run=put,
        preview=functools.partial(_preview, "FILE_WRITE"),
        arguments=(
            argument("local", metavar="LOCAL", completes=Completes.LOCAL,
                     help="file or folder of this machine"),
            _remote("drive path; with / at its end the folder to put it into"),
        ),
        examples=('files put ./scans "$home/"',),
    ),
    Command(
        name="files rm",
        summary="Delete files or folders of the drive.",
        run=rm,
        preview=functools.partial(_preview, "FILE_DELETE"),
        arguments=(
            argument("paths", metavar="PATH", nargs="+", completes=Completes.REMOTE,
                     help="drive paths"),
        ),
        examples=('files rm "$home/scans"',),
    ),
)  # fmt: skip
