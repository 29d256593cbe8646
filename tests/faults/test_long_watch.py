"""The poller over long times: a server that is gone, ten thousand polls, a clock that jumps."""

from __future__ import annotations

import asyncio
import gc
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ibflow_nb.api.errors import ConnectionFailed
from ibflow_nb.api.jobs import JobState
from ibflow_nb.jobs.background import Background
from ibflow_nb.jobs.poller import Poller
from ibflow_nb.jobs.schedule import REMOTE
from ibflow_nb.jobs.snapshot import Snapshot
from ibflow_nb.jobs.watch import Watch

pytestmark = pytest.mark.faults

POLLS = 10_000
GROWTH = 500  # objects
DONE = {
    "status": "OK",
    "state": "DONE",
    "cur_status": json.dumps({"status": "COMPLETE"}),
    "results": [{"status": "OK", "output_folder": "a/out"}],
}


class FastClock:
    """Time that passes only, and at once, when the poller sleeps."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        """Give the simulated time."""
        return self.time

    async def sleep(self, seconds: float, until: asyncio.Event | None = None) -> None:
        """Let the time pass, once what is ready has run."""
        for _ in range(5):
            await asyncio.sleep(0)
        if until is None or not until.is_set():
            self.time += seconds


class Service:
    """A server that answers from a function of the question's number."""

    pace = REMOTE

    def __init__(self, answer: Callable[[int], Any]) -> None:
        self._answer = answer
        self.asked = 0

    async def fetch_status(self, job_id: str) -> Any:
        """Answer, or raise what the answer is."""
        self.asked += 1
        reply = self._answer(self.asked)
        if isinstance(reply, Exception):
            raise reply
        return reply


@pytest.fixture
def home() -> Iterator[Background]:
    """A background thread of the test's own."""
    background = Background()
    yield background
    background.stop()


def running(number: int) -> dict[str, Any]:
    """Give the reply for a job that runs, of about the usual size."""
    detail = {"status": "RUNNING", "curProgress": number % 97 / 100, "curMsg": f"file {number}"}
    return {"status": "OK", "state": "PENDING", "cur_status": json.dumps(detail)}


def watch(home: Background, clock: FastClock, service: Any) -> Watch:
    """Begin to watch a job of a server."""
    watched = Watch(service, Snapshot(job_id="job-1"))
    Poller(clock, home=home, rng=random.Random(1)).watch(watched)
    return watched


def test_ten_thousand_polls_cost_no_memory_and_no_threads(home: Background) -> None:
    """After the first thousand nothing grows any more, trouble in between included."""
    sizes, threads = [], set()

    def answer(number: int) -> Any:
        if number % 1000 == 0:
            gc.collect()
            sizes.append(len(gc.get_objects()))
            threads.add(threading.active_count())
        if number % 7 == 0:
            return ConnectionFailed("job_status: no server answers.")
        return DONE if number > POLLS else running(number)

    watched = watch(home, FastClock(), Service(answer))
    seen = [0]
    watched.subscribe(lambda _: seen.__setitem__(0, seen[0] + 1))
    home.run(watched.wait_closed(120))
    assert watched.snapshot.state is JobState.COMPLETE
    assert seen[0] > POLLS / 2
    assert len(threads) == 1
    assert max(sizes[1:]) - sizes[0] < GROWTH


def test_a_server_that_is_gone_for_a_minute_loses_no_job(home: Background) -> None:
    """For a minute the job is shown as running, with the trouble; then its end is seen."""
    clock = FastClock()
    gone_at: list[float] = []
    troubled: set[JobState] = set()

    def answer(number: int) -> Any:
        if number < 5:
            return running(number)
        gone_at.append(clock.now())
        if clock.now() < gone_at[0] + 60:
            return ConnectionFailed("job_status: no server answers at http://x.")
        return DONE

    watched = watch(home, clock, Service(answer))
    watched.subscribe(lambda seen: troubled.add(seen.state) if seen.note else None)
    home.run(watched.wait_closed(60))
    assert watched.snapshot.state is JobState.COMPLETE
    assert watched.snapshot.note == ""
    assert watched.error is None
    assert troubled == {JobState.RUNNING}
    assert clock.now() - gone_at[0] < 60 + 2 * REMOTE.longest


@pytest.mark.parametrize("jump", [-86_400.0, 86_400.0])
def test_a_wall_clock_that_jumps_disturbs_no_polling(
    home: Background, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    """A day forward or back: the job is asked on as before, and ends."""
    wall, shift = time.time, [0.0]
    monkeypatch.setattr(time, "time", lambda: wall() + shift[0])

    def answer(number: int) -> Any:
        if number == 3:
            shift[0] = jump
        return DONE if number > 6 else running(number)

    clock = FastClock()
    watched = watch(home, clock, Service(answer))
    home.run(watched.wait_closed(60))
    assert watched.snapshot.state is JobState.COMPLETE
    assert clock.now() < 10 * REMOTE.longest
