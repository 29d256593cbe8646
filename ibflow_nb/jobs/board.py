"""Many jobs in one look: one list request an interval, however many jobs there are.

A list tells the states and counts of all jobs for the price of one status. Where a server's list
does not count the files that are done, the poller is asked to watch the jobs that go on, as it
does for those of this kernel, within the rate that it keeps to.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Generator, Sequence
from typing import Any

import msgspec

from ibflow_nb.api.errors import AuthenticationFailed, IbflowError, JobTimeout
from ibflow_nb.api.jobs import JobSummary
from ibflow_nb.jobs import schedule
from ibflow_nb.jobs.background import Background, background
from ibflow_nb.jobs.call import call
from ibflow_nb.jobs.clock import Clock, SystemClock
from ibflow_nb.jobs.observers import Observers
from ibflow_nb.jobs.overview import Overview, Row
from ibflow_nb.jobs.poller import Poller, poller
from ibflow_nb.jobs.service import JobService
from ibflow_nb.jobs.silence import Failures, silence_told
from ibflow_nb.jobs.snapshot import Snapshot
from ibflow_nb.jobs.watch import Watch

MOST = 1000
"""Jobs that one look takes in."""
Look = Callable[[int | None], Awaitable[Sequence[JobSummary]]]
"""Lists up to :data:`MOST` jobs, submitted at or after a moment (Unix seconds), newest first."""
_log = logging.getLogger(__name__)


class Board:
    """Jobs that are watched together until none of them goes on.

    A job that was seen stays to its end; jobs that are submitted later join if they are in a
    state that was asked for. ``await board`` is ``board.wait()`` awaited.

    Args:
        service: the server.
        look: lists its jobs.
        first: the jobs to begin with.
        states: states in which later jobs join; none for all.
    """

    def __init__(
        self,
        service: JobService,
        look: Look,
        first: Overview,
        *,
        states: frozenset[str] = frozenset(),
        clock: Clock | None = None,
        home: Background = background,
        poller: Poller = poller,
    ) -> None:
        self._service = service
        self._look = look
        self._states = states
        self._clock = clock or SystemClock()
        self._home = home
        self._poller = poller
        self._rng = random.Random()  # noqa: S311 - jitter, not secrets
        self._watches: dict[str, Watch] = {}
        self._observers: Observers[Overview] = Observers()
        self._stopped = asyncio.Event()
        self._overview = first
        if not first.done:
            home.submit(self._run())

    @property
    def snapshot(self) -> Overview:
        """The latest that is known; immutable."""
        return self._overview

    def subscribe(self, observer: Callable[[Overview], None]) -> Callable[[], None]:
        """Have a function called with each new overview, on the background thread.

        It must not block. Calling the result ends the subscription.
        """
        return self._observers.add(observer)

    @call
    async def wait(self, timeout: float | None = None) -> Board:  # noqa: ASYNC109
        """Wait until no job goes on, or the board was stopped, and give the board.

        Args:
            timeout: seconds to wait at most; None waits for as long as it takes. After two
                minutes in which the server did not answer, a warning
                (:class:`~ibflow_nb.jobs.silence.ServerSilent`) says so.

        Raises:
            JobTimeout: (a TimeoutError) some go on.
        """
        changed = asyncio.Event()
        unsubscribe = self._observers.add(lambda _: changed.set())
        try:
            with silence_told(self, _going_in_words, timeout):
                async with asyncio.timeout(timeout):
                    while not self._overview.done:
                        await changed.wait()
                        changed.clear()
        except TimeoutError:
            going = [row.job.job_id for row in self._overview.going]
            raise JobTimeout(
                f"{_going_in_words(self._overview)} have not ended within "
                f"{timeout:g} s; they go on.",
                job_id=going[0] if len(going) == 1 else "",
            ) from None
        finally:
            unsubscribe()
        return self

    @call
    async def cancel(self, job_id: str) -> None:
        """Ask the server to stop one of the jobs."""
        await self._service.send_control("cancel", job_id)

    @call
    async def stop(self) -> None:
        """Watch the jobs no more; they go on."""
        self._stopped.set()
        if not self._overview.done:
            self._note("Not watched any more.", over=True)

    def __await__(self) -> Generator[Any, None, Board]:
        return self.wait.aio().__await__()

    def __repr__(self) -> str:
        return f"<Board {self._overview.counts_in_words or 'no jobs'}>"

    async def _run(self) -> None:
        failures, asked_pause = Failures(), 0.0
        while not self._overview.done:
            pause = schedule.look_delay(failures.count, self._service.pace, self._rng)
            await self._clock.sleep(max(pause, asked_pause), self._stopped)
            if self._stopped.is_set():
                break
            asked_pause = 0.0
            try:
                listed = await self._look(self._overview.since)
            except AuthenticationFailed as error:
                self._note(str(error), over=True)
            except Exception as error:  # noqa: BLE001 - what watches jobs never dies
                failures.add(self._clock.now())
                self._trouble(error, failures)
                asked_pause = getattr(error, "retry_after", None) or 0.0
            else:
                failures.end()
                whole = len(listed) < MOST
                self._publish(self._overview.after(listed, self._joins, whole=whole))
        for watch in self._watches.values():
            self._poller.forget(watch)

    def _joins(self, row: Row) -> bool:
        return not self._states or row.job.state.value in self._states

    def _trouble(self, error: Exception, failures: Failures) -> None:
        if not isinstance(error, IbflowError):
            _log.exception("listing jobs failed")
        since = self._overview.silent_since or failures.silent_since(self._clock.now())
        self._note(f"Trying again: {str(error) or type(error).__name__}", silent_since=since)

    def _note(self, note: str, *, silent_since: float | None = None, over: bool = False) -> None:
        self._publish(
            msgspec.structs.replace(self._overview, note=note, silent_since=silent_since, over=over)
        )

    def _publish(self, overview: Overview) -> None:
        rows = tuple(self._followed(row) for row in overview.rows)
        overview = msgspec.structs.replace(overview, rows=rows)
        if overview != self._overview:
            self._overview = overview
            self._observers.tell(overview, "a board")

    def _followed(self, row: Row) -> Row:
        """Take from the poller how a job stands whose files the list does not count."""
        if row.counted or not row.going:
            return row
        job = row.job
        if job.job_id not in self._watches:
            self._watches[job.job_id] = Watch(self._service, Snapshot(job_id=job.job_id))
            self._poller.watch(self._watches[job.job_id])
        seen = self._watches[job.job_id].snapshot
        if seen.done_files is None and not seen.progress:
            return row
        job = job.replace(
            progress=seen.progress,
            done_files=seen.done_files,
            total_files=seen.total_files or job.total_files,
        )
        return msgspec.structs.replace(row, job=job)


def _going_in_words(overview: Overview) -> str:
    return f"{len(overview.going)} of {len(overview.rows)} jobs"
