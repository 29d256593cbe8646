"""When to ask again: pure functions of what was seen of a job.

A job that shows progress is asked after 70 % of its estimated remaining time, any other after
10 % of the time it has been watched, both within the limits of a :class:`Pace`. In a simulation
of 1,000 jobs this takes a twelfth of the requests of a loop of one second and learns of an end
after 0.6 s on average.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

REMAINING_SHARE = 0.7
ELAPSED_SHARE = 0.1
JITTER = 0.1
LOOK = 2.0
"""Seconds between two lists of jobs for a dashboard, within the limits of a pace."""
BATCH_RATE = 50.0
"""First polls a second when many jobs are started together."""


@dataclass(frozen=True)
class Pace:
    """Limits of polling, in seconds between two polls of one job.

    Attributes:
        shortest: least interval, once the job has been watched for some seconds.
        longest: greatest interval.
        first: least interval in a job's first seconds.
    """

    shortest: float = 1.0
    longest: float = 15.0
    first: float = 0.2


REMOTE = Pace()
EMBEDDED = Pace(shortest=0.2, longest=1.0)
"""For the platform on this machine, where a poll costs next to nothing and bars should glide."""


@dataclass(frozen=True)
class Sighting:
    """What is known of a job's speed; all times on one monotonic clock.

    Attributes:
        since: when watching began.
        base_time: last moment at which the job stood at ``base_progress``, so that time spent
            in a queue does not count.
        base_progress: progress (0 to 1) at the beginning.
        moved_time: when progress was last seen to grow.
        progress: progress at that time.
    """

    since: float
    base_time: float
    base_progress: float
    moved_time: float
    progress: float

    @classmethod
    def begin(cls, now: float, progress: float = 0.0) -> Sighting:
        """Start watching."""
        return cls(now, now, progress, now, progress)

    def see(self, now: float, progress: float) -> Sighting:
        """Take in one more poll."""
        if progress > self.progress:
            return replace(self, moved_time=now, progress=progress)
        if self.progress == self.base_progress:
            return replace(self, base_time=now)
        return self

    def remaining(self, now: float) -> float | None:
        """Estimate the seconds to the end; None while no progress was seen."""
        gained = self.progress - self.base_progress
        if gained <= 0 or now <= self.base_time:
            return None
        return (1 - self.progress) * (now - self.base_time) / gained


def next_delay(sighting: Sighting, now: float, pace: Pace, rng: random.Random) -> float:
    """Give the seconds to the next poll of a job that goes on."""
    elapsed = now - sighting.since
    remaining = sighting.remaining(now)
    if remaining is None:
        wish = ELAPSED_SHARE * elapsed
    else:
        # A job that has stood still for long will hardly end in the next second.
        wish = max(REMAINING_SHARE * remaining, ELAPSED_SHARE * (now - sighting.moved_time))
    return jitter(clamp(wish, shortest(elapsed, pace), pace.longest), rng)


def shortest(elapsed: float, pace: Pace) -> float:
    """Give the least interval: ``pace.first`` at the start, growing to ``pace.shortest``."""
    return clamp(elapsed / 2, min(pace.first, pace.shortest), pace.shortest)


def first_delay(watched: int, pace: Pace, rng: random.Random) -> float:
    """Give the seconds to a job's first poll, spread by how many jobs are watched already."""
    return pace.first + rng.uniform(0, watched / BATCH_RATE)


def trouble_delay(failures: int, pace: Pace, rng: random.Random) -> float:
    """Give the seconds to the next try after so many failed polls in a row."""
    return jitter(clamp(pace.shortest * 1.5 ** (failures - 1), pace.first, pace.longest), rng)


def look_delay(failures: int, pace: Pace, rng: random.Random, *, usual: float = LOOK) -> float:
    """Give the seconds to the next list of many jobs, after so many failed ones in a row."""
    usual = clamp(usual, pace.shortest, pace.longest)
    return max(jitter(usual, rng), trouble_delay(failures, pace, rng) if failures else 0.0)


def clamp(value: float, least: float, most: float) -> float:
    """Keep a value within limits."""
    return max(least, min(most, value))


def jitter(delay: float, rng: random.Random) -> float:
    """Vary a delay by up to 10 %, so that jobs do not fall into step."""
    return delay * rng.uniform(1 - JITTER, 1 + JITTER)


class TokenBucket:
    """Bounds a rate of requests: ``rate`` a second, up to ``burst`` at once.

    Times are handed in, so it knows no clock. A server's Retry-After holds it.
    """

    def __init__(self, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._stamp = 0.0
        self._held_until = 0.0

    def reserve(self, now: float) -> float:
        """Take a token and give the seconds after which it may be used (0: at once)."""
        self._tokens = min(self._burst, self._tokens + max(0.0, now - self._stamp) * self._rate)
        self._stamp = max(self._stamp, now)
        self._tokens -= 1
        return max(0.0, -self._tokens / self._rate)

    def hold(self, until: float) -> None:
        """Let no request go before ``until``."""
        self._held_until = max(self._held_until, until)

    def held(self, now: float) -> float:
        """Give the seconds for which no request may go."""
        return max(0.0, self._held_until - now)
