"""A platform's HTTP side in a thread, asked over loopback."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from ibflow_nb.api.errors import NotFound
from ibflow_nb.api.flow import RunFlow, Submission
from ibflow_nb.api.jobs import (
    CurStatus,
    JobListQuery,
    JobListReply,
    JobResult,
    JobStatusReply,
    JobSummary,
)
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.engine import Engine
from ibflow_nb.local.engine.store import Store
from ibflow_nb.local.limits import Limits
from ibflow_nb.local.server.app import build_app
from ibflow_nb.local.server.platform import Platform
from ibflow_nb.local.server.serve import listen
from ibflow_nb.local.settings import Settings

TOKEN = "a-token-for-tests"
NUMBERS = itertools.count()


class ScriptedEngine:
    """Stands where the engine stands: keeps what it was asked and answers from a script."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.asked: list[Any] = []

    def run_flow(self, request: RunFlow) -> Submission:
        """Accept any flow but one that makes the engine fail in an unforeseen way."""
        self.asked.append(request)
        if request.ibflow_path == "breaks.ibflow":
            raise ZeroDivisionError("a fault of the platform")
        return Submission(job_id="job-1", output_folder="a/out")

    def status(self, job_id: str) -> JobStatusReply:
        """Know one job."""
        if job_id != "job-1":
            raise NotFound(f"There is no job '{job_id}'.")
        current = CurStatus(status="COMPLETE", curProgress=1.0, curMsg="Done.")
        result = JobResult(output_folder="a/out")
        return JobStatusReply(
            state="DONE", job_id=job_id, cur_status=current.to_text(), results=[result]
        )

    def list_jobs(self, query: JobListQuery) -> JobListReply:
        """Answer one job and that there is another page."""
        self.asked.append(query)
        job = JobSummary(job_id="job-1", state="COMPLETE", kind="flow")
        return JobListReply(jobs=[job], next_page="/api/v1/jobs/list?offset=1")

    def cancel(self, job_id: str) -> JobStatusReply:
        """Note that a job is to stop."""
        self.asked.append(("cancel", job_id))
        return self.status(job_id)


@dataclass
class Served:
    """A served platform: its address, its root on disk and its engine."""

    url: str
    root: Path
    engine: ScriptedEngine


@contextmanager
def serving(platform: Platform) -> Iterator[str]:
    """Serve a platform from a thread; gives its address."""
    config = uvicorn.Config(
        build_app(platform), lifespan="off", ws="none", log_config=None, access_log=False
    )
    server = uvicorn.Server(config)
    socket = listen("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]})
    thread.start()
    yield f"http://127.0.0.1:{socket.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


def calling(url: str) -> httpx.Client:
    """Make a client that shows the token."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=20)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve a platform with tight limits and a scripted engine for the tests of one module."""
    root = tmp_path_factory.mktemp("served") / "root"
    (root / ".ibflow").mkdir(parents=True)
    limits = Limits(
        body_bytes=8 * 1024**2, json_bytes=10**6, archive_bytes=1024**2, archive_files=50
    )
    engine: Any = ScriptedEngine(Store(root / ".ibflow" / "jobs.sqlite3"))
    platform = Platform(Settings(root=root, limits=limits), Drive(root), engine, TOKEN)
    with serving(platform) as url:
        yield Served(url, root, engine)
    platform.close()
    engine.store.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a platform whose engine is the real one, with one worker."""
    drive = Drive(tmp_path_factory.mktemp("running"))
    settings = Settings(root=drive.root, workers=1)
    engine = Engine(drive, settings)
    engine.start()
    with serving(Platform(settings, drive, engine, TOKEN)) as url, calling(url) as client:
        yield client
    engine.stop()


@pytest.fixture
def root(served: Served) -> Path:
    """The root of the served drive."""
    return served.root


@pytest.fixture
def asked(served: Served) -> list[Any]:
    """What the engine was asked, in order."""
    return served.engine.asked


@pytest.fixture
def anyone(served: Served) -> Iterator[httpx.Client]:
    """A client without a token."""
    with httpx.Client(base_url=served.url, trust_env=False, timeout=20) as client:
        yield client


@pytest.fixture
def api(client: httpx.Client) -> httpx.Client:
    """A client that shows the token."""
    return client


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[httpx.Client]:
    """The client of a whole module, for generated tests."""
    with calling(served.url) as client:
        yield client


@pytest.fixture
def space() -> str:
    """A drive path for this test alone, with a space in it; it does not exist yet."""
    return f"local/{next(NUMBERS)}/fs/Instabase Drive"


@pytest.fixture
def folder(space: str, root: Path) -> Path:
    """The same folder on disk, existing."""
    path = root / space
    path.mkdir(parents=True)
    return path
