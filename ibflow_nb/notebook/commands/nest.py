"""``nest``: the opt-in for cells that call ``asyncio.run``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ibflow_nb.api.errors import CommandError
from ibflow_nb.notebook.commands.base import Command, argument

if TYPE_CHECKING:
    from ibflow_nb.notebook.context import Context


def nest(context: Context, args: argparse.Namespace) -> None:
    """Say whether loops may be nested, or allow it."""
    from ibflow_nb.notebook.nesting import allow_nested_loops, nested_loops_allowed

    wanted = getattr(args, "wanted", None)
    if wanted == "on":
        context.screen.say(allow_nested_loops())
    elif wanted == "off" and nested_loops_allowed():
        raise CommandError("Nested loops cannot be taken back; restart the kernel.")
    else:
        context.screen.say(f"Nested loops are {'' if nested_loops_allowed() else 'not '}allowed.")


COMMANDS = (
    Command(
        name="nest",
        summary="Let asyncio.run work inside cells, for scripts that call it.",
        run=nest,
        arguments=(
            argument("wanted", metavar="on|off", nargs="?", choices=("on", "off"),
                     help="default: say how it is"),
        ),
        examples=("nest on",),
        details="Nothing of %ibflow needs it: 'job.wait()' and 'await job' work without. It changes"
        " asyncio for the whole kernel and cannot be taken back before a restart.",
    ),
)  # fmt: skip
