"""The magic in a shell of this process."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ibflow_nb.notebook.screens import TerminalScreen

HEAVY = ("pandas", "httpx", "ipywidgets", "msgspec", "yaml", "platformdirs", "tomllib", "difflib")
LOADED = {
    "ibflow_nb",
    "ibflow_nb.api",
    "ibflow_nb.api.errors",
    "ibflow_nb.config",
    "ibflow_nb.config.kinds",
    "ibflow_nb.config.secret",
    "ibflow_nb.config.sources",
    "ibflow_nb.config.table",
    "ibflow_nb.notebook",
    "ibflow_nb.notebook.magic",
    "ibflow_nb.notebook.matcher",
    "ibflow_nb.notebook.traits",
}
RUN = "run a/b/fs/D/x.ibflow --input a/b/fs/D/in"


def error_of(shell: Any, cell: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Run a cell that fails; give what it showed."""
    result = shell.run_cell(cell)
    assert result.error_in_exec is not None
    return capsys.readouterr().out.strip()


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("runn x", "CommandError: %ibflow knows no command 'runn'; did you mean 'run'?"),
        ("run --inptu x", "CommandError: %ibflow run has no option --inptu; did you mean --input?"),
        ("review --below 2", ("CommandError: %ibflow review has no option --below; see %ibflow "
                             "review --help.")),
        ("jobs --limit 0", ("CommandError: %ibflow jobs: argument --limit: must be a whole number "
                           "from 1, not '0'; see %ibflow jobs --help.")),
        ("files lz", ("CommandError: %ibflow knows no 'files lz'; after 'files' comes one of "
                     "ls, get, put, rm.")),
        ("run a", ("CommandError: %ibflow run: the following arguments are required: --input; "
                  "see %ibflow run --help.")),
        ("status", ("CommandError: No job was started here yet; name one, '%ibflow jobs' lists "
                   "them.")),
        ("run $f --input x", ("CommandError: $f: there is no variable 'f'; write $$ for a dollar "
                             "sign.")),
        ("jobs", ("ConfigError: Not connected: '%ibflow connect local' starts the platform on this "
                 "machine, '%ibflow connect URL' uses another (or set IBFLOW_URL).")),
        ("config display nope", ("CommandError: 'display' can be auto, widget, text, static, off, "
                                "not 'nope'.")),
        ("cancel", "CommandError: cancel takes a job or --all."),
        ("run ./nothere.ibflow --input x", ("CommandError: There is no local file or folder "
                                           "./nothere.ibflow.")),
    ],
)  # fmt: skip
def test_mistakes_are_one_line(
    shell: Any, line: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mistake fails the cell with one sentence and no stack."""
    assert error_of(shell, f"%ibflow {line}", capsys) == sentence


def test_traceback_shows_the_rest(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """The stack that an error hides can be had afterwards."""
    shell.run_cell("%ibflow nosuch")
    capsys.readouterr()
    shell.run_cell("%ibflow traceback")
    shown = capsys.readouterr().out
    assert shown.startswith("Traceback")
    assert "CommandError: %ibflow knows no command 'nosuch'" in shown


def test_traceback_knows_errors_of_plain_python(
    shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error that no magic raised has its stack shown too."""
    shell.run_cell("from ibflow_nb.api.errors import NotFound\nraise NotFound('no job x')")
    assert "Traceback" not in capsys.readouterr().out
    shell.run_cell("%ibflow traceback")
    shown = capsys.readouterr().out
    assert shown.startswith("Traceback")
    assert "NotFound: no job x" in shown


def test_debug_shows_the_stack_at_once(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """With 'debug on' an error shows its whole stack."""
    shell.run_cell("%ibflow config debug on")
    assert "Traceback" in error_of(shell, "%ibflow nosuch", capsys)


def test_help_of_a_command(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """--help prints options and examples, and the cell succeeds."""
    result = shell.run_cell("%ibflow run --help")
    assert result.success
    assert result.result is None
    shown = capsys.readouterr().out
    assert "--step-timeout S" in shown
    assert "examples:" in shown


def test_dry_run_masks_secrets_and_sends_nothing(
    shell: Any, server: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """The request is shown with token, headers and query of the webhook hidden."""
    shell.run_cell(f"%ibflow connect {server.url}")
    capsys.readouterr()
    shell.run_cell(
        "%%ibflow run --dry-run\nibflow_path: f\ninput_dir: d\nwebhook_config:\n"
        "  url: https://me:word@x.y/z?key=secret\n  headers: {Authorization: secret}\n"
    )
    shown = capsys.readouterr().out
    assert shown.startswith("POST /api/v1/flow/run_flow_async\n")
    assert "Authorization: Bearer ****" in shown
    assert "secret" not in shown
    assert "word" not in shown
    assert server.requests == []


def test_run_sends_the_documented_parameters(shell: Any, server: Any) -> None:
    """Every option of the line arrives under the API's own name."""
    shell.run_cell(f"%ibflow connect {server.url}")
    shell.run_cell(
        f"job = %ibflow {RUN} --output o --run-id --delete-out --tag a --tag 'b c' "
        "--step-timeout -1 --webhook http://h/w --notify me@x.y --pipeline p "
        "--log-to-timeline --no-save-binary"
    )
    (sent,) = server.calls("run_flow_async")
    assert sent == {
        "ibflow_path": "a/b/fs/D/x.ibflow",
        "input_dir": "a/b/fs/D/in",
        "output_dir": "o",
        "output_has_run_id": True,
        "delete_out_dir": True,
        "log_to_timeline": True,
        "notification_emails": ["me@x.y"],
        "tags": ["a", "b c"],
        "step_timeout": -1,
        "pipeline_ids": ["p"],
        "save_binary_to_output": False,
        "webhook_config": {"url": "http://h/w"},
    }
    assert shell.user_ns["job"].id == "job-0001"


def test_value_is_kept_by_assignment_and_by_o(shell: Any, server: Any) -> None:
    """'x = %ibflow ...' and '-o NAME' give the same; with -o the cell has no value."""
    shell.run_cell(f"%ibflow connect {server.url}")
    assert shell.run_cell(f"%ibflow {RUN} -o one").result is None
    shell.run_cell("two = %ibflow attach job-0001")
    assert shell.user_ns["one"] is shell.user_ns["two"]


def test_local_names_are_seen_inside_functions(
    shell: Any, server: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """A magic inside a function expands the function's own variables."""
    shell.run_cell(f"%ibflow connect {server.url}")
    shell.run_cell("def f():\n    flow = 'a/b/fs/D/own.ibflow'\n"
                   "    %ibflow run $flow --input a/b/fs/D/in\nf()")  # fmt: skip
    assert server.calls("run_flow_async")[0]["ibflow_path"] == "a/b/fs/D/own.ibflow"


def test_the_command_wait_gives_the_job_whatever_its_end(shell: Any, server: Any) -> None:
    """A failed job ends the wait without an error."""
    shell.run_cell(f"%ibflow connect {server.url}")
    shell.run_cell(f"%ibflow {RUN}")
    server.set("job-0001", status="FAILED", curMsg="no such folder")
    result = shell.run_cell("%ibflow wait --timeout 20")
    assert result.success
    assert result.result.state == "FAILED"


def test_the_first_line_of_a_job_belongs_to_its_cell(
    shell: Any, server: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a terminal a started job is shown before the prompt returns."""
    shell.run_cell(f"%ibflow connect {server.url}")
    capsys.readouterr()
    shell.run_cell(f"%ibflow {RUN}")
    assert "PENDING · x.ibflow" in capsys.readouterr().out


def test_wait_with_a_timeout(shell: Any, server: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """A job that does not end in time is one line, and goes on."""
    shell.run_cell(f"%ibflow connect {server.url}")
    shell.run_cell(f"%ibflow {RUN}")
    capsys.readouterr()
    shown = error_of(shell, "%ibflow wait --timeout 0.2", capsys)
    assert "JobTimeout: Job job-0001 has not ended within 0.2 s" in shown
    assert not server.calls("jobs/cancel")


@pytest.mark.parametrize("line", ["wait one", "attach one", "results one", "review one"])
def test_commands_on_a_job_show_what_they_ask_first(
    shell: Any, server: Any, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    """--dry-run of a command that waits shows the status call and sends nothing."""
    shell.run_cell(f"%ibflow connect {server.url}")
    capsys.readouterr()
    shell.run_cell(f"%ibflow {line} --dry-run")
    assert capsys.readouterr().out.startswith("GET /api/v1/jobs/status?job_id=one\n")
    assert server.requests == []


def test_cancel_all_stops_what_runs(
    shell: Any, server: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """--all asks the server which jobs run and cancels each."""
    shell.run_cell(f"%ibflow connect {server.url}")
    for job_id in ("one", "two"):
        server.set(job_id)
        server.listed.append({"job_id": job_id, "state": "RUNNING", "kind": "run_flow"})
    shell.run_cell("%ibflow cancel --all")
    assert server.calls("jobs/cancel") == [{"job_id": "one"}, {"job_id": "two"}]
    assert server.calls("jobs/list")[0]["state"] == "PENDING,RUNNING,PAUSED"


def test_cancel_of_an_ended_job_says_so(
    shell: Any, server: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is sent for a job that has ended already."""
    shell.run_cell(f"%ibflow connect {server.url}")
    server.set("one", status="COMPLETE")
    capsys.readouterr()
    shell.run_cell("%ibflow cancel one")
    assert capsys.readouterr().out == "Job one has ended already: COMPLETE.\n"
    assert not server.calls("jobs/cancel")


def test_jobs_lists_by_tag_and_state(shell: Any, server: Any) -> None:
    """The list is a table of the server's jobs."""
    shell.run_cell(f"%ibflow connect {server.url}")
    server.listed.append({"job_id": "one", "state": "FAILED", "kind": "run_flow", "tags": ["a"]})
    table = shell.run_cell("%ibflow jobs --tag a --tag b --state failed").result
    assert [job.job_id for job in table] == ["one"]
    assert "FAILED" in repr(table)
    assert "<td" in table._repr_html_()
    query = server.calls("jobs/list")[0]
    assert (query["state"], query["tags"]) == ("FAILED", "a,b")


def test_jobs_of_earlier_kernels_are_found_by_the_beginning_of_their_id(
    shell: Any, server: Any
) -> None:
    """After a restart 'attach' finds server and job in the history, without connecting."""
    shell.run_cell(f"%ibflow connect {server.url}")
    shell.run_cell(f"%ibflow {RUN}")
    shell.run_line_magic("reload_ext", "ibflow_nb")
    job = shell.run_cell("%ibflow attach job-00").result
    assert job.id == "job-0001"
    assert len(server.calls("run_flow_async")) == 1


def test_jobs_after_a_restart_are_those_of_the_last_server(shell: Any, server: Any) -> None:
    """'jobs' needs no connect where the history knows the server of the latest job."""
    shell.run_cell(f"%ibflow connect {server.url}")
    shell.run_cell(f"%ibflow {RUN}")
    server.listed.append({"job_id": "job-0001", "state": "RUNNING", "kind": "run_flow"})
    shell.run_line_magic("reload_ext", "ibflow_nb")
    table = shell.run_cell("%ibflow jobs").result
    assert [job.job_id for job in table] == ["job-0001"]


def test_an_interrupt_before_the_wait_is_answered_like_one_in_it(
    shell: Any, server: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever interrupts while a job is about to be shown hears that it goes on."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    shell.run_cell(f"%ibflow connect {server.url}")
    shell.run_cell(f"%ibflow {RUN}")
    monkeypatch.setattr(TerminalScreen, "show_job", interrupted)
    shown = error_of(shell, "%ibflow wait", capsys).splitlines()[-1]
    assert shown.startswith("Interrupted: job job-0001 goes on; '%ibflow attach job-0001' shows it")


def test_results_are_records(shell: Any, server: Any) -> None:
    """'results' gives the records of the latest job as soon as it has ended."""
    shell.run_cell(f"%ibflow connect {server.url}")
    shell.run_cell(f"%ibflow {RUN}")
    server.set("job-0001", status="COMPLETE", curProgress=1.0)
    field = {"key": "total", "value": "4.20"}
    server.records.append({"file_name": "x.pdf", "results": [field]})
    records = shell.run_cell("%ibflow results").result
    assert records.to_frame()["total"].tolist() == ["4.20"]


def test_load_imports_nothing_heavy() -> None:
    """%load_ext imports what IPython must know from the start; all else waits for its first use."""
    code = (
        "import sys\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "from traitlets.config import Config\n"
        "config = Config(); config.HistoryManager.enabled = False\n"
        "shell = InteractiveShell(config=config)\n"
        "before = set(sys.modules)\n"
        "shell.run_line_magic('load_ext', 'ibflow_nb')\n"
        "new = set(sys.modules) - before\n"
        f"print([name for name in {HEAVY!r} if name in new])\n"
        "print(sorted(name for name in new if name.startswith('ibflow_nb')))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy, ours = (ast.literal_eval(line) for line in done.stdout.splitlines())
    assert heavy == []
    assert set(ours) == LOADED


def test_unload_takes_everything_back(shell: Any, server: Any) -> None:
    """After unload magic, matcher and formatters are gone, and loading again works."""
    shell.run_cell(f"%ibflow connect {server.url}")
    shell.run_line_magic("unload_ext", "ibflow_nb")
    assert shell.find_magic("ibflow") is None
    assert shell.Completer.custom_matchers == []
    assert "IbflowMagics" not in shell.magics_manager.registry
    shell.run_line_magic("load_ext", "ibflow_nb")
    assert shell.find_magic("ibflow") is not None


def test_upload_of_a_local_flow_sends_what_its_steps_name(
    shell: Any, server: Any, own_folders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A dry run tells which local files would go where, and leaves out all others."""
    (own_folders / "modules").mkdir()
    (own_folders / "modules" / "r.ibrefiner").write_text("{}")
    (own_folders / "secret.txt").write_text("no")
    (own_folders / "x.ibflow").write_text(
        '{"steps": [{"step_name": "apply_refiner",'
        ' "kwargs": {"refiner_path": "modules/r.ibrefiner", "other_path": "/etc/passwd"}}]}'
    )
    shell.run_cell(f"%ibflow connect {server.url} --home me/repo/fs/D")
    capsys.readouterr()
    shell.run_cell("%ibflow run ./x.ibflow --input a/b/fs/D/in --dry-run")
    shown = capsys.readouterr().out
    assert "x.ibflow, modules/r.ibrefiner are uploaded to me/repo/fs/D/uploads/" in shown
    assert "secret" not in shown
    assert "passwd" not in shown
