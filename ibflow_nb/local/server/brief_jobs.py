"""Jobs that the server does by itself: file operations, compiling, packing, publishing.

They are asked for their status like any other job. Most are done before their id is given away;
those that were asked for with ``async`` run in a thread. The last ones are kept in the platform's
store, so that their states outlive it.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import msgspec

from ibflow_nb.api.jobs import CurStatus, JobResult, JobState, JobStatusReply
from ibflow_nb.local.engine.store import Store, StoreUnavailable
from ibflow_nb.local.server.refusals import sentence_of

KEPT = 10_000
"""Jobs whose states are kept."""

_PREFIX = "brief-"
_THREADS = 2
_INTERRUPTED = JobResult(
    status="ERROR",
    msg="The platform was stopped during this job; ask for it again, what is done already is not"
    " done twice.",
)
_log = logging.getLogger(__name__)


class BriefJobs:
    """The server's own jobs, by id.

    Args:
        store: keeps their states; a row without a result that no thread here works on was
            interrupted by the end of an earlier platform.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._running: set[str] = set()
        self._not_stored: dict[str, JobResult] = {}
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="ibflow-brief")

    def add(self, result: JobResult | None = None) -> str:
        """Give the id of something that was just done."""
        job_id = _new_id()
        self._keep(job_id, result or JobResult())
        return job_id

    def start(self, work: Callable[[], JobResult]) -> str:
        """Do something in a thread; give its id at once.

        Raises:
            StoreUnavailable: the job cannot be noted; nothing is done.
        """
        job_id = _new_id()
        self._insert(job_id, None)
        with self._lock:
            self._running.add(job_id)
        self._threads.submit(self._run, job_id, work)
        return job_id

    def close(self) -> None:
        """Wait for what is being done; what waits for a thread counts as interrupted."""
        self._threads.shutdown(cancel_futures=True)

    @property
    def busy(self) -> bool:
        """Whether something is still being done."""
        with self._lock:
            return bool(self._running)

    def status(self, job_id: str) -> JobStatusReply | None:
        """Tell how a job stands; None when it is none of these."""
        if not job_id.startswith(_PREFIX):
            return None
        with self._lock:
            running = job_id in self._running
            result = self._not_stored.get(job_id)
        if running:
            return _pending(job_id)
        if result is None:
            rows = self._store.query("SELECT result FROM brief_job WHERE id = ?", (job_id,))
            if not rows:
                return None
            stored = rows[0]["result"]
            result = msgspec.json.decode(stored, type=JobResult) if stored else _INTERRUPTED
        return _done(job_id, result)

    def _run(self, job_id: str, work: Callable[[], JobResult]) -> None:
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 - its sentence is the job's end
            result = JobResult(status="ERROR", msg=sentence_of(error))
        self._keep(job_id, result)
        with self._lock:
            self._running.discard(job_id)

    def _keep(self, job_id: str, result: JobResult) -> None:
        """Store a result; on a full disk it is told from memory, for the work itself is done."""
        try:
            self._insert(job_id, msgspec.json.encode(result))
        except StoreUnavailable as error:
            _log.warning("%s", error)
            with self._lock:
                self._not_stored[job_id] = result
                while len(self._not_stored) > KEPT:
                    del self._not_stored[next(iter(self._not_stored))]

    def _insert(self, job_id: str, result: bytes | None) -> None:
        with self._store.transaction() as db:
            db.execute(
                "INSERT INTO brief_job (id, result) VALUES (?, ?) "
                "ON CONFLICT (id) DO UPDATE SET result = excluded.result",
                (job_id, result),
            )
            db.execute(
                "DELETE FROM brief_job WHERE seq <= (SELECT max(seq) FROM brief_job) - ?", (KEPT,)
            )


def _new_id() -> str:
    return f"{_PREFIX}{secrets.token_hex(12)}"


def _pending(job_id: str) -> JobStatusReply:
    current = CurStatus(status=JobState.RUNNING, total=1, index=0, curMsg="Running.")
    return JobStatusReply(state="PENDING", job_id=job_id, cur_status=current.to_text())


def _done(job_id: str, result: JobResult) -> JobStatusReply:
    failed = result.status != "OK"
    current = CurStatus(
        status=JobState.FAILED if failed else JobState.COMPLETE,
        total=1,
        index=1,
        curProgress=1.0,
        curMsg=result.msg or "Done.",
    )
    return JobStatusReply(
        state="DONE",
        job_id=job_id,
        cur_status=current.to_text(),
        results=[result],
        msg=result.msg if failed else None,
    )
