"""Telling others that jobs have ended, without a thread for each that waits."""

from __future__ import annotations

import threading
from collections.abc import Iterable
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
        if self._ledger.has_ended(job_id):
            self.tell([job_id])
        return future

    def tell(self, job_ids: Iterable[str]) -> None:
        """Set the futures of jobs that have ended."""
        with self._lock:
            futures = [future for job_id in job_ids for future in self._waiting.pop(job_id, ())]
        for future in futures:
            if future.set_running_or_notify_cancel():
                future.set_result(None)
