"""What a command is: name, arguments, help, examples and one function.

One table of these drives the magic, its ``--help``, completion, the ``ibflow-nb`` command of a
terminal and the page of commands.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ibflow_nb.api.endpoints import Endpoint
    from ibflow_nb.api.schema import Request
    from ibflow_nb.notebook.context import Context


class Completes(Enum):
    """What an argument's value can be completed with."""

    NOTHING = auto()
    JOB = auto()
    REMOTE = auto()  # a drive path
    LOCAL = auto()  # a path of this machine
    PATH = auto()  # either: local paths are uploaded first
    SOLUTION = auto()  # the name of a solution in the marketplace
    VERSION = auto()  # a version of the solution named before it
    PROFILE = auto()  # the name of a profile


@dataclass(frozen=True)
class Argument:
    """One positional or option.

    Attributes:
        flags: a single name for a positional, ``--option`` spellings for an option.
        help: one line; ends up in ``--help`` and on the page of commands.
        completes: what its value is completed with.
        choices: words that it is completed with; the command checks them.
        options: passed on to :meth:`argparse.ArgumentParser.add_argument`.
    """

    flags: tuple[str, ...]
    help: str
    completes: Completes = Completes.NOTHING
    choices: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def positional(self) -> bool:
        """Whether its place, not a flag, tells what it is."""
        return not self.flags[0].startswith("-")

    @property
    def takes_value(self) -> bool:
        """Whether a value follows the flag."""
        return self.positional or not str(self.options.get("action", "")).startswith("store_")

    @property
    def values(self) -> float:
        """How many values may follow the flag."""
        if self.options.get("nargs") in {"*", "+"}:
            return math.inf
        return 1 if self.takes_value else 0


def argument(
    *flags: str,
    help: str,
    completes: Completes = Completes.NOTHING,
    choices: tuple[str, ...] = (),
    **options: Any,
) -> Argument:
    """Declare an :class:`Argument`."""
    return Argument(flags, help, completes, choices, options)


def whole_from_one(word: str) -> int:
    """Read a whole number from 1; a ``type`` of :func:`argument`.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    if not (word.isascii() and word.isdigit() and int(word)):
        raise argparse.ArgumentTypeError(f"must be a whole number from 1, not '{word}'")
    return int(word)


@dataclass(frozen=True)
class Call:
    """The request that a command would send, for ``--dry-run``.

    Attributes:
        endpoint: the call in the endpoint table.
        request: body, or query for GET.
        path: drive path that stands for ``{path}`` in the endpoint's path.
        note: what happens besides, such as an upload.
    """

    endpoint: Endpoint
    request: Request | None = None
    path: str = ""
    note: str = ""


@dataclass(frozen=True)
class Command:
    """One command.

    Attributes:
        name: its words, such as ``run`` or ``files ls``.
        summary: one line on what it does.
        run: carries it out; its value is what the magic returns.
        arguments: positionals and options, besides the common ones.
        examples: lines to try, without the leading ``%ibflow``.
        preview: gives the request for ``--dry-run``; None when nothing is sent.
        starts_job: whether it takes ``--wait`` and ``--timeout``.
        takes_body: whether it has a cell form, ``%%ibflow NAME`` with a body.
        list_key: parameter that a body gives which is a list or just words.
        details: further help below the options.
    """

    name: str
    summary: str
    run: Callable[[Context, argparse.Namespace], object]
    arguments: tuple[Argument, ...] = ()
    examples: tuple[str, ...] = ()
    preview: Callable[[Context, argparse.Namespace], Call] | None = None
    starts_job: bool = False
    takes_body: bool = False
    list_key: str = ""
    details: str = ""

    @property
    def all_arguments(self) -> tuple[Argument, ...]:
        """Its own arguments and the common ones."""
        return self.arguments + (STARTER_OPTIONS if self.starts_job else ()) + COMMON_OPTIONS


COMMON_OPTIONS = (
    argument("--quiet", "-q", help="say and show nothing, only return", action="store_true"),
    argument("-o", help="keep the value in this variable", dest="variable", metavar="NAME"),
    argument("--dry-run", help="show the request, secrets masked; send nothing",
             action="store_true"),
)  # fmt: skip
STARTER_OPTIONS = (
    argument("--wait", help="return when the job has ended", action="store_true"),
    argument("--timeout", help="stop waiting after this many seconds; the job goes on",
             type=float, metavar="S"),
    argument("--notify-browser", help="have the browser tell the end, if you allow it",
             action="store_true"),
)  # fmt: skip
