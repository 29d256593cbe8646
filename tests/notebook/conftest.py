"""A scripted server, a shell in this process, and real kernels."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from file_kernels import FileKernelManager
from IPython.core.interactiveshell import InteractiveShell
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager
from traitlets.config import Config

DEADLINE = 90.0
START = 120.0
StartKernel = Callable[..., contextlib.AbstractContextManager["Kernel"]]


@dataclass
class ScriptedServer:
    """A server whose jobs stand as the test says, over real HTTP on loopback.

    The request by which 'connect' learns whether the server answers is kept apart.
    """

    url: str = ""
    requests: list[tuple[str, str, Any]] = field(default_factory=list)
    checks: int = 0
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    logs: list[str] = field(default_factory=list)
    listed: list[dict[str, Any]] = field(default_factory=list)
    nodes: dict[str, list[str]] = field(default_factory=dict)
    records: list[dict[str, Any]] = field(default_factory=list)
    apps: list[dict[str, Any]] = field(default_factory=list)
    timelines: dict[str, dict[str, Any]] = field(default_factory=dict)
    cancel_ends: bool = True
    away: bool = False

    def set(self, job_id: str, **status: Any) -> None:
        """Change how a job stands: status, curProgress, index, total, curMsg."""
        self.jobs[job_id] = {"status": "RUNNING"} | self.jobs.get(job_id, {}) | status

    def calls(self, name: str) -> list[Any]:
        """Give the bodies or queries of all requests whose path ends like this."""
        return [body for _, path, body in self.requests if path.endswith(name)]

    def answer(self, method: str, path: str, body: Any) -> dict[str, Any]:
        """Give the reply of one request."""
        if path.endswith(("run_flow_async", "flow/restart")):
            job_id = f"job-{len(self.jobs) + 1:04d}"
            self.set(job_id, total=4, index=0)
            return {"status": "OK", "data": {"job_id": job_id, "output_folder": "a/b/fs/D/out"}}
        if path.endswith("jobs/list"):
            return {"status": "OK", "jobs": self.listed, "next_page": None}
        if path.endswith("jobs/logs"):
            lines = self.logs[int(body.get("offset", 0)) :]
            entries = [{"ts": "2026-01-01 10:00:00,000", "log": line} for line in lines]
            return {"status": "OK", "job_id": body["job_id"], "logs": entries, "has_more": False}
        if path.endswith("marketplace/list"):
            return {"status": "OK", "apps": self.apps}
        if path.endswith("flow_binary/results"):
            return {"status": "OK", "records": self.records}
        if path.endswith("jobs/timeline"):
            return {"status": "OK", "job_id": body["job_id"]} | self.timelines[body["job_id"]]
        if path.startswith("/api/v2/files"):
            return self._folder(path)
        return self._job(path, body)

    def _folder(self, path: str) -> dict[str, Any]:
        from urllib.parse import unquote

        folder = unquote(path.removeprefix("/api/v2/files")).strip("/")
        nodes = [
            {
                "name": name.rstrip("/"),
                "full_path": f"{folder}/{name}".strip("/"),
                "metadata": {"node_type": "folder" if name.endswith("/") else "file", "size": 1},
            }
            for name in self.nodes.get(folder, [])
        ]
        return {"nodes": nodes, "has_more": False, "next_page_token": ""}

    def _job(self, path: str, body: Any) -> dict[str, Any]:
        job_id = body["job_id"]
        if job_id not in self.jobs:
            return {"status": "ERROR", "msg": f"there is no job {job_id}"}
        if path.endswith("jobs/cancel") and self.cancel_ends:
            self.set(job_id, status="CANCELLED", curMsg="cancelled by the user")
        current = self.jobs[job_id]
        done = current["status"] in {"COMPLETE", "FAILED", "CANCELLED"}
        reply = {
            "status": "OK",
            "state": "DONE" if done else "PENDING",
            "job_id": job_id,
            "cur_status": json.dumps(current),
        }
        if done:
            ok = current["status"] == "COMPLETE"
            result = {"status": "OK" if ok else "ERROR", "output_folder": "a/b/fs/D/out"}
            reply["results"] = [result | ({} if ok else {"msg": current.get("curMsg", "")})]
        return reply


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A scripted server on loopback."""
    script = ScriptedServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            self._reply("GET", parts.path, query)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._reply("POST", self.path, json.loads(body or b"{}"))

        def _reply(self, method: str, path: str, body: Any) -> None:
            if path.endswith("jobs/list") and body.get("limit") == "1":
                script.checks += 1
            else:
                script.requests.append((method, path, body))
            if script.away:
                self.close_connection = True
                return
            content = json.dumps(script.answer(method, path, body)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A kernel that ends leaves broken connections."""

    with Server(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        script.url = f"http://127.0.0.1:{http.server_address[1]}"
        yield script
        http.shutdown()
        thread.join()


@pytest.fixture
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the test's own: nothing of the user's is read or written."""
    for name in [name for name in os.environ if name.startswith("IBFLOW")]:
        monkeypatch.delenv(name)
    for kind in ("STATE", "DATA", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def shell(own_folders: Path) -> Iterator[InteractiveShell]:
    """An IPython shell in this process, the extension loaded."""
    config = Config()
    config.HistoryManager.enabled = False
    shell = InteractiveShell(config=config)
    shell.run_line_magic("load_ext", "ibflow_nb")
    yield shell
    if "ibflow_nb" in shell.extension_manager.loaded:
        shell.run_line_magic("unload_ext", "ibflow_nb")


@dataclass
class Kernel:
    """A real kernel and what it says."""

    manager: KernelManager
    client: BlockingKernelClient

    def start(self, code: str, *, allow_stdin: bool = True) -> str:
        """Send a cell; give the request's id."""
        return str(self.client.execute(code, allow_stdin=allow_stdin))

    def messages(self, stop: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        """Collect published messages up to the one that ``stop`` accepts."""
        found = []
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            message = self.client.get_iopub_msg(timeout=DEADLINE)
            found.append(message)
            if stop(message):
                return found
        raise AssertionError("the message did not come in time")

    def finish(self, request: str) -> list[dict[str, Any]]:
        """Collect published messages up to the end of a request."""
        return self.messages(lambda message: is_idle(message, request))

    def run(self, code: str, *, allow_stdin: bool = True) -> list[dict[str, Any]]:
        """Run a cell to its end; give all that was published."""
        return self.finish(self.start(code, allow_stdin=allow_stdin))

    def printed(self, code: str) -> str:
        """Run a cell and give what it printed; an error in it fails the test."""
        messages = self.run(code)
        errors = [one["content"] for one in messages if one["msg_type"] == "error"]
        assert not errors, errors
        return "".join(one["content"]["text"] for one in messages if one["msg_type"] == "stream")


def is_idle(message: dict[str, Any], request: str) -> bool:
    """Tell whether a message ends a request."""
    return (
        message["msg_type"] == "status"
        and message["content"]["execution_state"] == "idle"
        and message["parent_header"].get("msg_id") == request
    )


@contextlib.contextmanager
def running_kernel(folder: Path, env: dict[str, str] | None = None) -> Iterator[Kernel]:
    """Run a kernel of this interpreter with a folder to work in and variables of its own."""
    manager = FileKernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(folder), env=os.environ | (env or {}))
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=START)
        yield Kernel(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


@pytest.fixture(scope="session")
def start_kernel() -> StartKernel:
    """Give what runs a real kernel as a context manager."""
    return running_kernel


@pytest.fixture
def kernel(own_folders: Path) -> Iterator[Kernel]:
    """A real kernel, the extension loaded."""
    with running_kernel(own_folders) as kernel:
        kernel.printed("%load_ext ibflow_nb")
        yield kernel
