"""The platform as a process of its own: start, token, ready file, stop."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from socket import IPPROTO_TCP
from typing import Any

import httpx
import pytest

from ibflow_nb.local.server.serve import listen

COMMAND = [sys.executable, "-m", "ibflow_nb.local.server"]
SECONDS = 60

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start platforms on a root of this test; those left are killed."""
    processes = []

    def run(*arguments: str, token: str = "") -> subprocess.Popen[str]:
        environment = {**os.environ, "IBFLOW_TOKEN": token}
        process = subprocess.Popen(
            [*COMMAND, "--root", str(tmp_path / "root"), "--workers", "1", *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield run
    for process in processes:
        process.kill()
        process.communicate()


def ready(file: Path, process: subprocess.Popen[str]) -> dict[str, Any]:
    """Wait for the ready file and read it."""
    end = time.monotonic() + SECONDS
    while not file.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.01)
    return dict(json.loads(file.read_text()))


def test_a_platform_from_start_to_stop(start: Start, tmp_path: Path) -> None:
    """The ready file is private and true, the token stays out of the output, SIGTERM gives 0."""
    file = tmp_path / "ready.json"
    process = start("--ready-file", str(file))
    told = ready(file, process)
    assert set(told) == {"url", "token", "pid"}
    assert told["pid"] == process.pid
    token_file = tmp_path / "root" / ".ibflow" / "token"
    for private in (file, token_file):
        assert private.stat().st_mode & 0o777 == 0o600
    headers = {"Authorization": f"Bearer {told['token']}"}
    with httpx.Client(base_url=told["url"], headers=headers, trust_env=False) as client:
        assert client.get("/api/v1/jobs/list").json()["jobs"] == []

    second = start()
    _, said = second.communicate(timeout=SECONDS)
    assert second.returncode == 1
    assert told["url"] in said
    assert str(process.pid) in said

    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=SECONDS)
    assert (process.returncode, errors) == (0, "")
    assert str(token_file) in output
    assert told["token"] not in output
    assert not file.exists()


def test_a_given_token_is_not_kept(start: Start, tmp_path: Path) -> None:
    """A token of the environment is used and written nowhere but into the ready file.

    The start line names no token file then, for there is none.
    """
    file = tmp_path / "ready.json"
    process = start("--ready-file", str(file), token="given-token")
    assert ready(file, process)["token"] == "given-token"
    token_file = tmp_path / "root" / ".ibflow" / "token"
    assert not token_file.exists()
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=SECONDS)
    assert str(token_file) not in output


@pytest.mark.parametrize("arguments", [("--port", "99999"), ("--token", "with space")])
def test_a_start_that_cannot_be_says_why(start: Start, arguments: tuple[str, str]) -> None:
    """A bad port or token is one sentence and exit code 1, without a traceback."""
    process = start(*arguments)
    _, said = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert said.count("\n") == 1
    assert "Traceback" not in said


def test_a_flow_runs_over_http(start: Start, tmp_path: Path) -> None:
    """A flow is uploaded, submitted and watched, and its results are read, all over HTTP."""
    file = tmp_path / "ready.json"
    told = ready(file, start("--ready-file", str(file)))
    headers = {"Authorization": f"Bearer {told['token']}"}
    space = "local/my-repo/fs/Instabase Drive/work"
    flow = {"rootDir": ".", "steps": [{"step_name": "process_files", "kwargs": {}}]}
    with httpx.Client(base_url=told["url"], headers=headers, trust_env=False) as client:
        client.put(f"/api/v2/files/{space}/f.ibflow", content=json.dumps(flow))
        client.put(f"/api/v2/files/{space}/in/a.txt", content=b"Total 12.50\n")
        body = {"ibflow_path": f"/{space}/f.ibflow", "input_dir": f"{space}/in"}
        run = client.post("/api/v1/flow/run_flow_async", content=json.dumps(body)).json()
        assert run["status"] == "OK", run
        job = {"job_id": run["data"]["job_id"], "type": "flow"}
        end = time.monotonic() + SECONDS
        while (status := client.get("/jobs/status", params=job).json())["state"] == "PENDING":
            assert time.monotonic() < end, status
            time.sleep(0.05)
        folder = run["data"]["output_folder"]
        assert status["results"] == [{"status": "OK", "output_folder": folder}]
        query = {"ibresults_path": f"{folder}/batch.ibflowresults"}
        results = client.post("/api/v1/flow_binary/results", json=query).json()
    assert [record["file_name"] for record in results["records"]] == ["a.txt"]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_a_large_upload_needs_no_memory(start: Start, tmp_path: Path) -> None:
    """A file of 300 MB is written and read with the server's memory below 100 MB."""
    file = tmp_path / "ready.json"
    told = ready(file, start("--ready-file", str(file)))
    headers = {"Authorization": f"Bearer {told['token']}"}
    block = os.urandom(1024**2)
    with httpx.Client(
        base_url=told["url"], headers=headers, trust_env=False, timeout=SECONDS
    ) as client:
        url = "/api/v2/files/large.bin"
        assert client.put(url, content=(block for _ in range(300))).status_code == 204
        with client.stream("GET", f"{url}?expect-node-type=file") as reply:
            assert sum(len(piece) for piece in reply.iter_bytes()) == 300 * 1024**2
    lines = Path(f"/proc/{told['pid']}/status").read_text().splitlines()
    peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    assert peak < 100 * 1024


def test_replies_are_not_held_back() -> None:
    """The socket names TCP, so that asyncio turns off Nagle's delay of 40 ms a reply."""
    with listen("127.0.0.1", 0) as socket:
        assert socket.proto == IPPROTO_TCP
