"""Telling others that jobs have ended, without a thread for each that waits."""

from __future__ import annotations

import threading
from concurrent.futures import Future

from ibflow_nb.local.engine.ledger import Ledger


class JobEnds:
    """Gives futures that are done once their job has ended."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._waiting: dict[str, list[Future[None]]] = {}
        self._lock = threading.Lock()

    def future(self, job_id: str) -> Future[None]:
        """Give a future for the end of a job; it is done at once for one that has ended."""
        future: Future[None] = Future()
        with self._lock:
            self._waiting.setdefault(job_id, []).append(future)
        self.look()
        return future

    def look(self) -> None:
        """Set the futures of the jobs that have ended."""
        with self._lock:
            ended = [job_id for job_id in self._waiting if self._ledger.has_ended(job_id)]
            futures = [future for job_id in ended for future in self._waiting.pop(job_id)]
        for future in futures:
            if future.set_running_or_notify_cancel():
                future.set_result(None)
