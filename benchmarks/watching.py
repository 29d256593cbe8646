"""1,000 jobs watched at once, beside a loop per job that asks once a second.

The server lists its jobs, as the embedded platform does; one that does not is an alternative.
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
from collections.abc import AsyncGenerator, Callable, Iterator
from functools import partial
from typing import Any

import msgspec

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
POLLED = "this client where the server has no lists"
PAGE = 200


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


def list_page(shares: list[float], offset: int) -> dict[str, Any]:
    """Make a page of the list of jobs of which these shares are done."""
    jobs = [
        {
            "job_id": str(number),
            "state": "COMPLETE" if share >= 1 else "RUNNING",
            "kind": "FLOW",
            "flow_path": "home/reader/fs/D/flows/receipts.ibflow",
            "output_folder": f"home/reader/fs/D/runs/{number}/out",
            "start_timestamp": 1_700_000_000,
            "num_files": 50,
            "num_done": int(50 * min(1.0, share**1.2)),
        }
        for number, share in enumerate(shares[offset : offset + PAGE], offset)
    ]
    following = offset + PAGE
    url = f"/api/v1/jobs/list?limit={PAGE}&offset={following}"
    return {"status": "OK", "jobs": jobs, "next_page": url if following < len(shares) else None}


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

    def __init__(self, clock: SimulatedClock, durations: list[float], *, lists: bool) -> None:
        from ibflow_nb.jobs.schedule import REMOTE

        self.pace = REMOTE
        self.asked = 0
        self.delays: list[float] = []
        self._clock = clock
        self._durations = durations
        self._lists = lists

    async def fetch_status(self, job_id: str) -> Any:
        """Answer for one job."""
        self.asked += 1
        duration = self._durations[int(job_id)]
        late = self._clock.now() - duration
        if late >= 0:
            self.delays.append(late)
        return reply(self._clock.now() / duration)

    async def list_jobs(self) -> AsyncGenerator[list[Any]]:
        """List all jobs, page by page."""
        from ibflow_nb.api.errors import NotFound
        from ibflow_nb.api.jobs import JobSummary

        for offset in range(0, len(self._durations), PAGE):
            self.asked += 1
            if not self._lists:
                raise NotFound("There is no such call.", status_code=404)
            shares = [self._clock.now() / duration for duration in self._durations]
            yield msgspec.convert(list_page(shares, offset)["jobs"], list[JobSummary])


def simulate_poller(durations: list[float], *, lists: bool) -> Measured:
    """Watch all jobs with the poller."""
    from ibflow_nb.jobs.background import Background
    from ibflow_nb.jobs.poller import Poller
    from ibflow_nb.jobs.snapshot import Snapshot
    from ibflow_nb.jobs.watch import Watch

    clock, home = SimulatedClock(), Background()
    server = SimulatedServer(clock, durations, lists=lists)
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


def serve(port: int, count: int, *, lists: bool) -> None:
    """Answer for jobs that have begun just now."""
    import uvicorn

    began = time.monotonic()
    durations = draw_durations(count)

    def answer(path: str, query: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        elapsed = time.monotonic() - began
        if path.endswith("/jobs/status"):
            return 200, reply(elapsed / durations[int(query["job_id"][0])])
        if not lists:
            return 404, {"status": "ERROR", "msg": "There is no such call."}
        shares = [elapsed / duration for duration in durations]
        return 200, list_page(shares, int(query.get("offset", ["0"])[0]))

    async def app(scope: Any, receive: Any, send: Any) -> None:
        query = urllib.parse.parse_qs(scope["query_string"].decode())
        status, told = answer(scope["path"], query)
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(told).encode()})

    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", lifespan="off")


def watch_by_client(url: str, count: str, seconds: str) -> Callable[[], object]:
    """Watch with this project's client, at the pace that it keeps with servers elsewhere."""
    from ibflow_nb.api.flow import Submission
    from ibflow_nb.api.jobs import JobState
    from ibflow_nb.client import Client
    from ibflow_nb.jobs.schedule import REMOTE

    client = Client(url, "token")
    client._service.pace = REMOTE

    def watch() -> None:
        submissions = [Submission(str(number), "") for number in range(int(count))]
        jobs = [client.jobs.follow(submission) for submission in submissions]
        time.sleep(float(seconds))
        assert all(job.state in {JobState.RUNNING, JobState.COMPLETE} for job in jobs)

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
    watch: Callable[[str, str, str], Callable[[], object]], count: int, seconds: int, lists: str
) -> float:
    """Watch for some seconds; give the share of a core that it takes, in percent."""
    port = free_port()
    with running([sys.executable, "-m", __spec__.name, str(port), str(count), lists]):
        wait_for_port(port)
        spent = fresh(watch, f"http://127.0.0.1:{port}", str(count), str(seconds))
    return 100 * spent.processor / spent.seconds


def figures() -> Iterator[Figure]:
    """Requests and delay on a simulated clock, processor time on this machine."""
    durations = draw_durations(sized(1000, 30))
    yield from compare_all(
        partial(simulate_poller, durations, lists=True),
        {
            LOOP: partial(simulate_loops, durations),
            POLLED: partial(simulate_poller, durations, lists=False),
        },
        [
            Measure(REQUESTS, "requests", "lower", {LOOP: 0.15}),
            Measure(DELAY, "s", "lower", limit=1.0),
        ],
        repeats=1,
    )
    count, seconds = sized((1000, 60), (30, 2))
    yield compare(
        PROCESSOR,
        partial(spend, watch_by_client, count, seconds, "lists"),
        {
            LOOP: partial(spend, watch_by_loops, count, seconds, "lists"),
            POLLED: partial(spend, watch_by_client, count, seconds, ""),
        },
        unit="% of a core",
        better="lower",
        limit=10,
        repeats=1,
        note=f"{count:,} jobs, their first {seconds} s, a server on this machine",
    )


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1].isdigit():
        serve(int(sys.argv[1]), int(sys.argv[2]), lists=bool(sys.argv[3]))
    else:
        main(figures)
