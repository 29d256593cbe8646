"""Waits for a job that nobody watches."""

from __future__ import annotations

import itertools
import threading
import time
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from ibflow_nb.api.errors import ConnectionFailed
from ibflow_nb.api.flow import Submission
from ibflow_nb.api.jobs import JobState
from ibflow_nb.client import Client
from ibflow_nb.jobs import Job, silence
from ibflow_nb.notebook import waiting
from ibflow_nb.notebook.screens import SilentScreen
from ibflow_nb.testing import ScriptedServer

CONTEXT: Any = SimpleNamespace(screen=SilentScreen(True), prog="%ibflow")


@pytest.fixture
def silent_job(
    ibflow_scripted: Client, ibflow_server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> Job:
    """A job whose server has been silent for two minutes."""
    monkeypatch.setattr(waiting, "_LOOK", 0.01)
    ibflow_server.answer("job_status", httpx.ConnectError("refused"))
    job = ibflow_scripted.jobs.follow(Submission(job_id="job-1", output_folder="a/b/fs/D/out"))
    silent = threading.Event()
    job.subscribe(lambda seen: silent.set() if seen.silent_since else None)
    assert silent.wait(60)
    return job


def test_a_wait_that_begins_in_a_silence_gives_the_server_time(
    silent_job: Job, ibflow_server: ScriptedServer
) -> None:
    """A server that comes back soon is seen, although it was silent for long before."""
    numbers = itertools.count()

    def answer(_body: Any) -> Any:
        ended = {"status": "OK", "state": "DONE", "results": [{"status": "OK"}]}
        return ended if next(numbers) > 100 else httpx.ConnectError("refused")

    ibflow_server.answer("job_status", answer)
    assert waiting.follow(CONTEXT, silent_job, "x", wait=True).state is JobState.COMPLETE


def test_a_server_that_stays_away_ends_a_wait(
    silent_job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wait is given up once it has itself lasted for as long as a server may be silent."""
    monkeypatch.setattr(silence, "PATIENCE", 0.5)
    began = time.monotonic()
    with pytest.raises(ConnectionFailed, match=r"has not answered for \d+ s"):
        waiting.follow(CONTEXT, silent_job, "x", wait=True)
    assert time.monotonic() - began >= 0.5
