"""The platform dies in the middle of a run, and goes on after the next start."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from ibflow_nb.api.flow import RunFlow
from ibflow_nb.api.jobs import CurStatus
from ibflow_nb.api.results import BatchResults
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.engine import Engine
from ibflow_nb.local.settings import Settings

pytestmark = pytest.mark.faults

STEPS = Path(__file__).resolve().parent.parent / "local" / "engine"
FILES = 60

# Runs an engine on a root until it is killed; submits one flow and prints the job's id.
SERVER = """
import sys, threading
from pathlib import Path
from ibflow_nb.api.flow import RunFlow
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.engine import Engine
from ibflow_nb.local.settings import Settings
root = Path(sys.argv[1])
engine = Engine(Drive(root), Settings(root=root, workers=2, steps_module="engine_steps"))
engine.start()
job = engine.run_flow(RunFlow(ibflow_path="p/flow.ibflow", input_dir="p/input"))
print(job.job_id, flush=True)
threading.Event().wait()
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a root with a project of many small files, some of which fail or are split."""
    monkeypatch.syspath_prepend(STEPS)
    monkeypatch.setenv("PYTHONPATH", str(STEPS))
    root = tmp_path / "root"
    (root / "p" / "input").mkdir(parents=True)
    for number in range(FILES):
        text = {0: "UNREADABLE", 1: "one\ftwo\fthree"}.get(number % 10, f"text {number}")
        (root / "p" / "input" / f"f{number:03}.txt").write_text(text)
    steps = [
        {"step_name": "read"},
        {"step_name": "extract", "kwargs": {"seconds": 0.02}},
        {"step_name": "merge"},
    ]
    (root / "p" / "flow.ibflow").write_bytes(msgspec.json.encode({"steps": steps}))
    return root


@pytest.fixture
def start_server(root: Path) -> Iterator[Callable[[], tuple[subprocess.Popen[str], str]]]:
    """Start engines in processes of their own; give process and job id."""
    started: list[subprocess.Popen[str]] = []

    def start() -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(root)], stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout is not None
        return process, process.stdout.readline().strip()

    yield start
    for process in started:
        process.kill()
        process.communicate()


def outputs(root: Path) -> dict[str, bytes]:
    """Give all files of the run's output by name, without what differs from job to job."""
    out = root / "p" / "out"
    found = {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file()
    }
    batch = msgspec.json.decode(found.pop("batch.ibflowresults"), type=BatchResults)
    return found | {"results": msgspec.json.encode(batch.results, order="deterministic")}


def worker_processes(root: Path) -> list[int]:
    """Give the worker processes whose environment names these steps."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if b"engine.worker" not in (entry / "cmdline").read_bytes():
                continue
            environment = (entry / "environ").read_bytes()
        except OSError:
            continue
        if f"IBFLOW_TEST_ROOT={root}".encode() in environment.split(b"\0"):
            found.append(int(entry.name))
    return found


def finish(root: Path, job_id: str) -> CurStatus:
    """Start an engine here, wait for the job's end, stop it; give the job's last status."""
    engine = Engine(Drive(root), Settings(root=root, workers=2, steps_module="engine_steps"))
    engine.start()
    assert engine.wait(job_id, 60)
    status = msgspec.json.decode(engine.status(job_id).cur_status, type=CurStatus)
    engine.stop()
    return status


@pytest.mark.parametrize("done_before", [1, 20, 50])
def test_a_killed_platform_goes_on_where_it_was(
    root: Path,
    start_server: Callable[[], tuple[subprocess.Popen[str], str]],
    monkeypatch: pytest.MonkeyPatch,
    done_before: int,
    until: Callable[..., object],
) -> None:
    """After kill -9 the run is finished, and output and records equal an undisturbed run's."""
    engine = Engine(Drive(root), Settings(root=root, workers=2, steps_module="engine_steps"))
    engine.start()
    request = RunFlow(ibflow_path="p/flow.ibflow", input_dir="p/input")
    assert engine.wait(engine.run_flow(request).job_id, 60)
    engine.stop()
    expected = outputs(root)
    (root / "p" / "out").rename(root / "p" / "undisturbed")

    monkeypatch.setenv("IBFLOW_TEST_ROOT", str(root))
    process, job_id = start_server()
    folder = root / "p" / "out" / "s2_extract"
    until(lambda: len(list(folder.glob("*.ibdoc"))) >= done_before, pause=0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    until(lambda: not worker_processes(root))
    kept = {path: path.stat().st_mtime_ns for path in folder.glob("*.ibdoc")}

    status = finish(root, job_id)
    assert (status.status, status.index) == ("COMPLETE", FILES)
    assert outputs(root) == expected
    repeated = [path for path, time_ in kept.items() if path.stat().st_mtime_ns != time_]
    assert len(repeated) <= 2


def test_a_platform_told_to_stop_leaves_its_jobs_to_the_next_start(
    root: Path, until: Callable[..., object]
) -> None:
    """A stop in the middle of a run loses nothing."""
    engine = Engine(Drive(root), Settings(root=root, workers=2, steps_module="engine_steps"))
    engine.start()
    job_id = engine.run_flow(RunFlow(ibflow_path="p/flow.ibflow", input_dir="p/input")).job_id
    folder = root / "p" / "out" / "s2_extract"
    until(lambda: len(list(folder.glob("*.ibdoc"))) >= 5, pause=0.002)
    engine.stop(grace=2)
    assert finish(root, job_id).status == "COMPLETE"


def test_a_job_stored_but_not_begun_is_begun_after_a_crash(root: Path) -> None:
    """A crash between storing a job and preparing its output folder loses nothing."""
    settings = Settings(root=root, workers=2, steps_module="engine_steps")
    old = root / "p" / "out" / "old.txt"
    old.parent.mkdir()
    old.write_text("old")
    engine = Engine(Drive(root), settings)
    engine.start()
    engine._submitter._prepare = lambda job, live: None  # type: ignore[method-assign]
    request = RunFlow(ibflow_path="p/flow.ibflow", input_dir="p/input", delete_out_dir=True)
    job_id = engine.run_flow(request).job_id
    engine.stop(grace=0)
    assert finish(root, job_id).status == "COMPLETE"
    assert not old.exists()
    assert (root / "p" / "out" / "flow.ibflowbin").is_file()
