"""What users do to jobs that are under way or have ended: cancel, pause, resume, retry.

Every change is made on the dispatcher's thread, inside one of its transactions.
"""

from __future__ import annotations

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.api.jobs import JobState
from ibflow_nb.local.engine.dispatcher import Dispatcher
from ibflow_nb.local.engine.ledger import Ledger
from ibflow_nb.local.engine.submission import Submitter


class Controls:
    """Changes the course of jobs."""

    def __init__(self, ledger: Ledger, dispatcher: Dispatcher, submitter: Submitter) -> None:
        self._ledger = ledger
        self._dispatcher = dispatcher
        self._submitter = submitter

    def cancel(self, job_id: str) -> None:
        """Decide that a job ends as cancelled; one that has ended stays as it is.

        Raises:
            NotFound: there is no such job.
        """
        self._ledger.job(job_id)
        self._dispatcher.call(lambda: self._cancel(job_id))

    def pause(self, job_id: str) -> None:
        """Start no more units of a job.

        Raises:
            NotFound: there is no such job.
            InvalidRequest: it has ended.
        """
        self._dispatcher.call(lambda: self._pause(job_id))

    def resume(self, job_id: str) -> None:
        """Go on with a job that is paused or stopped at a checkpoint.

        Raises:
            NotFound: there is no such job.
            InvalidRequest: it has ended otherwise.
        """
        self._dispatcher.call(lambda: self._resume(job_id))

    def retry(self, job_id: str) -> None:
        """Run the failed files of an ended job again, and those that a cancel left undone.

        Raises:
            NotFound: there is no such job.
            InvalidRequest: it has not ended, or no file of it failed.
        """
        self._dispatcher.call(lambda: self._retry(job_id))

    def _cancel(self, job_id: str) -> None:
        if not self._ledger.has_ended(job_id):
            reason = "The job was cancelled."
            self._dispatcher.router.end_job(job_id, JobState.CANCELLED, reason)

    def _pause(self, job_id: str) -> None:
        job = self._ledger.job(job_id)
        if job.state.done or job.ending:
            raise InvalidRequest(f"Job {job_id} has ended and cannot be paused.")
        self._ledger.update_job(job_id, state=JobState.PAUSED)

    def _resume(self, job_id: str) -> None:
        job = self._ledger.job(job_id)
        if job.state is JobState.PAUSED:
            self._ledger.update_job(job_id, state=JobState.RUNNING)
        elif job.state is JobState.STOPPED_AT_CHECKPOINT:
            self._reopen(job_id)
        elif job.state.done:
            raise InvalidRequest(
                f"Job {job_id} ended as {job.state.value} and cannot be resumed; retry runs its "
                "failed files again, restart all of them."
            )

    def _retry(self, job_id: str) -> None:
        job = self._ledger.job(job_id)
        if not job.state.done:
            raise InvalidRequest(f"Job {job_id} has not ended yet: retry it then.")
        self._submitter.reclaim(job)
        if not self._ledger.reopen_failed(job_id) and not self._ledger.has_active(job_id):
            raise InvalidRequest(f"Job {job_id} has no failed files to retry.")
        self._reopen(job_id)

    def _reopen(self, job_id: str) -> None:
        self._submitter.reclaim(self._ledger.job(job_id))
        self._ledger.release_held(job_id)
        self._ledger.update_job(job_id, state=JobState.RUNNING, ending="", msg="", finished=None)
        self._dispatcher.resume(job_id)
