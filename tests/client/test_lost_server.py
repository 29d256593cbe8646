"""A server that dies while a client watches its job."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from ibflow_nb.client import Client
from ibflow_nb.jobs.background import background

FILES = 300  # so that a pause comes long before the end
HOME = "local/my-repo/fs/Instabase Drive"
REFINER = {"fields": [{"desc": {"label": "first"}, "req": {"expression": "INPUT_COL"}}]}
FLOW = {
    "steps": [
        {"step_name": "process_files", "kwargs": {"process_type": "auto_to_txt"}},
        {"step_name": "apply_refiner", "kwargs": {"refiner_path": "m.ibrefiner"}},
    ]
}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Any]:
    """Give a function that starts the platform of one root, each time on the port of the first."""
    port = 0
    running: list[subprocess.Popen[bytes]] = []

    def serve() -> tuple[subprocess.Popen[bytes], str]:
        nonlocal port
        ready = tmp_path / "ready.json"
        ready.unlink(missing_ok=True)
        command = [sys.executable, "-m", "ibflow_nb.cli", "serve", "--root", str(tmp_path / "r")]
        command += ["--port", str(port), "--token", "t0ken", "--ready-file", str(ready)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        running.append(process)
        waiting = threading.Event()
        while not ready.exists():
            assert process.poll() is None
            waiting.wait(0.05)
        url = json.loads(ready.read_text())["url"]
        port = urlsplit(url).port
        return process, url

    yield serve
    for process in running:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
    background.stop()


@pytest.mark.faults
@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_a_job_outlives_its_server(start: Any, tmp_path: Path, until: Any) -> None:
    """After kill -9 the handle shows trouble; after a new start it sees the job's end."""
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(FILES):
        (docs / f"{number:03}.txt").write_text(f"number {number}")
    process, url = start()
    client = Client(url, "t0ken", home=HOME)
    client.files.write(f"{HOME}/p/f.ibflow", json.dumps(FLOW).encode())
    client.files.write(f"{HOME}/p/m.ibrefiner", json.dumps(REFINER).encode())
    uploaded = client.files.upload(docs)
    job = client.flows.run(f"{HOME}/p/f.ibflow", uploaded)
    job.pause()
    until(lambda: job.state == "PAUSED")
    job.resume()
    process.kill()
    process.wait(60)
    until(lambda: "no server answers" in job.snapshot.note)
    assert not job.done
    start()
    assert job.result(timeout=120).note == ""
    assert len(job.records()) == FILES
