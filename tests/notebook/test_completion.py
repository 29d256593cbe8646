"""Completion of the magic's line."""

from __future__ import annotations

import time
from typing import Any

import pytest
from IPython.core.completer import provisionalcompleter

from ibflow_nb.notebook.history import Entry, History


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
    assert sorted(until(lambda: completed(shell, line))) == sorted(expected)
    assert len(server.calls("marketplace/list")) <= 1


def test_a_slow_server_does_not_hold_the_completion(
    shell: Any, server: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A listing that comes too late is missing once and there at the next try."""
    import threading

    go_on = threading.Event()
    answer = server.answer

    def slow(method: str, path: str, body: Any) -> dict[str, Any]:
        go_on.wait(30)
        return answer(method, path, body)

    shell.run_cell(f"%ibflow connect {server.url}")
    monkeypatch.setattr(server, "answer", slow)
    server.nodes = {"": ["me/"]}
    completed(shell, "%ibflow config ")  # the first use imports what it needs
    started = time.monotonic()
    assert "me/" not in completed(shell, "%ibflow files ls m")
    assert time.monotonic() - started < 1.0
    go_on.set()
    until(lambda: completed(shell, "%ibflow files ls m") == ["me/"])
