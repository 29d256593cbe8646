"""The one poller: asks after all jobs from one task, at most ten questions at a time.

It never prints and never dies. Trouble with the connection becomes a note in the snapshot and
never fails a job; only the server's own word ends one.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ibflow_nb.api.errors import (
    ApiError,
    AuthenticationFailed,
    ConnectionFailed,
    IbflowError,
    JobError,
    NotFound,
)
from ibflow_nb.api.jobs import JobState
from ibflow_nb.jobs import schedule
from ibflow_nb.jobs.agenda import Agenda, Entry, Question
from ibflow_nb.jobs.background import Background, background
from ibflow_nb.jobs.clock import Clock, SystemClock
from ibflow_nb.jobs.looks import MANY, Look, Looks
from ibflow_nb.jobs.schedule import Sighting
from ibflow_nb.jobs.service import JobService
from ibflow_nb.jobs.snapshot import parse_status, refusal
from ibflow_nb.jobs.watch import Watch

CONNECTIONS = 10
RATE = 100.0
"""Polls a second over all jobs of one server."""
CONFIRMATIONS = 4
"""Times that a server must refuse a question before its word is taken."""
_log = logging.getLogger(__name__)


@dataclass
class _Loop:
    """What belongs to one run of the background loop."""

    task: asyncio.Task[None]
    polls: set[asyncio.Task[None]] = field(default_factory=set)


class Poller:
    """Asks servers how their jobs stand, until each has ended."""

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        home: Background = background,
        rng: random.Random | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._home = home
        self._rng = rng or random.Random()  # noqa: S311 - jitter, not secrets
        self._entries: dict[Watch, Entry] = {}
        self._agenda = Agenda(self._clock, rate=RATE, burst=CONNECTIONS)
        self._looks = Looks(self._agenda, self._clock, self._rng, self._watched)
        self._loop: _Loop | None = None

    def watch(self, watch: Watch) -> None:
        """Ask after a job until it ends; one that is watched already is asked soon."""
        self._home.submit(self._watch(watch))

    def release(self, service: JobService) -> None:
        """Stop asking a server whose client is closed."""
        self._home.submit(self._release(service))

    def forget(self, watch: Watch) -> None:
        """Ask after a job no more."""
        self._home.submit(self._forget(watch))

    def hear(self, watch: Watch) -> None:
        """Take note that a server answered somebody else about a job; on the background thread."""
        if watch in self._entries:
            self._entries[watch].hear(self._clock.now())

    async def _watch(self, watch: Watch) -> None:
        now = self._clock.now()
        entry = self._entries.get(watch)
        if entry is None:
            sighting = Sighting.begin(now, watch.snapshot.progress)
            entry = Entry(service=watch.service, watch=watch, sighting=sighting)
            self._entries[watch] = entry
            delay = schedule.first_delay(len(self._entries), watch.service.pace, self._rng)
        else:
            delay = 0.0
        entry.answered = now
        self._agenda.put(entry, now + delay)
        self._ensure_running()
        if len(self._entries) >= MANY:
            self._looks.begin(watch.service)

    async def _release(self, service: JobService) -> None:
        for entry in self._watched(service):
            self._drop(entry)
            entry.watch.give_up(
                ConnectionFailed(
                    f"Job {entry.watch.job_id}: its client was closed; connect again and attach "
                    "to it."
                )
            )

    async def _forget(self, watch: Watch) -> None:
        if watch in self._entries:
            self._drop(self._entries[watch])

    def _watched(self, service: JobService) -> list[Entry]:
        return [entry for entry in self._entries.values() if entry.service is service]

    def _drop(self, entry: Entry) -> None:
        entry.dropped = True
        self._entries.pop(entry.watch, None)

    def _ensure_running(self) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is not None:
            if self._loop.task.get_loop() is loop and not self._loop.task.done():
                return
            for entry in self._entries.values():  # polls that an earlier loop took with it
                entry.asking = False
            self._looks.forget()
        self._agenda.changed = asyncio.Event()
        self._loop = _Loop(loop.create_task(self._run(), name="ibflow-poller"))

    async def _run(self) -> None:
        slots = asyncio.Semaphore(CONNECTIONS)
        changed = self._agenda.changed
        while self._entries:
            changed.clear()
            question, delay = self._agenda.take()
            if question is None:
                await self._clock.sleep(delay, changed)
                continue
            await slots.acquire()
            question.asking = True
            task = asyncio.create_task(self._ask(question))
            task.add_done_callback(lambda _: slots.release())
            if self._loop is not None:
                self._loop.polls.add(task)
                task.add_done_callback(self._loop.polls.discard)

    async def _ask(self, question: Question) -> None:
        if isinstance(question, Entry):
            await self._poll(question)
        elif isinstance(question, Look):
            await self._looks.carry_out(question)

    async def _poll(self, entry: Entry) -> None:
        watch = entry.watch
        try:
            reply = await watch.service.fetch_status(watch.job_id)
            delay = self._take(entry, reply)
        except (NotFound, AuthenticationFailed) as error:
            delay = self._refused(entry, error)
        except IbflowError as error:
            delay = self._trouble(entry, error)
        except Exception as error:  # noqa: BLE001 - the poller never dies
            _log.exception("asking after job %s failed", watch.job_id)
            delay = self._trouble(entry, error)
        finally:
            entry.asking = False
        if delay is None:
            self._drop(entry)
        elif not entry.dropped:
            self._agenda.put(entry, self._clock.now() + delay)

    def _take(self, entry: Entry, reply: Any) -> float | None:
        """Take in an answer; give the seconds to the next question, None for no more."""
        watch = entry.watch
        sentence = refusal(reply)
        if not isinstance(reply, Mapping):
            return self._trouble(entry, ApiError(f"Job {watch.job_id}: {sentence}."))
        if sentence is not None:
            return self._refused(entry, self._unknown(watch, sentence))
        wall = time.time()
        snapshot = parse_status(watch.job_id, reply, now=wall).replace(started=wall)
        now = self._clock.now()
        entry.hear(now)
        watch.publish(snapshot)
        if snapshot.done:
            return None
        entry.sighting = entry.sighting.see(now, snapshot.progress)
        delay = schedule.next_delay(entry.sighting, now, watch.service.pace, self._rng)
        return max(delay, self._looks.detail_delay(entry))

    def _refused(self, entry: Entry, error: IbflowError) -> float | None:
        """Take the server's word that it does not answer, once it has been confirmed."""
        watch = entry.watch
        entry.refusals += 1
        entry.failures.end()
        watch.publish(watch.snapshot.replace(note="", silent_since=None))
        if entry.refusals < CONFIRMATIONS:
            return schedule.trouble_delay(entry.refusals, watch.service.pace, self._rng)
        if isinstance(error, AuthenticationFailed):
            watch.publish(watch.snapshot.replace(note=str(error)))
        else:
            watch.publish(watch.snapshot.replace(state=JobState.UNKNOWN, message=str(error)))
        watch.give_up(error)
        return None

    def _trouble(self, entry: Entry, error: Exception) -> float:
        """Show that the connection is in trouble; the job itself goes on."""
        watch = entry.watch
        now = self._clock.now()
        entry.failures.add(now)
        reason = str(error) or type(error).__name__
        since = watch.snapshot.silent_since or entry.failures.silent_since(now)
        watch.publish(watch.snapshot.replace(note=f"Trying again: {reason}", silent_since=since))
        delay = schedule.trouble_delay(entry.failures.count, watch.service.pace, self._rng)
        asked = error.retry_after if isinstance(error, ApiError) else None
        if asked is not None:
            self._agenda.hold(watch.service, asked)
            delay = max(delay, asked)
        return delay

    @staticmethod
    def _unknown(watch: Watch, sentence: str) -> JobError:
        return JobError(
            f"Job {watch.job_id}: the server says: {sentence.rstrip('.')}; check the id, "
            "and that you are connected to the server that runs it.",
            job_id=watch.job_id,
        )


poller = Poller()
"""The one for all jobs of all connections."""
