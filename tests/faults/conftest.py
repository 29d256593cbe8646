"""A platform as a process of its own that tests may kill, start again and ask over HTTP."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

HERE = Path(__file__).resolve().parent
STEPS = HERE.parent / "local" / "engine"
SPACE = "local/my-repo/fs/Instabase Drive"
TOKEN = "canary-token-5b1f70"


class PlatformProcess:
    """One root whose platform is started and killed as often as a test wants.

    Attributes:
        root: folder of the drive.
        folder: the drive folder ``SPACE`` on disk.
        client: shows the token; ``call`` is the short way to a v1 call.
        output: what it wrote to its standard streams until it was ended.
        faulty_steps: whether it starts with the flow steps of the engine's tests.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / SPACE
        self.folder.mkdir(parents=True)
        self.output = ""
        self.faulty_steps = False
        self._process: subprocess.Popen[str] | None = None
        self.client = httpx.Client()

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        assert self._process is not None
        return self._process.pid

    def start(self, *arguments: str) -> None:
        """Start the platform and wait until it answers."""
        ready = self.root.parent / "ready.json"
        ready.unlink(missing_ok=True)
        self._process = self._launch("--ready-file", str(ready), *arguments)
        wait_until(lambda: ready.exists() or self._process.poll() is not None)
        assert ready.exists(), self._process.communicate()
        self.client = httpx.Client(
            base_url=json.loads(ready.read_text())["url"],
            headers={"Authorization": f"Bearer {TOKEN}"},
            trust_env=False,
            timeout=90,
        )

    def start_in_vain(self) -> str:
        """Start a platform that cannot start; give what it says."""
        process = self._launch()
        told = process.communicate(timeout=90)[0]
        assert process.returncode == 1, told
        return told

    def _launch(self, *arguments: str) -> subprocess.Popen[str]:
        module = ["-m", "ibflow_nb.local.server"]
        script = [str(HERE / "serve_with_faulty_steps.py")] if self.faulty_steps else module
        command = [sys.executable, *script, "--root", str(self.root), "--workers", "2"]
        return subprocess.Popen(
            [*command, *arguments],
            env={**os.environ, "IBFLOW_TOKEN": TOKEN, "PYTHONPATH": str(STEPS)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def end(self, signal: int) -> None:
        """Send the server a signal and wait for its end."""
        if self._process is None:
            return
        self.client.close()
        self._process.send_signal(signal)
        self.output += self._process.communicate(timeout=90)[0]
        self._process = None

    def workers(self) -> list[int]:
        """Give the process ids of the server's workers."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                status = (entry / "stat").read_text().rpartition(") ")[2].split()
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if int(status[1]) == self.pid and b"engine.worker" in command:
                found.append(int(entry.name))
        return sorted(found)

    def call(self, name: str, /, **body: Any) -> dict[str, Any]:
        """Make a v1 call that must succeed."""
        reply = self.client.post(f"/api/v1/{name}", json=body).json()
        assert reply.get("status") != "ERROR", reply
        return dict(reply)

    def log(self) -> str:
        """Give the server's log so far."""
        return (self.root / ".ibflow" / "server.log").read_text()

    def submit(self, flow: str, inputs: str, **options: Any) -> str:
        """Run a flow of the space on a folder of it; give the job id."""
        paths = {"ibflow_path": f"{SPACE}/{flow}", "input_dir": f"{SPACE}/{inputs}"}
        return str(self.call("flow/run_flow_async", **paths, **options)["data"]["job_id"])

    def status(self, job_id: str) -> dict[str, Any]:
        """Give the content of a job's ``cur_status``."""
        reply = self.client.get("/jobs/status", params={"job_id": job_id, "type": "flow"}).json()
        return dict(json.loads(reply["cur_status"]))

    def finish(self, job_id: str) -> dict[str, Any]:
        """Wait for a job's end; give its last status."""
        wait_until(lambda: self.status(job_id)["status"] not in {"RUNNING", "PENDING"}, 90, 0.05)
        return self.status(job_id)


def wait_until(condition: Callable[[], object], seconds: float = 90, pause: float = 0.005) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(pause)


@pytest.fixture(name="wait_until")
def wait_until_fixture() -> Callable[..., None]:
    """Wait until a condition holds, with a deadline."""
    return wait_until


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[PlatformProcess]:
    """Give a platform that is not started yet."""
    made = PlatformProcess(tmp_path / "root")
    yield made
    made.end(9)


@pytest.fixture(scope="session")
def make_platform() -> Callable[[Path], PlatformProcess]:
    """Give what makes a platform of a root, not started yet; whoever makes one ends it."""
    return PlatformProcess


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlatformProcess]:
    """Give a running platform that the tests of a module share."""
    made = PlatformProcess(tmp_path_factory.mktemp("standing") / "root")
    made.start()
    yield made
    made.end(9)
