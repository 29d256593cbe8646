"""``traceback``, ``help``."""

from __future__ import annotations

import argparse
import traceback as stacks
from typing import TYPE_CHECKING

from ibflow_nb.notebook.commands.base import Command, argument

if TYPE_CHECKING:
    from ibflow_nb.notebook.context import Context


def traceback(context: Context, args: argparse.Namespace) -> None:
    """Show the whole stack of the latest error."""
    error = context.last_error
    if error is None:
        context.screen.say("There was no error yet.")
        return
    context.screen.say("".join(stacks.format_exception(error)).rstrip())


def show_help(context: Context, args: argparse.Namespace) -> None:
    """Show all commands, or the help of one."""
    from ibflow_nb.notebook.commands import TABLE
    from ibflow_nb.notebook.commands.page import markdown, overview
    from ibflow_nb.notebook.commands.parser import build_parser, find_command

    words = getattr(args, "words", None)
    if words:
        command, _ = find_command(TABLE, words, context.prog)
        context.screen.say(build_parser(command, prog=context.prog).format_help())
    elif getattr(args, "markdown", False):
        context.screen.say(markdown(TABLE.values()))
    else:
        context.screen.say(overview(TABLE.values(), context.prog))


COMMANDS = (
    Command(
        name="traceback",
        summary="Show the whole stack of the latest error.",
        run=traceback,
        examples=("traceback",),
    ),
    Command(
        name="help",
        summary="Show all commands, or the help of one.",
        run=show_help,
        arguments=(
            argument("words", metavar="COMMAND", nargs="*", help="such as run, or files ls"),
            argument("--markdown", action="store_true", help="all of it, as a page"),
        ),
        examples=("help", "help files ls"),
    ),
)  # fmt: skip
