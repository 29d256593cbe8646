"""Every command of the table: its examples, its help, its dry run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ibflow_nb.notebook.commands import TABLE
from ibflow_nb.notebook.commands.base import Argument, Command
from ibflow_nb.notebook.commands.parser import build_parser, find_command, parse
from ibflow_nb.notebook.expansion import split_line

SPACE = "me/my-repo/fs/Drive"
NAMES: dict[str, Any] = {
    "home": SPACE,
    "flows": f"{SPACE}/flows",
    "classifier": f"{SPACE}/mixed.ibclassifier",
    "content": b"a document",
}
EXAMPLES = [(command, line) for command in TABLE.values() for line in command.examples]
SENDING = [(command, line) for command, line in EXAMPLES if command.preview]
ONCE = [
    (command, option)
    for command in TABLE.values()
    for option in command.all_arguments
    if not option.positional and option.takes_value and option.options.get("action") != "append"
]
SECRET = "Z3cr3t"


def title(value: object) -> str:
    """Name a case of a test."""
    if isinstance(value, Command):
        return value.name
    return value.flags[0] if isinstance(value, Argument) else str(value)


@pytest.fixture
def known(shell: Any, server: Any, own_folders: Path) -> Any:
    """A connected shell that knows a job, the variables of the examples and their local files."""
    for name in ("scans", "mixed", "my_solution"):
        (own_folders / name).mkdir()
        (own_folders / name / "a.pdf").write_bytes(b"%PDF-1.4")
    (own_folders / "my.ibflow").write_text('{"steps": []}')
    (own_folders / "receipts-1.0.0.ibsolution").write_bytes(b"PK")
    shell.user_ns |= NAMES
    server.set("3f2a")
    assert shell.run_cell(f"%ibflow connect {server.url} --home {SPACE}").success
    assert shell.run_cell("%ibflow attach 3f2a --quiet").success
    return shell


@pytest.mark.parametrize("command", TABLE.values(), ids=title)
def test_help_shows_examples(command: Command) -> None:
    """The help of every command names its arguments and at least one line to try."""
    text = build_parser(command, prog="%ibflow").format_help()
    assert "examples:\n  %ibflow " in text
    assert all(flag in text for item in command.arguments for flag in item.flags if "-" in flag)


@pytest.mark.parametrize(("command", "line"), EXAMPLES, ids=title)
def test_examples_are_valid_lines(command: Command, line: str) -> None:
    """What an example says is a line of the command that it belongs to."""
    found, rest = find_command(TABLE, split_line(line, NAMES), "%ibflow")
    assert found is command
    parse(command, rest, prog="%ibflow")


@pytest.mark.parametrize(("command", "option"), ONCE, ids=title)
def test_an_option_with_one_value_is_refused_twice(command: Command, option: Argument) -> None:
    """Nothing that was typed is silently dropped; the sentence names the option."""
    value = "1" if "type" in option.options else "a"
    value = next(iter(option.options.get("choices", ())), value)
    words = [option.flags[0], value, f"{option.flags[0]}", value]
    with pytest.raises(Exception, match=f"{option.flags[0]}.* given twice"):
        parse(command, words, prog="%ibflow", with_body=True)


@pytest.mark.parametrize(("command", "line"), SENDING, ids=title)
def test_dry_run_shows_the_request_and_sends_nothing(
    known: Any,
    server: Any,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    command: Command,
    line: str,
) -> None:
    """Every command that sends something shows what, with the token masked, and keeps still."""
    server.set("3f2a", status="COMPLETE")
    before = list(server.requests)
    capsys.readouterr()
    assert known.run_cell(f"%ibflow {line} --dry-run").success
    shown = capsys.readouterr().out
    assert shown.split()[0] in {"GET", "POST", "PUT", "DELETE"}
    assert "Authorization: Bearer ****" in shown
    assert [one for one in server.requests[len(before) :] if "jobs/status" not in one[1]] == []


def test_all_secrets_of_a_dry_run_are_masked(
    known: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Token, webhook headers, passwords and queries of addresses are not shown."""
    body = (
        f"ibflow_path: f\ninput_dir: d\nwebhook_config:\n  url: https://u:{SECRET}@h/w?k={SECRET}\n"
        f"  headers: {{X-Key: {SECRET}}}\n"
    )
    assert known.run_cell(f"%%ibflow run --dry-run\n{body}").success
    indented = "".join(f"  {line}\n" for line in body.splitlines()[2:])
    cell = f"%%ibflow solution run s 1.0.0 --dry-run\ninput_folder: d\nsettings:\n{indented}"
    assert known.run_cell(cell).success
    step = "step_name: process_files\nkwargs:\n  input_folder: a/b\n  encryption_config: "
    assert known.run_cell(f"%%ibflow step --dry-run\n{step}'{SECRET}'\n").success
    config = f"runtime_config: {{deep: [{{db_password: {SECRET}}}]}}\n"
    assert known.run_cell(f"%%ibflow run f --input d --dry-run\n{config}").success
    shown = capsys.readouterr().out
    assert shown.count("https://****@h/w?****") == 2
    assert "input_folder" in shown
    assert "db_password" in shown
    assert SECRET not in shown


def test_cancel_all_shows_what_it_asks_first(
    known: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """A dry run of 'cancel --all' needs no job of this kernel."""
    capsys.readouterr()
    assert known.run_cell("%ibflow cancel --all --dry-run").success
    shown = capsys.readouterr().out
    assert shown.startswith("GET /api/v1/jobs/list?state=PENDING%2CRUNNING%2CPAUSED\n")
    assert "then each of them is cancelled" in shown
