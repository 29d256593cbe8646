"""1,000 jobs watched at once, beside a loop per job that asks once a second.

*Simulated*: the real poller on a simulated clock, with durations as runs have them (log-normal,
median 87 s, 95 % under 482 s). *For real*: processor time of a kernel's process while a server
on this machine answers for the same jobs, from their start on, when they are asked most often.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
import statistics
import sys
import time
import urllib.parse
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from benchmarks.harness import (
    Figure,
    Measure,
    Measured,
    compare,
    compare_all,
    free_port,
    fresh,
    main,
    running,
    sized,
    wait_for_port,
)

LONGEST = 3000.0
LOOP = "a loop per job at 1 s"
REQUESTS, DELAY = "requests a job, simulated", "delay until its end is seen, simulated"
PROCESSOR = "processor time while watching"


def draw_durations(count: int) -> list[float]:
    """Draw how many seconds each job takes."""
    draw = random.Random(20)
    return [min(LONGEST, draw.lognormvariate(4.466, 1.04)) for _ in range(count)]


def reply(share: float) -> dict[str, Any]:
    """Make the status of a job of which this share is done."""
    if share >= 1:
        detail, results = {"status": "COMPLETE"}, [{"status": "OK", "output_folder": "a/out"}]
        return {
            "status": "OK", "state": "DONE", "cur_status": json.dumps(detail), "results": results
        }  # fmt: skip
    detail = {"status": "RUNNING", "curProgress": share**1.2, "curMsg": "Reading files"}
    return {"status": "OK", "state": "PENDING", "cur_status": json.dumps(detail)}


# --- simulated


class SimulatedClock:
    """Time that passes only, and at once, when the poller sleeps."""

    def __init__(self) -> None:
        self._time = 0.0

    def now(self) -> float:
        """Give the simulated time."""
        return self._time

    async def sleep(self, seconds: float, until: asyncio.Event | None = None) -> None:
        """Let the time pass, once what is ready has run."""
        for _ in range(20):
            await asyncio.sleep(0)
            if until is not None and until.is_set():
                return
        self._time += seconds


class SimulatedServer:
    """Answers for all jobs, and notes how often it is asked and when each end is told."""

    def __init__(self, clock: SimulatedClock, durations: list[float]) -> None:
        from ibflow_nb.jobs.schedule import REMOTE

        self.pace = REMOTE
        self.asked = 0
        self.delays: list[float] = []
        self._clock = clock
        self._durations = durations

    async def fetch_status(self, job_id: str) -> Any:
        """Answer for one job."""
        self.asked += 1
        duration = self._durations[int(job_id)]
        late = self._clock.now() - duration
        if late >= 0:
            self.delays.append(late)
        return reply(self._clock.now() / duration)


def simulate_poller(durations: list[float]) -> Measured:
    """Watch all jobs with the poller."""
    from ibflow_nb.jobs.background import Background
    from ibflow_nb.jobs.poller import Poller
    from ibflow_nb.jobs.snapshot import Snapshot
    from ibflow_nb.jobs.watch import Watch

    clock, home = SimulatedClock(), Background()
    server = SimulatedServer(clock, durations)
    poller = Poller(clock, home=home, rng=random.Random(1))
    watches = [Watch(server, Snapshot(job_id=str(n))) for n in range(len(durations))]  # type: ignore[arg-type]
    for watch in watches:
        poller.watch(watch)
    for watch in watches:
        home.run(watch.wait_closed(120))
    home.stop()
    return {REQUESTS: server.asked / len(durations), DELAY: statistics.mean(server.delays)}


def simulate_loops(durations: list[float]) -> Measured:
    """Watch each job once a second, each from a moment of its own on."""
    draw = random.Random(2)
    ends = [(duration, draw.random()) for duration in durations]
    polls = [1 + max(0, math.ceil(duration - first)) for duration, first in ends]
    delays = [
        first + count - 1 - duration for (duration, first), count in zip(ends, polls, strict=True)
    ]
    return {REQUESTS: statistics.mean(polls), DELAY: statistics.mean(delays)}


# --- for real


def serve(port: int, count: int) -> None:
    """Answer for jobs that have begun just now."""
    import uvicorn

    began = time.monotonic()
    durations = draw_durations(count)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        query = urllib.parse.parse_qs(scope["query_string"].decode())
        share = (time.monotonic() - began) / durations[int(query["job_id"][0])]
        body = json.dumps(reply(share)).encode()
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", lifespan="off")


def watch_by_client(url: str, count: str, seconds: str) -> Callable[[], object]:
    """Watch with this project's client, at the pace that it keeps with servers elsewhere."""
    from ibflow_nb.api.flow import Submission
    from ibflow_nb.client import Client
    from ibflow_nb.jobs.schedule import REMOTE

    client = Client(url, "token")
    client._service.pace = REMOTE

    def watch() -> None:
        submissions = [Submission(str(number), "") for number in range(int(count))]
        jobs = [client.jobs.follow(submission) for submission in submissions]
        time.sleep(float(seconds))
        assert all(job.snapshot.progress > 0 for job in jobs)

    return watch


def watch_by_loops(url: str, count: str, seconds: str) -> Callable[[], object]:
    """Watch with a task per job."""
    import httpx

    async def loop(client: httpx.AsyncClient, number: int) -> None:
        while True:
            address = f"{url}/api/v1/jobs/status?job_id={number}&type=flow"
            if (await client.get(address)).json()["state"] == "DONE":
                return
            await asyncio.sleep(1)

    async def watch() -> None:
        limits = httpx.Limits(max_connections=10)
        async with httpx.AsyncClient(limits=limits, timeout=None) as client:
            tasks = [asyncio.create_task(loop(client, number)) for number in range(int(count))]
            await asyncio.wait(tasks, timeout=float(seconds))
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    return lambda: asyncio.run(watch())


def spend(
    watch: Callable[[str, str, str], Callable[[], object]], count: int, seconds: int
) -> float:
    """Watch for some seconds; give the share of a core that it takes, in percent."""
    port = free_port()
    with running([sys.executable, "-m", __spec__.name, str(port), str(count)]):
        wait_for_port(port)
        spent = fresh(watch, f"http://127.0.0.1:{port}", str(count), str(seconds))
    return 100 * spent.processor / spent.seconds


def figures() -> Iterator[Figure]:
    """Requests and delay on a simulated clock, processor time on this machine."""
    durations = draw_durations(sized(1000, 30))
    yield from compare_all(
        partial(simulate_poller, durations),
        {LOOP: partial(simulate_loops, durations)},
        [
            Measure(REQUESTS, "requests", "lower", {LOOP: 0.15}),
            Measure(DELAY, "s", "lower", limit=1.0),
        ],
        repeats=1,
    )
    count, seconds = sized((1000, 60), (30, 2))
    yield compare(
        PROCESSOR,
        partial(spend, watch_by_client, count, seconds),
        {LOOP: partial(spend, watch_by_loops, count, seconds)},
        unit="% of a core",
        better="lower",
        limit=10,
        repeats=1,
        note=f"{count:,} jobs, their first {seconds} s, a server on this machine",
    )


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1].isdigit():
        serve(int(sys.argv[1]), int(sys.argv[2]))
    else:
        main(figures)
