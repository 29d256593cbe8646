"""One watched job: its latest snapshot, who wants to know, and whether there is more to come."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import threading
from collections.abc import Callable

from ibflow_nb.api.errors import IbflowError
from ibflow_nb.jobs.observers import Observers
from ibflow_nb.jobs.service import JobService
from ibflow_nb.jobs.snapshot import Snapshot


class Watch:
    """What the poller feeds and a :class:`~ibflow_nb.jobs.job.Job` reads; for any thread.

    Attributes:
        service: the server that runs the job.
        error: why watching was given up although the job has not ended, else None.
    """

    def __init__(self, service: JobService, snapshot: Snapshot) -> None:
        self.service = service
        self.error: IbflowError | None = None
        self._snapshot = snapshot
        self._lock = threading.Lock()
        self._publishing = threading.RLock()
        self._observers: Observers[Snapshot] = Observers()
        self._end: concurrent.futures.Future[None] = concurrent.futures.Future()
        if snapshot.done:
            self._end.set_result(None)

    @property
    def job_id(self) -> str:
        """The job's id."""
        return self._snapshot.job_id

    @property
    def snapshot(self) -> Snapshot:
        """The latest news."""
        return self._snapshot

    @property
    def closed(self) -> bool:
        """Whether there is nothing more to come: the job ended, or watching was given up."""
        return self._end.done()

    def subscribe(self, observer: Callable[[Snapshot], None]) -> Callable[[], None]:
        """Have ``observer`` called with each new snapshot; the result ends that."""
        return self._observers.add(observer)

    def publish(self, snapshot: Snapshot) -> None:
        """Take in news; observers hear of it only if something changed, one news at a time."""
        with self._publishing:
            merged = snapshot.after(self._snapshot)
            changed = merged != self._snapshot
            self._snapshot = merged
            if changed:
                self._observers.tell(merged, f"job {merged.job_id}")
        if merged.done:
            self._close()

    def give_up(self, error: IbflowError) -> None:
        """Stop watching a job that has not ended."""
        self.error = error
        self._close()

    def reopen(self) -> None:
        """Expect news again, after the job was resumed or watching was given up."""
        with self._lock:
            self.error = None
            if self._end.done():
                self._end = concurrent.futures.Future()

    async def wait_closed(self, seconds: float | None) -> None:
        """Wait until nothing more is to come.

        Raises:
            TimeoutError: that took longer than ``seconds``.
        """
        end = asyncio.shield(asyncio.wrap_future(self._end))
        await asyncio.wait_for(end, seconds)

    def _close(self) -> None:
        with self._lock, contextlib.suppress(concurrent.futures.InvalidStateError):
            self._end.set_result(None)
