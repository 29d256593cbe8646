"""The terminal command: the same table, exit codes, one line for an error."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ibflow_nb import __version__
from ibflow_nb.cli import main
from ibflow_nb.notebook.remembered import recall, remember

tokens_seen: list[str] = []
RUN = ["run", "a/b/fs/D/x.ibflow", "--input", "a/b/fs/D/in"]


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """State folders of the test's own, and no server of the environment."""
    for name in [name for name in os.environ if name.startswith("IBFLOW")]:
        monkeypatch.delenv(name)
    for kind in ("STATE", "DATA", "CONFIG"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))
    tokens_seen.clear()


@pytest.fixture
def server() -> Iterator[str]:
    """A server whose one job ends as its input folder is named."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            tokens_seen.append(self.headers["Authorization"])
            end = "FAILED" if "bad" in self.path else "COMPLETE"
            self._reply({"status": "OK", "state": "DONE", "cur_status": {"status": end}})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            data = {"job_id": Path(body["input_dir"]).name, "output_folder": "out"}
            self._reply({"status": "OK", "data": data})

        def _reply(self, reply: dict[str, object]) -> None:
            content = json.dumps(reply).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{http.server_address[1]}"
        http.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("words", "code", "line"),
    [
        (["nosuch"], 2, "ibflow-nb: ibflow-nb knows no command 'nosuch'; see ibflow-nb help."),
        (["run", "--inptu"], 2, "ibflow-nb: ibflow-nb run has no option --inptu; did you mean "),
        (["jobs"], 1, "ibflow-nb: Not connected: 'ibflow-nb connect local' starts "),
        (["connect", "--profile", "p"], 1, "ibflow-nb: There is no profile 'p': "),
    ],
)
def test_errors_are_one_line_and_a_code(
    words: list[str], code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong command line is 2, any other error 1; both say one line on stderr."""
    assert main(words) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(line)
    assert captured.err.count("\n") == 1


def test_help_lists_commands_and_programs(capsys: pytest.CaptureFixture[str]) -> None:
    """Without words the overview comes: the table's commands and what only a terminal runs."""
    assert main([]) == 0
    shown = capsys.readouterr().out
    for name in ("run", "files ls", "serve", "demo", "classifier train"):
        assert f"  {name} " in shown


def test_help_of_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    """Programs have their own help, and refuse what they do not know."""
    assert main(["serve", "--help"]) == 0
    assert "--ready-file" in capsys.readouterr().out
    assert main(["serve", "--nosuch"]) == 2
    assert main(["classifier", "train"]) == 2


def test_connection_is_kept_for_the_next_command(
    server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A terminal's commands are processes; where 'connect' led is remembered without a token."""
    assert main(["connect", server]) == 0
    assert main(RUN) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "in"


def test_a_profile_is_remembered_by_its_name(
    server: str, write_profiles: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """The next command reads the profile again; no token is kept beside it."""
    write_profiles(f'[p]\nurl = "{server}"\ntoken = "canary-token-9c1e"\ncontext = "acme"\n')
    assert main(["connect", "--profile", "p"]) == 0
    assert main(["config"]) == 0
    shown = capsys.readouterr().out
    assert "profile          p " in shown
    assert "context          acme " in shown
    state = Path(os.environ["XDG_STATE_HOME"])
    kept = [path.read_text() for path in state.rglob("*") if path.is_file()]
    assert kept == ['{"profile":"p"}']


def test_an_earlier_job_is_found_by_the_profile_in_force(
    server: str, write_profiles: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """'attach' of a later command reaches the job's server with the profile's token."""
    write_profiles(f'[p]\nurl = "{server}"\ntoken = "of the profile"\n')
    assert main(["connect", "--profile", "p"]) == 0
    assert main(RUN) == 0
    assert main(["attach", "in"]) == 0
    assert "in" in capsys.readouterr().out.splitlines()[-1]
    assert set(tokens_seen) == {"Bearer of the profile"}


def test_a_setting_of_a_terminal_would_be_lost(capsys: pytest.CaptureFixture[str]) -> None:
    """'config NAME VALUE' names what lasts longer than one command."""
    assert main(["config", "display", "text"]) == 2
    assert "set the variable IBFLOW_NB_DISPLAY, or write 'display' into a profile in" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize(("folder", "code"), [("good", 0), ("bad", 1)])
def test_wait_tells_the_end_by_the_exit_code(
    server: str,
    folder: str,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With --wait progress goes to stderr, the job's id to stdout, and a failed job is 1."""
    monkeypatch.setenv("IBFLOW_URL", server)
    assert main(["run", "x.ibflow", "--input", f"a/b/fs/D/{folder}", "--wait"]) == code
    captured = capsys.readouterr()
    assert captured.out == f"{folder}\n"
    assert ("COMPLETE" in captured.err) == (code == 0)


def test_runs_as_a_module() -> None:
    """'python -m ibflow_nb.cli' is the same command."""
    done = subprocess.run(
        [sys.executable, "-m", "ibflow_nb.cli", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"ibflow-nb {__version__}\n"


def test_the_page_of_commands_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    """docs/commands.md is what 'ibflow-nb help --markdown' prints."""
    page = Path(__file__).parent.parent / "docs" / "commands.md"
    assert main(["help", "--markdown"]) == 0
    assert page.read_text("utf-8") == capsys.readouterr().out, (
        "run: ibflow-nb help --markdown > docs/commands.md"
    )


def test_what_is_remembered_is_replaced_at_once(tmp_path: Path) -> None:
    """Who reads the file meanwhile reads the old line whole; nobody else may read it."""
    path = tmp_path / "connection.json"
    remember({"url": "http://a.test"}, path)
    with path.open() as earlier:
        remember({"url": "http://b.test"}, path)
        assert "a.test" in earlier.read()
    assert recall(path) == {"url": "http://b.test"}
    assert path.stat().st_mode & 0o777 == 0o600
    assert [*tmp_path.iterdir()] == [path]
