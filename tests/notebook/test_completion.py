"""Completion of the magic's line."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.completer import CompletionContext, provisionalcompleter

from ibflow_nb.notebook.completion import in_time
from ibflow_nb.notebook.history import Entry, History

PATIENCE = 5.0  # seconds: much more than a completion may take, less than a server may


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let words be found as slowly as a busy machine finds them."""
    monkeypatch.setattr("ibflow_nb.notebook.completion.MOST_SECONDS", 20.0)


def completed(shell: Any, line: str) -> list[str]:
    """Give what the word at the end of a line can become."""
    with provisionalcompleter():
        return [one.text for one in shell.Completer.completions(line, len(line))]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("%ibflow res", ["restart", "results", "resume"]),
        ("%%ibflow metaf", ["metaflow"]),
        ("x = %ibflow atta", ["attach"]),
        ("for i in x:\n    %ibflow canc", ["cancel"]),
        ("%ibflow files ", ["get", "ls", "put", "rm"]),
        ("%ibflow run a --step", ["--step-timeout"]),
        ("%ibflow files get --fo", ["--force"]),
        ("%ibflow config inter", ["interrupt"]),
        ("%ibflow run --input x --tag t --o", ["--output"]),
    ],
)
def test_commands_and_options(shell: Any, line: str, expected: list[str]) -> None:
    """Commands, their options and their fixed words are completed, and nothing else mixes in."""
    assert sorted(completed(shell, line)) == expected


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("%ibflow connect --profile ", ""),
        ("%ibflow wait ", ""),
        ("%ibflow run --tag pri", "pri"),
        ("%ibflow zzz", "zzz"),
        ("%ibflow files ls zz/", "zz/"),
    ],
)
def test_nothing_known_brings_nothing_else(shell: Any, line: str, word: str) -> None:
    """Where the magic knows no word, Python's names are no help; the word stays as it is."""
    assert completed(shell, line) == [word]


def test_python_names_after_a_brace(shell: Any) -> None:
    """An expression in the line is completed by IPython."""
    shell.user_ns["receipts_folder"] = "x"
    assert "receipts_folder" in completed(shell, "%ibflow run a --input {receipts_f")


def test_body_of_a_cell_magic_is_left_alone(shell: Any) -> None:
    """Below the first line of a cell magic the matcher keeps quiet."""
    assert "restart" not in completed(shell, "%%ibflow run\n%ibflow resta")


def test_job_ids_of_earlier_kernels(shell: Any) -> None:
    """Ids come from the history, newest first."""
    for job_id in ("ab-1", "ab-2", "cd-3"):
        History().add(Entry(job_id=job_id, server="local"))
    assert completed(shell, "%ibflow attach ab") == ["ab-2", "ab-1"]


def test_local_and_remote_paths(shell: Any, server: Any, own_folders: Any, until: Any) -> None:
    """Where either is meant, both are offered; folders end with a slash, blanks are quoted."""
    (own_folders / "my scans").mkdir()
    (own_folders / "my.ibflow").write_text("{}")
    server.nodes = {"": ["me/", "you/"], "me": ["my repo/"]}
    shell.run_cell(f"%ibflow connect {server.url}")
    expected = {"my.ibflow", '"my scans/"', "me/"}
    until(lambda: set(completed(shell, "%ibflow run m")) == expected)
    until(lambda: completed(shell, "%ibflow files ls me/") == ['"me/my repo/"'])


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("%ibflow marketplace install W", ["W2"]),
        ("%ibflow marketplace install W2 ", ["1.0.0", "2.0.0", "1.1.0"]),
        ("%ibflow run_sync De", ['"Demo Solution"']),
        ('%ibflow run_sync "Demo Solution" ', ["0.1.0"]),
        ("%ibflow solution run W2 2", ["2.0.0"]),
        ("%ibflow run_sync W2 2.0.0 ./sc", ["./scan.pdf"]),
        ("%ibflow run_sync --solution p ./sc", ["./scan.pdf"]),
    ],
)
def test_names_and_versions_of_solutions(
    shell: Any, server: Any, own_folders: Any, until: Any, line: str, expected: list[str]
) -> None:
    """The marketplace is asked; published and installed versions are offered."""
    server.apps = [
        {"name": "W2", "available_versions": ["2.0.0", "1.0.0"], "installed_versions": ["1.1.0"]},
        {"name": "Demo Solution", "available_versions": ["0.1.0"]},
    ]
    (own_folders / "scan.pdf").touch()
    shell.run_cell(f"%ibflow connect {server.url}")
    until(lambda: sorted(completed(shell, line)) == sorted(expected))
    assert len(server.calls("marketplace/list")) <= 1


