"""Jobs that the server does by itself: file operations, compiling, packing, publishing.

They are asked for their status like any other job. Most are done before their id is given away;
those that were asked for with ``async`` run in a thread. The last ones are remembered until the
platform ends.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from ibflow_nb.api.jobs import CurStatus, JobResult, JobState, JobStatusReply
from ibflow_nb.local.server.refusals import sentence_of

_REMEMBERED = 10_000
_THREADS = 2


class BriefJobs:
    """The server's own jobs, by id."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, Future[JobResult]] = OrderedDict()
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="ibflow-brief")

    def add(self, result: JobResult | None = None) -> str:
        """Give the id of something that was just done."""
        done: Future[JobResult] = Future()
        done.set_result(result or JobResult())
        return self._keep(done)

    def start(self, work: Callable[[], JobResult]) -> str:
        """Do something in a thread; give its id at once."""
        return self._keep(self._threads.submit(work))

    @property
    def busy(self) -> bool:
        """Whether something is still being done."""
        with self._lock:
            return any(not future.done() for future in self._jobs.values())

    def status(self, job_id: str) -> JobStatusReply | None:
        """Tell how a job stands; None when it is none of these."""
        future = self._jobs.get(job_id)
        if future is None:
            return None
        if not future.done():
            current = CurStatus(status=JobState.RUNNING, total=1, index=0, curMsg="Running.")
            return JobStatusReply(state="PENDING", job_id=job_id, cur_status=current.to_text())
        error = future.exception()
        result = JobResult(status="ERROR", msg=sentence_of(error)) if error else future.result()
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

    def _keep(self, future: Future[JobResult]) -> str:
        job_id = f"brief-{secrets.token_hex(12)}"
        with self._lock:
            self._jobs[job_id] = future
            if len(self._jobs) > _REMEMBERED:
                self._jobs.popitem(last=False)
        return job_id
