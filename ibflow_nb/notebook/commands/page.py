"""The table of commands as text for people: an overview and a page."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from ibflow_nb.notebook.commands.base import COMMON_OPTIONS, STARTER_OPTIONS, Argument, Command


def overview(commands: Iterable[Command], prog: str) -> str:
    """List all commands with their summaries."""
    rows = [(command.name, command.summary) for command in commands]
    width = max(len(name) for name, _ in rows)
    lines = [f"  {name:<{width}}  {summary}" for name, summary in rows]
    common = ", ".join("/".join(option.flags) for option in COMMON_OPTIONS)
    tail = [f"All take --help, {common}.", f"'{prog} help COMMAND' tells more."]
    return "\n".join([f"{prog} COMMAND ...", "", *lines, "", *tail])


def markdown(commands: Iterable[Command]) -> str:
    """Give the page of commands."""
    intro = [
        "# Commands",
        "",
        "`%ibflow COMMAND` in a notebook, `ibflow-nb COMMAND` in a terminal.",
        "",
        "All commands take:",
        "",
        *_rows(COMMON_OPTIONS),
        "",
        "Those that start a job also take:",
        "",
        *_rows(STARTER_OPTIONS),
    ]
    return "\n".join([*intro, *(line for command in commands for line in _section(command))])


def _section(command: Command) -> list[str]:
    lines = ["", f"## {command.name}", "", f"{command.summary}{_forms(command)}"]
    if command.arguments:
        lines += ["", *_rows(command.arguments)]
    if command.details:
        lines += _prose(command.details)
    if command.examples:
        lines += ["", "```", *(f"%ibflow {example}" for example in command.examples), "```"]
    return lines


def _forms(command: Command) -> str:
    """Say in which ways a command can be used besides its line."""
    cell = f" Also as a cell, `%%ibflow {command.name}` with a body." if command.takes_body else ""
    return f"{' Starts a job.' if command.starts_job else ''}{cell}"


def _prose(details: str) -> list[str]:
    """Give paragraphs; indented ones are code."""
    lines: list[str] = []
    for paragraph in details.split("\n\n"):
        code = paragraph.startswith("  ")
        text = textwrap.dedent(paragraph)
        lines += ["", "```", *text.splitlines(), "```"] if code else ["", text]
    return lines


def _rows(arguments: Iterable[Argument]) -> list[str]:
    rows = [f"| `{_signature(item)}` | {item.help} |" for item in arguments]
    return ["| argument | meaning |", "|---|---|", *rows]


def _signature(item: Argument) -> str:
    metavar = str(item.options.get("metavar", "")).replace("|", " or ")
    if item.positional:
        return metavar or item.flags[0]
    return f"{', '.join(item.flags)} {metavar}".strip()
