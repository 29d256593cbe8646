"""From words to a command and its arguments; every mistake becomes one sentence."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from ibflow_nb.api.errors import CommandError
from ibflow_nb.api.hints import did_you_mean
from ibflow_nb.notebook.commands.base import Argument, Command


class HelpRequested(Exception):
    """``--help`` was given; the message is the text to show."""


class _Parser(argparse.ArgumentParser):
    """An argument parser that raises where the standard one prints and exits."""

    def error(self, message: str) -> NoReturn:
        raise CommandError(f"{self.prog}: {message}; see {self.prog} --help.")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        raise CommandError(f"{self.prog}: {message or 'stopped'}".strip())


class _HelpAction(argparse.Action):
    """Hand the help text to the caller."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object, **__: object) -> None:
        raise HelpRequested(parser.format_help())


class _OnceAction(argparse.Action):
    """Keep the option's value; a second one would silently take the place of the first."""

    given = False

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        if self.given:
            raise argparse.ArgumentError(self, "it is given twice")
        self.given = True
        setattr(namespace, self.dest, values)


def find_command(
    table: Mapping[str, Command], words: Sequence[str], prog: str
) -> tuple[Command, list[str]]:
    """Find the command that the first words name; give it and the words after it.

    Raises:
        CommandError: there is no such command; the message names a near one.
    """
    for length in (2, 1):
        if len(words) >= length and " ".join(words[:length]) in table:
            return table[" ".join(words[:length])], list(words[length:])
    group = [name for name in table if name.split()[0] == words[0]]
    if group:
        choices = ", ".join(name.split()[1] for name in group)
        said = f"'{words[0]} {words[1]}'" if len(words) > 1 else f"'{words[0]}' alone"
        raise CommandError(f"{prog} knows no {said}; after '{words[0]}' comes one of {choices}.")
    hint = did_you_mean(words[0], (name.split()[0] for name in table), f"see {prog} help.")
    raise CommandError(f"{prog} knows no command '{words[0]}'; {hint}")


def parse(
    command: Command, words: Sequence[str], *, prog: str, with_body: bool = False
) -> argparse.Namespace:
    """Read the words after a command's name; only what was given is in the answer.

    Args:
        command: the command.
        words: the words after its name.
        prog: ``%ibflow`` or ``ibflow-nb``.
        with_body: whether a body may give what the line leaves out.

    Raises:
        CommandError: an option is unknown or given twice, or a value is missing or of a wrong
            type.
        HelpRequested: ``--help`` is among the words.
    """
    _refuse_unknown_options(command, words, prog)
    parser = build_parser(command, prog=prog, with_body=with_body)
    return parser.parse_args(_positionals_first(command, words))


def build_parser(command: Command, *, prog: str, with_body: bool = False) -> _Parser:
    """Make the parser of one command."""
    parser = _Parser(
        prog=f"{prog} {command.name}",
        description=command.summary,
        epilog=_epilog(command, prog),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        add_help=False,
        allow_abbrev=False,
    )
    parser.add_argument("--help", "-h", action=_HelpAction, nargs=0, help="show this text")
    for item in command.all_arguments:
        parser.add_argument(*item.flags, help=item.help, **_options(item, with_body))
    return parser


def _options(item: Argument, with_body: bool) -> dict[str, Any]:
    options = dict(item.options)
    if with_body and item.positional and "nargs" not in options:
        options["nargs"] = "?"
    if with_body:
        options.pop("required", None)
    if not item.positional and item.takes_value:
        options.setdefault("action", _OnceAction)
    return options


def _positionals_first(command: Command, words: Sequence[str]) -> list[str]:
    """Put options behind: argparse does not find positionals again after an option."""
    flags = {flag: item for item in command.all_arguments for flag in item.flags if flag[0] == "-"}
    positionals: list[str] = []
    options: list[str] = []
    rest = 0.0  # values that the latest option still takes
    for index, word in enumerate(words):
        if word == "--":
            return [*positionals, *options, *words[index:]]
        if word.startswith("-") and len(word) > 1 and (word in flags or not rest):
            options.append(word)
            item = flags.get(word)
            rest = item.values if item else 0
        elif rest:
            options.append(word)
            rest -= 1
        else:
            positionals.append(word)
    return positionals + options


def _refuse_unknown_options(command: Command, words: Sequence[str], prog: str) -> None:
    flags = [flag for item in command.all_arguments for flag in item.flags if flag[0] == "-"]
    flags += ["--help", "-h"]
    for word in words:
        if word == "--":
            return
        name = word.partition("=")[0]
        if word.startswith("--") and name not in flags:
            names = [flag[2:] for flag in flags if flag.startswith("--")]
            near = difflib.get_close_matches(name[2:], names, n=1)
            hint = f"did you mean --{near[0]}?" if near else f"see {prog} {command.name} --help."
            raise CommandError(f"{prog} {command.name} has no option {name}; {hint}")


def _epilog(command: Command, prog: str) -> str:
    parts = [command.details] if command.details else []
    if command.examples:
        lines = [f"  {prog} {example}" for example in command.examples]
        parts.append("\n".join(["examples:", *lines]))
    return "\n\n".join(parts)
