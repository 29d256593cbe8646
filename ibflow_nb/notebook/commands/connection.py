"""``connect``: where the commands go to."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ibflow_nb.notebook.commands.base import Command, Completes, argument
from ibflow_nb.notebook.connection import target_of

if TYPE_CHECKING:
    from ibflow_nb.client import Client
    from ibflow_nb.notebook.context import Context


def connect(context: Context, args: argparse.Namespace) -> Client:
    """Set the connection and say where it leads."""
    target = target_of(
        getattr(args, "url", ""),
        root=getattr(args, "root", ""),
        profile=getattr(args, "profile", ""),
        context=getattr(args, "context", ""),
        home=getattr(args, "home", ""),
    )
    client = context.connection.open(target)
    if target.local:
        context.screen.say("Connected to the platform on this machine.")
    else:
        context.screen.say(f"Commands go to {target.url} now; the next one shows if it answers.")
    context.screen.count_as_shown(client)
    return client


COMMANDS = (
    Command(
        name="connect",
        summary="Set the server that all commands talk to.",
        run=connect,
        arguments=(
            argument("url", metavar="URL|local", nargs="?",
                     help="address of the server; 'local' starts or joins the platform on this "
                     "machine; default IBFLOW_URL"),
            argument("--root", metavar="DIR", completes=Completes.LOCAL,
                     help="folder of the local platform; default the user's data folder"),
            argument("--profile", metavar="P", help="take URL, token and the rest from here"),
            argument("--home", metavar="PATH",
                     help="drive path of your own space, such as me/my-repo/fs/Drive; local files "
                     "are uploaded below it"),
            argument("--context", metavar="ORG", help="organisation to act for"),
        ),
        examples=("connect local", "connect https://flows.example.com --context acme"),
        details="The token comes from the profile or IBFLOW_TOKEN; it is never shown.",
    ),
)  # fmt: skip
