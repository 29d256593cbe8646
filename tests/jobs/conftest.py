"""A simulated clock and a scripted server for job handles."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from typing import Any

import pytest

from ibflow_nb.api.errors import NotFound
from ibflow_nb.api.flow import Submission
from ibflow_nb.api.jobs import JobSummary, LogEntry
from ibflow_nb.frames import Records
from ibflow_nb.frames.pictures.timeline import Timeline
from ibflow_nb.jobs.background import Background
from ibflow_nb.jobs.schedule import REMOTE, Pace


class SimulatedClock:
    """Time that passes only, and at once, when somebody sleeps."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        """Give the simulated time."""
        return self.time

    async def sleep(self, seconds: float, until: asyncio.Event | None = None) -> None:
        """Let the time pass."""
        for _ in range(20):  # let what is ready run first
            await asyncio.sleep(0)
            if until is not None and until.is_set():
                return
        self.time += seconds


class ScriptedService:
    """A server that answers from a function of the job's id and the number of the question."""

    def __init__(
        self, answer: Callable[[str, int], Any], *, pace: Pace = REMOTE, clock: Any = None
    ) -> None:
        self.answer = answer
        self.pace = pace
        self.asked: list[tuple[str, float]] = []
        self.controls: list[tuple[str, str]] = []
        self.records = Records()
        self.clock = clock or SimulatedClock()
        self.counted = True
        self.pages: Callable[[], Iterable[list[JobSummary] | Exception]] | None = None
        self.looks: list[float] = []
        self.paged = 0
        self.turns = 1
        self.busy = 0
        self.most_busy = 0

    async def fetch_status(self, job_id: str) -> Any:
        """Answer from the script."""
        number = sum(1 for asked, _ in self.asked if asked == job_id) if self.counted else 0
        self.asked.append((job_id, self.clock.now()))
        self.busy += 1
        self.most_busy = max(self.busy, self.most_busy)
        try:
            for _ in range(self.turns):
                await asyncio.sleep(0)
            reply = self.answer(job_id, number)
            if isinstance(reply, BaseException):
                raise reply
            return reply
        finally:
            self.busy -= 1

    async def list_jobs(self) -> AsyncGenerator[list[JobSummary]]:
        """Give the pages that the test makes for each look; without them there is no such call."""
        self.looks.append(self.clock.now())
        if self.pages is None:
            raise NotFound("no such call", status_code=404)
        for page in self.pages():
            self.paged += 1
            await asyncio.sleep(0)
            if isinstance(page, BaseException):
                raise page
            yield page

    async def send_control(self, action: str, job_id: str) -> None:
        """Note the verb."""
        self.controls.append((action, job_id))

    async def send_restart(self, job_id: str) -> Submission:
        """Give a new id."""
        return Submission(job_id=f"{job_id}-again", output_folder="a/b/fs/D/out")

    async def fetch_logs(self, job_id: str, *, start: int = 0) -> list[LogEntry]:
        """Give the one line there is."""
        lines = [LogEntry(ts="2026-01-01 00:00:00,000", log=f"log of {job_id}")]
        return lines[start:]

    async def fetch_timeline(self, job_id: str) -> Timeline:
        """Give a timeline without units."""
        return Timeline([], [], now=0.0, job_id=job_id)

    async def fetch_records(self, output_folder: str, job_id: str) -> Records:
        """Give the records that were laid ready."""
        return self.records


@pytest.fixture
def clock() -> SimulatedClock:
    """A clock on which waiting takes no time."""
    return SimulatedClock()


@pytest.fixture
def home() -> Iterator[Background]:
    """A background thread of the test's own."""
    background = Background()
    yield background
    background.stop()


def running(progress: float = 0.0, **more: Any) -> dict[str, Any]:
    """Give the reply for a job that runs."""
    detail = {"status": "RUNNING", "curProgress": progress, **more}
    return {"status": "OK", "state": "PENDING", "cur_status": json.dumps(detail)}


def ended(state: str = "COMPLETE", msg: str = "", folder: str = "a/b/fs/D/out") -> dict[str, Any]:
    """Give the reply for a job that has ended."""
    result = {"status": "OK" if state == "COMPLETE" else "ERROR", "output_folder": folder}
    if msg:
        result["msg"] = msg
    detail = {"status": state, "curProgress": 1.0, "finish_timestamp": 1_700_000_000}
    return {
        "status": "OK",
        "state": "DONE",
        "results": [result],
        "cur_status": json.dumps(detail),
    }


@pytest.fixture
def replies() -> dict[str, Callable[..., dict[str, Any]]]:
    """Makers of status replies: ``running`` and ``ended``."""
    return {"running": running, "ended": ended}


@pytest.fixture
def scripted() -> type[ScriptedService]:
    """The class of scripted servers."""
    return ScriptedService
