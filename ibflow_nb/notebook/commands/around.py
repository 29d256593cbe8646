"""``config``, ``traceback``, ``help``."""

from __future__ import annotations

import argparse
import traceback as stacks
from typing import TYPE_CHECKING

from ibflow_nb.api.errors import CommandError
from ibflow_nb.config.table import BY_NAME, SETTINGS
from ibflow_nb.notebook.commands.base import Command, argument

if TYPE_CHECKING:
    from ibflow_nb.notebook.context import Context


def config(context: Context, args: argparse.Namespace) -> None:
    """Show what is set, or set something."""
    name, value = getattr(args, "name", None), getattr(args, "value", None)
    if name in BY_NAME and value is None:
        raise CommandError(f"config {name} needs a value: {BY_NAME[name].kind.words}.")
    if name and value:
        context.settings.change(name, value)
        context.screen.say(f"{name} = {value}")
        return
    context.screen.say("\n".join(f"{title:<10} {text}" for title, text in _facts(context)))


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


def _facts(context: Context) -> list[tuple[str, str]]:
    target, settings = context.connection.target, context.settings
    facts = [("server", target.url if target else "not connected")]
    if target:
        facts += [("root", target.root)] if target.root else []
        facts += [("context", target.context)] if target.context else []
        facts += [("home", target.home)] if target.home else []
        facts.append(("token", "its own" if target.local else target.credentials))
    facts += [(one.name, str(settings[one])) for one in SETTINGS if not one.server]
    facts.append(("history", str(context.jobs.history.path)))
    if context.jobs.last:
        facts.append(("last job", context.jobs.last.id))
    return facts


COMMANDS = (
    Command(
        name="config",
        summary="Show the connection and the settings, or change one.",
        run=config,
        arguments=(
            argument("name", metavar="NAME", nargs="?", choices=tuple(BY_NAME),
                     help="one of the settings below"),
            argument("value", metavar="VALUE", nargs="?", help="what it is set to"),
        ),
        examples=("config", "config interrupt cancel"),
        details="Settings:\n\n" + "\n".join(
            f"  {one.name:<16} {one.help}: {one.kind.words}" for one in SETTINGS
        ),
    ),
    Command(
        name="traceback",
        summary="Show the whole stack of the latest error.",
        run=traceback,
    ),
    Command(
        name="help",
        summary="Show all commands, or the help of one.",
        run=show_help,
        arguments=(
            argument("words", metavar="COMMAND", nargs="*", help="such as run, or files ls"),
            argument("--markdown", action="store_true", help="all of it, as a page"),
        ),
    ),
)  # fmt: skip
