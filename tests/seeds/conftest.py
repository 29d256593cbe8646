"""A platform as a process of its own, asked over plain HTTP as the documents' samples do it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from flow_samples import FlowApi, lay_samples

TOKEN = "a-token-of-the-samples"
SECONDS = 60


class SeedPlatform:
    """A running platform.

    Attributes:
        root: folder of its drive.
        http: a client that shows the token and sets no Content-Type.
    """

    def __init__(self, root: Path, http: httpx.Client) -> None:
        self.root = root
        self.http = http

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send a body as the samples do: ``data=json.dumps(args)`` and nothing else."""
        reply = self.http.post(path, content=json.dumps(body).encode())
        assert reply.status_code == 200, reply.text
        return dict(reply.json())

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """Send a GET request."""
        reply = self.http.get(path, params=query)
        assert reply.status_code == 200, reply.text
        return dict(reply.json())

    def write(self, path: str, content: bytes) -> Path:
        """Lay a file onto the drive."""
        target = self.root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        return target

    def finish(self, job_id: str) -> dict[str, Any]:
        """Ask for a job's status until it is done; give the last reply."""
        end = time.monotonic() + SECONDS
        while (status := self.get("/jobs/status", job_id=job_id))["state"] == "PENDING":
            assert time.monotonic() < end, status
            time.sleep(0.02)
        return status


@pytest.fixture(scope="module")
def seed_platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeedPlatform]:
    """Start a platform for the tests of one module."""
    folder = tmp_path_factory.mktemp("seeds")
    root, ready = folder / "root", folder / "ready.json"
    command = [sys.executable, "-m", "ibflow_nb.local.server", "--root", str(root)]
    process = subprocess.Popen(
        [*command, "--workers", "1", "--ready-file", str(ready)],
        env={**os.environ, "IBFLOW_TOKEN": TOKEN},
        stdout=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + SECONDS
        while not ready.exists():
            assert process.poll() is None, "the platform did not start"
            assert time.monotonic() < end
            time.sleep(0.01)
        url = json.loads(ready.read_text())["url"]
        headers = {"Authorization": f"Bearer {TOKEN}"}
        with httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=60) as http:
            yield SeedPlatform(root, http)
    finally:
        process.terminate()
        assert process.wait(30) == 0


@pytest.fixture(scope="module")
def platform(seed_platform: SeedPlatform) -> FlowApi:
    """Give the calls of a running platform whose drive has the files that the samples name."""
    api = FlowApi(seed_platform)
    lay_samples(api)
    return api
