"""From a typed line to a value: the way that the magic and the terminal share."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from typing import Any

from ibflow_nb.api.errors import CommandError
from ibflow_nb.notebook.commands import TABLE
from ibflow_nb.notebook.commands.base import Command
from ibflow_nb.notebook.commands.dry import show_request
from ibflow_nb.notebook.commands.parser import HelpRequested, find_command, parse
from ibflow_nb.notebook.context import Context


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came of a line.

    Attributes:
        value: what the command gave.
        variable: name under which the user wants to keep it.
    """

    value: Any = None
    variable: str = ""


def carry_out(context: Context, words: Sequence[str], body: str | None = None) -> Outcome:
    """Carry out the command that the words name.

    Args:
        context: what it works with; its body is set here.
        words: the line, split and expanded.
        body: text of a cell magic's body.

    Raises:
        IbflowError: it cannot be carried out as typed, or fails.
    """
    if not words or words[0] in {"--help", "-h"}:
        words = ["help"]
    command, rest = find_command(TABLE, words, context.prog)
    try:
        args = parse(command, rest, prog=context.prog, with_body=body is not None)
    except HelpRequested as request:
        context.screen.say(str(request))
        return Outcome()
    if body is not None:
        context = _with_body(context, command, body)
    if vars(args).pop("quiet", False):
        context = dataclasses.replace(context, screen=context.screen.silenced())
    variable = vars(args).pop("variable", "")
    if variable and not variable.isidentifier():
        raise CommandError(f"-o {variable}: that is no name of a variable.")
    return Outcome(_run(context, command, args), variable)


def _run(context: Context, command: Command, args: argparse.Namespace) -> Any:
    if not vars(args).pop("dry_run", False):
        return command.run(context, args)
    if command.preview is None:
        raise CommandError(f"{context.prog} {command.name} has no request to show.")
    show_request(context, command.preview(context, args))
    return None


def _with_body(context: Context, command: Command, body: str) -> Context:
    if not command.takes_body:
        raise CommandError(
            f"{command.name} takes no body; write {context.prog} {command.name} in one line."
        )
    from ibflow_nb.notebook.bodies import parse_body

    parsed = parse_body(body, context.namespace, list_key=command.list_key)
    return dataclasses.replace(context, body=parsed)