@pytest.fixture
def slow(server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Have the server answer only while the event is set."""
    go_on = threading.Event()
    go_on.set()
    answer = server.answer

    def late(method: str, path: str, body: Any) -> dict[str, Any]:
        go_on.wait(30)
        return dict(answer(method, path, body))

    monkeypatch.setattr(server, "answer", late)
    yield go_on
    go_on.set()


def seconds(shell: Any, line: str) -> float:
    """Give the least time of three completions by the matcher alone."""
    matcher = shell.Completer.custom_matchers[0]
    context = CompletionContext(
        token="", full_text=line, cursor_position=len(line), cursor_line=0, limit=None
    )
    spent = []
    for _ in range(3):
        started = time.monotonic()
        matcher(context)
        spent.append(time.monotonic() - started)
    return min(spent)


def test_a_slow_server_does_not_hold_the_completion(
    shell: Any, server: Any, until: Any, slow: threading.Event
) -> None:
    """A listing that comes too late is not waited for, and there at a later try."""
    server.nodes = {"": ["me/"]}
    shell.run_cell(f"%ibflow connect {server.url}")
    slow.clear()
    for line in ("%ibflow files ls m", "%ibflow run_sync De", "%ibflow run m"):
        assert seconds(shell, line) < PATIENCE
        assert "me/" not in completed(shell, line)
    slow.set()
    until(lambda: completed(shell, "%ibflow files ls m") == ["me/"])


def test_what_is_found_too_late_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search that hangs, on a folder that has gone, ends with nothing found."""
    monkeypatch.setattr("ibflow_nb.notebook.completion.MOST_SECONDS", 0.01)
    go_on = threading.Event()
    assert in_time(lambda: ["late"] if go_on.wait(30) else []) == []
    go_on.set()


def test_an_answer_stands_in_while_a_newer_one_is_late(
    shell: Any, server: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was listed once is offered on, also when the server has gone."""
    server.nodes = {"": ["me/"]}
    shell.run_cell(f"%ibflow connect {server.url}")
    until(lambda: completed(shell, "%ibflow files ls m") == ["me/"])
    monkeypatch.setattr("ibflow_nb.notebook.lookups._KEPT_SECONDS", 0.0)
    monkeypatch.setattr(server, "answer", lambda *_: {"status": "ERROR", "msg": "closed"})
    for _ in range(3):
        assert completed(shell, "%ibflow files ls m") == ["me/"]


@pytest.mark.parametrize(
    "line",
    ["%ibflow files ls m", "%ibflow run_sync De", "%ibflow run m", "%ibflow wait 3", "%ibflow c"],
)
def test_a_dead_server_is_no_error(
    shell: Any,
    server: Any,
    own_folders: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    line: str,
) -> None:
    """Where every connection breaks and the history is damaged, Tab is silent and quick."""

    def break_off(*_: object) -> None:
        raise ConnectionError

    History().add(Entry(job_id="3f2a", server="local"))
    shell.run_cell(f"%ibflow connect {server.url}")
    monkeypatch.setattr(server, "answer", break_off)
    History().path.write_bytes(b"\xff\x00{")
    capsys.readouterr()
    assert seconds(shell, line) < PATIENCE
    assert capsys.readouterr() == ("", "")


def test_an_error_in_the_matcher_is_not_shown(
    shell: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever fails while a key is pressed, IPython prints nothing."""

    def fail(*_: object) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr("ibflow_nb.notebook.completion.candidates", fail)
    assert "cancel" not in completed(shell, "%ibflow canc")
    assert capsys.readouterr() == ("", "")
