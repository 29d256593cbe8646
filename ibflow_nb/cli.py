"""``ibflow-nb``: the commands of the magic in a terminal, and the programs beside them.

Exit codes: 0, 1 after an error or a job that did not complete, 2 for a wrong command line.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibflow_nb
from ibflow_nb.api.errors import CommandError, IbflowError

PROG = "ibflow-nb"


def main(words: Sequence[str] | None = None) -> int:
    """Carry out one command line.

    Args:
        words: the line; default ``sys.argv``.

    Returns:
        The exit code.
    """
    words = list(sys.argv[1:] if words is None else words)
    try:
        return _carry_out(words)
    except IbflowError as error:
        print(f"{PROG}: {error}", file=sys.stderr)
        return 2 if isinstance(error, CommandError) else 1
    except KeyboardInterrupt as error:
        print(f"{PROG}: {error or 'interrupted'}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        sys.stderr.close()  # the reader has gone; nothing is left to tell it
        return 1


def _carry_out(words: list[str]) -> int:
    if words[:1] == ["--version"]:
        print(f"{PROG} {ibflow_nb.__version__}")
        return 0
    for name, program in PROGRAMS.items():
        if words[: len(name.split())] == name.split():
            return _run_program(name, program, words[len(name.split()) :])
    code = _run_command(words)
    if not words or (words[0] in {"help", "--help", "-h"} and len(words) == 1):
        rows = "\n".join(f"  {name:<16}  {program.summary}" for name, program in PROGRAMS.items())
        print(f"\nBesides:\n\n{rows}")
    return code


def _run_command(words: list[str]) -> int:
    """Carry out a command of the table, as the magic does."""
    from ibflow_nb.notebook.connection import Connection, line_of
    from ibflow_nb.notebook.context import Context, KnownJobs
    from ibflow_nb.notebook.dispatch import carry_out
    from ibflow_nb.notebook.history import History
    from ibflow_nb.notebook.progress.painter import painter
    from ibflow_nb.notebook.remembered import recall, remember
    from ibflow_nb.notebook.screens import TerminalScreen
    from ibflow_nb.notebook.settings import Settings
    from ibflow_nb.notebook.waiting import set_interrupt_policy

    settings = Settings()
    settings.line = line_of(recall())
    context = Context(
        Connection(settings, PROG),
        KnownJobs(History()),
        settings,
        TerminalScreen(settings, progress=sys.stderr, lives_on=False),
        prog=PROG,
    )
    set_interrupt_policy(context)
    try:
        value = carry_out(context, words).value
        if words[:1] == ["connect"] and context.connection.target is not None:
            remember({name: one.value for name, one in settings.line.items()})
        return _show(value)
    finally:
        painter.stop()
        context.connection.close()


def _show(value: Any) -> int:
    """Print what a command gave; give the exit code."""
    from ibflow_nb.api.jobs import JobState
    from ibflow_nb.frames import Records
    from ibflow_nb.jobs import Job, Snapshot
    from ibflow_nb.jobs.board import Board
    from ibflow_nb.notebook.progress.board import tell
    from ibflow_nb.notebook.progress.describe import describe
    from ibflow_nb.notebook.table import CsvText, Table

    if isinstance(value, Job):
        print(value.id)
        return 1 if value.done and value.state is not JobState.COMPLETE else 0
    if isinstance(value, Snapshot):
        print(describe(value, "").line)
    elif isinstance(value, Board):
        print(tell(value.snapshot).text)
    elif isinstance(value, Records):
        value.to_frame().to_csv(sys.stdout, index=False)
    elif isinstance(value, Table | CsvText):
        print(value)
    return 0


@dataclass(frozen=True)
class Program:
    """Something that only a terminal runs.

    Attributes:
        summary: one line on what it does.
        add_arguments: adds its arguments to a parser.
        run: carries it out and gives the exit code.
    """

    summary: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def _run_program(name: str, program: Program, words: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog=f"{PROG} {name}", description=program.summary, allow_abbrev=False
    )
    try:
        program.add_arguments(parser)
        arguments = parser.parse_args(words)
        return program.run(arguments)
    except SystemExit as stop:  # argparse has said why, or has shown its help
        return int(stop.code or 0)


def _serve_arguments(parser: argparse.ArgumentParser) -> None:
    _local().add_serve_arguments(parser)


def _serve(arguments: argparse.Namespace) -> int:
    return int(_local().serve(arguments))


def _local() -> Any:
    try:
        from ibflow_nb.local.server import serve
    except ImportError as error:
        raise _not_installed(error, "local") from error
    return serve


def _demo(arguments: argparse.Namespace) -> int:
    try:
        from ibflow_nb.examples import demo
    except ImportError as error:
        raise _not_installed(error, "local") from error
    return demo.main()


def _train_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="DIR", help="one sub-folder for each class")
    parser.add_argument(
        "-o", dest="output", type=Path, metavar="FILE", required=True, help="the .ibclassifier"
    )
    parser.add_argument(
        "--threshold",
        type=float,
        metavar="P",
        help="probability below which a document is 'other' (default: found from the documents)",
    )


def _train(arguments: argparse.Namespace) -> int:
    try:
        from ibflow_nb.local.classifier.training import train_classifier
    except ImportError as error:
        raise _not_installed(error, "local") from error
    report = train_classifier(
        arguments.folder,
        arguments.output,
        threshold=arguments.threshold,
        progress=lambda name: print(name, file=sys.stderr),
    )
    print(report)
    return 0


def _not_installed(error: ImportError, extra: str) -> IbflowError:
    from ibflow_nb.api.errors import ConfigError

    return ConfigError(
        f"this needs the extra '{extra}' ({error.name} is missing): "
        f"pip install 'ibflow-nb[{extra}]'."
    )


PROGRAMS = {
    "serve": Program("Run the platform of a folder until stopped.", _serve_arguments, _serve),
    "demo": Program("Run the receipts example from nothing to a frame.", lambda _: None, _demo),
    "classifier train": Program(
        "Train a classifier on labelled folders of documents.", _train_arguments, _train
    ),
}

if __name__ == "__main__":
    sys.exit(main())
