"""Looks at a server's list of jobs, which tells of many watched jobs for the price of a few calls.

A look brings the jobs that it shows up to date; their own calls then only add the details that a
list lacks (the step, the share of a file), one a second over all of them. A job that the list
shows as ended is asked about at once, since its own answer alone ends it. One that the list does
not show is asked about as if there were no list, and so are all while a list cannot be had.
"""

from __future__ import annotations

import logging
import random
import weakref
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from ibflow_nb.api.errors import ApiError, BadReply
from ibflow_nb.api.jobs import JobState, JobSummary
from ibflow_nb.jobs import schedule
from ibflow_nb.jobs.agenda import Agenda, Entry, Question
from ibflow_nb.jobs.clock import Clock
from ibflow_nb.jobs.service import JobService
from ibflow_nb.jobs.snapshot import Snapshot, parse_listed

MANY = 25
"""Jobs of one server for which its list is read.

A job that is polled takes a request in 11 s on average; for so many, looks of up to
:data:`DEPTH` jobs for each watched one, and the details, take no more than that.
"""
DEPTH = 2
"""Jobs that a look reads at most, for each watched one; jobs of others may lie between."""
INTERVAL = 1.2
"""Seconds between two looks: an end is seen after half of that, as when jobs are polled."""
DETAILS = 1.0
"""Calls a second for the details of all jobs that the list shows."""
_PASSING = frozenset({408, 425, 429})
_NO_SUCH_CALL = 501
_log = logging.getLogger(__name__)


@dataclass(eq=False, kw_only=True)
class Look(Question):
    """A look at a server's list of jobs."""


@dataclass
class _Lists:
    """What is known of one server's lists."""

    look: Look | None = None
    failures: int = 0
    useless: bool = False
    watched: int = 0


class _NotCounted(Exception):
    """A list does not count the files that are done, so that it tells no progress."""


class Looks:
    """The looks at all servers of which many jobs are watched."""

    def __init__(
        self,
        agenda: Agenda,
        clock: Clock,
        rng: random.Random,
        watched: Callable[[JobService], list[Entry]],
    ) -> None:
        self._agenda = agenda
        self._clock = clock
        self._rng = rng
        self._watched = watched
        self._servers: weakref.WeakKeyDictionary[JobService, _Lists] = weakref.WeakKeyDictionary()

    def begin(self, service: JobService) -> None:
        """Look at a server's list soon, unless that is planned or known to be of no use."""
        lists = self._servers.setdefault(service, _Lists())
        if lists.look is None and not lists.useless:
            lists.look = Look(service=service)
            self._agenda.put(lists.look, self._clock.now() + service.pace.first)

    def forget(self) -> None:
        """Plan no look any more, because those under way ended with their loop."""
        for lists in self._servers.values():
            if lists.look is not None:
                lists.look.dropped, lists.look = True, None

    def detail_delay(self, entry: Entry) -> float:
        """Give the least seconds between two calls about a job; none for one that is not listed."""
        lists = self._servers.get(entry.service)
        return lists.watched / DETAILS if entry.listed and lists is not None else 0.0

    async def carry_out(self, look: Look) -> None:
        """Look once, and plan the next look if that is worth while."""
        lists, began = self._servers[look.service], self._clock.now()
        due: float | None = None
        try:
            if len(self._watched(look.service)) >= MANY:
                due = await self._try(look, lists, began)
        finally:
            look.asking = False
            if due is None:
                look.dropped, lists.look = True, None
        if due is None:
            self._unlist(self._watched(look.service))
        else:
            self._agenda.put(look, due)

    async def _try(self, look: Look, lists: _Lists, began: float) -> float | None:
        """Give when to look again, None for never."""
        asked_pause = 0.0
        try:
            await self._read(look, lists)
            lists.failures = 0
        except Exception as error:  # noqa: BLE001 - what watches jobs never dies
            _log.debug("the list of jobs was of no use: %s", error)
            lists.failures += 1
            lists.useless = _is_final(error)
            asked_pause = getattr(error, "retry_after", None) or 0.0
            self._agenda.hold(look.service, asked_pause)
            self._unlist(self._watched(look.service))
        if lists.useless:
            return None
        delay = schedule.look_delay(lists.failures, look.service.pace, self._rng, usual=INTERVAL)
        now = self._clock.now()  # a slow server is left alone for as long as it took to answer
        return max(began + delay, now + max(now - began, asked_pause))

    async def _read(self, look: Look, lists: _Lists) -> None:
        wanted: defaultdict[str, list[Entry]] = defaultdict(list)
        for entry in self._watched(look.service):
            wanted[entry.watch.job_id].append(entry)
        lists.watched = len(wanted)
        missing, most, asked = set(wanted), DEPTH * len(wanted), self._clock.now()
        async with aclosing(look.service.list_jobs()) as pages:
            async for page in pages:
                most -= len(page)
                missing -= self._take_page(page, wanted, asked, lists)
                if not missing or most <= 0:
                    break
                if self._agenda.held(look.service):
                    return
                self._agenda.count(look.service)
                asked = self._clock.now()
        self._unlist(entry for job_id in missing for entry in wanted[job_id])

    def _take_page(
        self,
        page: Sequence[JobSummary],
        wanted: Mapping[str, list[Entry]],
        asked: float,
        lists: _Lists,
    ) -> set[str]:
        """Take in a page; give the ids of the watched jobs that it tells of."""
        found = set()
        for summary in page:
            for entry in wanted.get(summary.job_id, ()):
                if self._take(entry, summary, asked, lists):
                    found.add(summary.job_id)
        return found

    def _take(self, entry: Entry, summary: JobSummary, asked: float, lists: _Lists) -> bool:
        news = parse_listed(summary)
        if news.state is JobState.UNKNOWN:
            return False
        now = self._clock.now()
        if entry.dropped or entry.asking or entry.answered > asked:
            return True  # its own answer is newer
        if news.done:
            if entry.due > now and not entry.failures.count and not entry.refusals:
                self._agenda.put(entry, now)
            return True
        if news.done_files is None:
            raise _NotCounted(entry.watch.job_id)
        entry.failures.end()
        entry.refusals = 0
        entry.watch.publish(_with_details(news, entry.watch.snapshot))
        entry.sighting = entry.sighting.see(now, entry.watch.snapshot.progress)
        if not entry.listed:
            entry.listed = True
            self._agenda.put(entry, now + self._rng.uniform(0, lists.watched / DETAILS))
        return True

    def _unlist(self, entries: Iterable[Entry]) -> None:
        """Ask about jobs by calls of their own again, spread as those that were just started."""
        listed = [entry for entry in entries if entry.listed]
        for entry in listed:
            entry.listed = False
            delay = schedule.first_delay(len(listed), entry.service.pace, self._rng)
            due = self._clock.now() + delay
            if due < entry.due and not entry.asking:
                self._agenda.put(entry, due)


def _with_details(news: Snapshot, seen: Snapshot) -> Snapshot:
    """Keep what a list does not tell, and that a job has begun although no file is worked on."""
    begun = seen.state is JobState.RUNNING and news.state is JobState.PENDING
    state = seen.state if begun else news.state
    return news.replace(state=state, message=seen.message, step=seen.step)


def _is_final(error: Exception) -> bool:
    """Tell whether a server gives no lists that help, and never will."""
    if isinstance(error, _NotCounted):
        return True
    if not isinstance(error, ApiError) or isinstance(error, BadReply):
        return False
    passing = error.retry_after is not None or error.status_code in _PASSING
    return not passing and (error.status_code < 500 or error.status_code == _NO_SUCH_CALL)
