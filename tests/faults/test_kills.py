"""Random kill -9 of server and workers over a set of runs, through the real steps."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ibflow_nb.local.atomic import TEMPORARY_PREFIX
from ibflow_nb.local.documents.record import load_records

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(sys.platform != "linux", reason="workers are found in /proc"),
]

KILLS = int(os.environ.get("IBFLOW_NB_TEST_KILLS", "12"))
FILES = 60
PACKED_BYTES = 30_000_000  # they take some seconds to pack
SPACE = "local/my-repo/fs/Instabase Drive"
FIELD = {
    "desc": {"label": "number", "outputType": "TEXT"},
    "req": {"type": "REFINER_FUNC", "expression": "regex_search(INPUT_COL, '[0-9]+')"},
}
FLOW = {
    "rootDir": ".",
    "steps": [
        {"step_name": "process_files", "kwargs": {}},
        {"step_name": "apply_refiner", "kwargs": {"refiner_path": "fields.ibrefiner"}},
    ],
}


@pytest.fixture
def running(platform: Any) -> Any:
    """Give a started platform with a flow of two real steps and an input of small files."""
    inputs = platform.folder / "input"
    inputs.mkdir()
    for number in range(FILES):
        (inputs / f"f{number:03}.txt").write_text(f"Invoice {number}\nTotal {number}.50\n")
    (platform.folder / "flow.ibflow").write_text(json.dumps(FLOW))
    (platform.folder / "fields.ibrefiner").write_text(json.dumps({"fields": [FIELD]}))
    platform.start()
    return platform


def records_of(platform: Any, output: Path) -> list[tuple[str, int, str, str]]:
    """Give file, index, text and field of each record that the run's results list."""
    batch = json.loads((output / "batch.ibflowresults").read_bytes())
    found = []
    for entry in batch["results"].values():
        for listed in entry["records"]:
            assert listed["status"] == "OK", listed
            path, index = platform.root / listed["ibocr_full_path"], listed["record_index"]
            record = load_records(path)[index]
            fields = ",".join(phrase.word for phrase in record.refined_phrases)
            found.append((listed["file_name"], index, record.text, fields))
    return found


def written(output: Path) -> list[Path]:
    """Give the record files of a run that are visible now."""
    return [path for path in output.rglob("*.ibdoc") if not path.name.startswith(TEMPORARY_PREFIX)]


def integrity(platform: Any) -> str:
    """Check a copy of the store as it lies on the disk, its write-ahead log included."""
    copied = platform.root.parent / "copied"
    shutil.rmtree(copied, ignore_errors=True)
    copied.mkdir()
    for path in (platform.root / ".ibflow").glob("jobs.sqlite3*"):
        shutil.copy(path, copied)
    with contextlib.closing(sqlite3.connect(copied / "jobs.sqlite3")) as store:
        return str(store.execute("PRAGMA integrity_check").fetchone()[0])


def kill_something(platform: Any, rng: random.Random) -> str:
    """Kill the server, or one of its workers; tell which."""
    workers = platform.workers()
    if workers and rng.random() < 0.4:
        with contextlib.suppress(ProcessLookupError):
            os.kill(rng.choice(workers), signal.SIGKILL)
        return "worker"
    platform.end(signal.SIGKILL)
    return "server"


def test_random_kills_lose_and_double_nothing(
    running: Any, wait_until: Callable[..., None]
) -> None:
    """Every job ends with the records of an undisturbed run, and no half file is ever visible."""
    undisturbed = running.submit("flow.ibflow", "input", output_dir=f"{SPACE}/undisturbed")
    assert running.finish(undisturbed)["status"] == "COMPLETE"
    expected = records_of(running, running.folder / "undisturbed")
    assert len(expected) == FILES

    outputs: dict[str, Path] = {}

    def progress() -> int:
        return sum(len(written(output)) for output in outputs.values())

    rng = random.Random(2)
    killed = []
    for number in range(KILLS):
        if 2 * FILES * len(outputs) - progress() < 2 * FILES:
            name = f"out-{len(outputs)}"
            job_id = running.submit("flow.ibflow", "input", output_dir=f"{SPACE}/{name}")
            outputs[job_id] = running.folder / name
        goal = progress() + rng.randint(3, 30)
        wait_until(lambda goal=goal: progress() >= goal)
        killed.append(kill_something(running, rng))
        for output in outputs.values():
            for path in written(output):
                assert load_records(path), f"{path} after kill {number}"
        if killed[-1] == "server":
            assert integrity(running) == "ok"
            running.start()

    assert {"server", "worker"} <= set(killed)
    for job_id, output in outputs.items():
        assert running.finish(job_id)["status"] == "COMPLETE"
        assert records_of(running, output) == expected
    assert not list(running.root.rglob(f"{TEMPORARY_PREFIX}*"))
    running.end(signal.SIGTERM)
    assert integrity(running) == "ok"


def test_an_upload_that_was_killed_leaves_nothing(
    running: Any, wait_until: Callable[..., None]
) -> None:
    """What a killed server had received by then is not visible, and the next start removes it."""
    target = running.folder / "upload.bin"
    target.write_bytes(b"before")
    kept = running.folder / f"{TEMPORARY_PREFIX}notes of a user.txt"
    kept.touch()

    def temporary() -> list[Path]:
        found = running.folder.glob(f"{TEMPORARY_PREFIX}*")
        return [path for path in found if path != kept]

    def body() -> Iterator[bytes]:
        yield b"x" * 3 * 1024**2
        wait_until(temporary)
        os.kill(running.pid, signal.SIGKILL)
        yield b"x" * 1024**2

    with pytest.raises(httpx.TransportError):
        running.client.put(f"/api/v2/files/{SPACE}/upload.bin", content=body())
    running.end(signal.SIGKILL)
    assert target.read_bytes() == b"before"
    assert temporary()
    running.start()
    wait_until(lambda: not temporary())
    assert kept.exists()


def test_a_job_of_the_server_itself_is_told_after_a_kill(running: Any) -> None:
    """Packing a solution that was interrupted says so, and succeeds when it is asked for again."""
    content = running.folder / "content"
    content.mkdir()
    (content / "package.json").write_text('{"name": "w2", "version": "1.0.0"}')
    shutil.copy(running.folder / "flow.ibflow", content)
    shutil.copy(running.folder / "fields.ibrefiner", content)
    (content / "large.bin").write_bytes(random.Random(1).randbytes(PACKED_BYTES))
    folders = {"content_folder": f"{SPACE}/content", "output_folder": SPACE}

    def pack() -> str:
        return str(running.call("solution/create", **folders, **{"async": True})["job_id"])

    job_id = pack()
    running.end(signal.SIGKILL)
    running.start()
    interrupted = running.status(job_id)
    assert interrupted["status"] == "FAILED"
    assert "was stopped during this job; ask for it again" in interrupted["curMsg"]
    assert not (running.folder / "w2-1.0.0.ibsolution").exists()
    again = pack()
    assert running.finish(again)["status"] == "COMPLETE"
    running.end(signal.SIGKILL)
    running.start()
    assert running.status(again)["status"] == "COMPLETE"
    assert (running.folder / "w2-1.0.0.ibsolution").stat().st_size > PACKED_BYTES
