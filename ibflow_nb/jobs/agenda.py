"""What servers are to be asked, and when: in order of time, within each server's rate."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import weakref
from dataclasses import dataclass, field

from ibflow_nb.jobs.clock import Clock
from ibflow_nb.jobs.schedule import REMOTE, Sighting, TokenBucket
from ibflow_nb.jobs.service import JobService
from ibflow_nb.jobs.silence import Failures
from ibflow_nb.jobs.watch import Watch


@dataclass(eq=False, kw_only=True)
class Question:
    """Something to ask a server, again and again; only the latest ``due`` counts.

    Attributes:
        due: when it is asked next.
        reserved: whether a token of the server's rate was taken for it.
        asking: whether it is being asked now.
        dropped: whether it is not asked any more.
    """

    service: JobService
    due: float = 0.0
    reserved: bool = False
    asking: bool = False
    dropped: bool = False


@dataclass(eq=False, kw_only=True)
class Entry(Question):
    """How a watched job stands.

    Attributes:
        failures: calls in a row that got no answer.
        refusals: calls in a row that the server refused to answer.
        listed: whether the server's list of jobs tells of it, so that calls give details only.
        answered: when the latest answer came, or the job was last sent on its way.
    """

    watch: Watch
    sighting: Sighting
    failures: Failures = field(default_factory=Failures)
    refusals: int = 0
    listed: bool = False
    answered: float = 0.0

    def hear(self, now: float) -> None:
        """Take note of an answer of its own."""
        self.failures.end()
        self.refusals = 0
        self.answered = now


class Agenda:
    """All questions; an event tells who sleeps until the first of them that there is a new one."""

    def __init__(self, clock: Clock, *, rate: float, burst: int) -> None:
        self.changed = asyncio.Event()
        self._clock = clock
        self._rate = rate
        self._burst = burst
        self._heap: list[tuple[float, int, Question]] = []
        self._order = itertools.count()
        self._buckets: weakref.WeakKeyDictionary[JobService, TokenBucket] = (
            weakref.WeakKeyDictionary()
        )

    def put(self, question: Question, due: float) -> None:
        """Have a question asked at a time, and not at the one that was set before."""
        question.due = due
        heapq.heappush(self._heap, (due, next(self._order), question))
        self.changed.set()

    def take(self) -> tuple[Question | None, float]:
        """Take the next question that may be asked now, or tell for how long there is none."""
        now = self._clock.now()
        while self._heap:
            due, _, question = self._heap[0]
            if due != question.due or question.asking or question.dropped:
                heapq.heappop(self._heap)
            elif due > now:
                return None, due - now
            elif wait := self._wait_for_token(question, now):
                heapq.heappop(self._heap)
                self.put(question, now + wait)
            else:
                heapq.heappop(self._heap)
                question.reserved = False
                return question, 0.0
        return None, REMOTE.longest

    def count(self, service: JobService) -> None:
        """Count a request that is made beside the questions taken; later ones make up for it."""
        self._bucket(service).reserve(self._clock.now())

    def hold(self, service: JobService, seconds: float) -> None:
        """Ask a server nothing for some time, because it said so."""
        self._bucket(service).hold(self._clock.now() + seconds)

    def held(self, service: JobService) -> bool:
        """Tell whether a server asked to be left alone."""
        return self._bucket(service).held(self._clock.now()) > 0

    def _wait_for_token(self, question: Question, now: float) -> float:
        bucket = self._bucket(question.service)
        if not question.reserved:
            question.reserved = True
            return max(bucket.reserve(now), bucket.held(now))
        return bucket.held(now)

    def _bucket(self, service: JobService) -> TokenBucket:
        if service not in self._buckets:
            self._buckets[service] = TokenBucket(self._rate, self._burst)
        return self._buckets[service]
