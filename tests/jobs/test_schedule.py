"""When the next question is asked."""

from __future__ import annotations

import random
import statistics
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ibflow_nb.jobs.poller import RATE, Poller
from ibflow_nb.jobs.schedule import (
    EMBEDDED,
    REMOTE,
    Sighting,
    TokenBucket,
    first_delay,
    next_delay,
    trouble_delay,
)
from ibflow_nb.jobs.snapshot import Snapshot
from ibflow_nb.jobs.watch import Watch


@given(
    now=st.floats(0, 1e6),
    points=st.lists(st.tuples(st.floats(0, 1e4), st.floats(0, 1)), max_size=20),
)
def test_delays_keep_to_the_limits(now: float, points: list[tuple[float, float]]) -> None:
    """Whatever a server reports, the next question comes neither at once nor too late."""
    rng = random.Random(0)
    sighting = Sighting.begin(now)
    for gap, progress in points:
        now += gap
        sighting = sighting.see(now, progress)
        for pace in (REMOTE, EMBEDDED):
            delay = next_delay(sighting, now, pace, rng)
            assert 0.9 * pace.first <= delay <= 1.1 * pace.longest


def test_progress_leads_to_seven_tenths_of_the_remaining_time() -> None:
    """A job at half after ten seconds is asked again after about seven."""
    sighting = Sighting.begin(0.0).see(10.0, 0.5)
    delay = next_delay(sighting, 10.0, REMOTE, random.Random(1))
    assert delay == pytest.approx(7.0, rel=0.11)


def test_time_in_a_queue_does_not_count() -> None:
    """The speed is measured from when progress began, not from the submission."""
    sighting = Sighting.begin(0.0).see(100.0, 0.0).see(110.0, 0.5)
    assert sighting.remaining(110.0) == pytest.approx(10.0)


def test_a_job_that_stands_still_is_asked_less_and_less() -> None:
    """At 99 % for minutes, the remaining second is no longer believed."""
    sighting = Sighting.begin(0.0).see(50.0, 0.99)
    rng = random.Random(1)
    assert next_delay(sighting, 51.0, REMOTE, rng) < 1.2
    assert next_delay(sighting, 150.0, REMOTE, rng) > 8


def test_without_progress_the_interval_grows_with_time() -> None:
    """Ten per cent of the time watched, up to the longest interval."""
    rng = random.Random(1)
    sighting = Sighting.begin(0.0)
    assert next_delay(sighting, 60.0, REMOTE, rng) == pytest.approx(6.0, rel=0.11)
    assert next_delay(sighting, 6000.0, REMOTE, rng) == pytest.approx(15.0, rel=0.11)


def test_first_questions_of_a_batch_are_spread() -> None:
    """A thousand jobs are not all asked about in the same second."""
    rng = random.Random(1)
    delays = [first_delay(n, REMOTE, rng) for n in range(1000)]
    assert min(delays) >= REMOTE.first
    busiest = max(sum(1 for d in delays if s <= d < s + 1) for s in range(25))
    assert busiest < 250


def test_trouble_is_met_with_patience() -> None:
    """Each failure in a row makes the wait longer, up to the longest interval."""
    rng = random.Random(1)
    delays = [trouble_delay(n, REMOTE, rng) for n in range(1, 30)]
    assert delays[0] < 1.2
    assert delays[5] > 5
    assert max(delays) <= 16.5


def test_the_bucket_bounds_the_rate() -> None:
    """Beyond the burst, requests are put off to one every 1/rate seconds."""
    bucket = TokenBucket(rate=10, burst=5)
    waits = [bucket.reserve(100.0) for _ in range(10)]
    assert waits[:5] == [0.0] * 5
    assert waits[5:] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])
    assert bucket.reserve(200.0) == 0.0


def test_a_held_bucket_lets_nothing_go() -> None:
    """A server that asked to be left alone is, by all of its jobs."""
    bucket = TokenBucket(rate=10, burst=5)
    bucket.hold(107.0)
    bucket.hold(103.0)
    assert bucket.held(100.0) == pytest.approx(7.0)
    assert bucket.held(108.0) == 0.0


def test_a_thousand_jobs_take_few_requests_and_end_soon(
    clock: Any, home: Any, scripted: Any, replies: Any
) -> None:
    """Against a loop of one second: under a seventh of the requests, ends seen within a second.

    Durations are log-normal (median 87 s, 95 % under 482 s), progress is mildly non-linear.
    """
    rng = random.Random(20)
    durations = {f"job-{n}": min(3000.0, rng.lognormvariate(4.466, 1.04)) for n in range(1000)}
    seen: dict[str, float] = {}

    def answer(job_id: str, _number: int) -> dict[str, Any]:
        share = clock.now() / durations[job_id]
        if share < 1:
            return replies["running"](share**1.2)
        seen[job_id] = clock.now()
        return replies["ended"]()

    service = scripted(answer, clock=clock)
    service.counted = False
    poller = Poller(clock, home=home, rng=rng)
    watches = [Watch(service, Snapshot(job_id=job_id)) for job_id in durations]

    async def watch_all() -> None:  # on the poller's own thread, where no time passes meanwhile
        for watch in watches:
            poller.watch(watch)

    home.run(watch_all())
    deadline = time.monotonic() + 120
    for watch in watches:
        home.run(watch.wait_closed(deadline - time.monotonic()))

    ratio = len(service.asked) / sum(durations.values())
    delay = statistics.mean(seen[job_id] - durations[job_id] for job_id in durations)
    per_second = [0] * 3100
    for _, moment in service.asked:
        per_second[int(moment)] += 1
    assert ratio < 0.15
    assert delay < 1.0
    assert max(per_second) <= RATE + 10
    assert service.most_busy <= 10
