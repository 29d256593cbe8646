"""The ends of jobs: their last units are stopped, their results written, their end announced."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import msgspec

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.api.flow import RunOptions
from ibflow_nb.api.jobs import JobState
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.engine.batch import write_batch_results
from ibflow_nb.local.engine.deliveries import Deliveries
from ibflow_nb.local.engine.executor import Executor
from ibflow_nb.local.engine.folders import sweep
from ibflow_nb.local.engine.joblog import JobLog
from ibflow_nb.local.engine.ledger import Ledger
from ibflow_nb.local.engine.live import LiveJob, LiveJobs, Written
from ibflow_nb.local.engine.model import Job, Plan, UnitState

_WRITERS = 4
_log = logging.getLogger(__name__)


class Finisher:
    """Ends the jobs whose end was decided.

    All but the writing of results is done on the dispatcher's thread. They are written beside it:
    it need not wait for the disk, and files of several jobs are synced at the same time.
    """

    def __init__(
        self,
        ledger: Ledger,
        drive: Drive,
        executor: Executor,
        log: JobLog,
        deliveries: Deliveries,
        live: LiveJobs,
    ) -> None:
        self._ledger = ledger
        self._drive = drive
        self._executor = executor
        self._log = log
        self._deliveries = deliveries
        self._live = live
        self._closing = 0
        self._writers = _started_threads()

    @property
    def busy(self) -> bool:
        """Whether results are being written, or the end of their job is yet to be stored."""
        return self._closing > 0

    def close(self) -> None:
        """Write no more results: those that are missing are written after the next start."""
        self._writers.shutdown(cancel_futures=True)

    def end_jobs(self, tell: Callable[[Written], None]) -> None:
        """Stop what still runs of jobs whose end is decided; write results where nothing does.

        Args:
            tell: called from another thread once the results of a job are written.
        """
        self._kill_dropped()
        for job_id in self._ledger.ending():
            live = self._live.get(job_id)
            if live is None or live.closing:
                continue
            for future in list(live.futures):
                live.untidy = True
                self._executor.kill(future)
            if not live.futures:
                self._writers.submit(self._write, self._ledger.job(job_id), live, tell)
                live.closing = True
                self._closing += 1

    def _kill_dropped(self) -> None:
        """Stop units that nobody needs any more: other parts of a file that failed."""
        for future, unit in self._live.parts():
            if self._ledger.unit(unit.id).state is UnitState.DROPPED:
                self._live[unit.job_id].untidy = True
                self._executor.kill(future)

    def give_up(self, job: Job, reason: str) -> None:
        """End a job whose folders cannot be used, so that nothing of it can run."""
        options = msgspec.json.decode(job.plan, type=Plan).options
        with self._ledger.transaction():
            self._store_end(job, options, JobState.FAILED, reason)
        if _is_awaited(options):
            self._deliveries.wake()

    def store_end(self, written: Written) -> None:
        """Store the end of a job whose results are written; in the caller's transaction.

        From then on it is none of the live ones, so that it can be taken up again.
        """
        job, problem = written.job, written.problem
        state = JobState(job.ending)
        if problem and state is JobState.COMPLETE:
            state = JobState.FAILED
        self._store_end(job, written.live.plan.options, state, job.msg or problem)
        self._live.remove(job.id)

    def announce(self, written: Written) -> None:
        """Have the end of a job told to those who wait for it, now that it is stored."""
        self._closing -= 1
        if _is_awaited(written.live.plan.options):
            self._deliveries.wake()

    def take_back(self, written: Written) -> None:
        """Have a job ended once more: its end could not be stored."""
        self._closing -= 1
        written.live.closing = False
        self._live.add(written.job.id, written.live)

    def _store_end(self, job: Job, options: RunOptions, state: JobState, msg: str) -> None:
        self._ledger.update_job(job.id, state=state, ending="", msg=msg, finished=time.time())
        self._log.add(job.id, [f"The job ended as {state.value}. {msg}".strip()])
        try:
            with self._ledger.undone_on_error():
                self._deliveries.announce(job, options, state, msg)
        except sqlite3.OperationalError:
            raise
        except Exception as error:  # noqa: BLE001 - the job has ended, whoever can be told
            _log.exception("The end of job %s cannot be announced.", job.id)
            self._log.add(job.id, [f"Its end cannot be announced ({type(error).__name__})."])

    def _write(self, job: Job, live: LiveJob, tell: Callable[[Written], None]) -> None:
        tell(Written(job, live, self._write_results(job, live)))

    def _write_results(self, job: Job, live: LiveJob) -> str:
        """Write the results of a job that ends; give why they cannot be written, else nothing."""
        try:
            if live.untidy:
                sweep(live.places.output / step.folder for step in live.plan.steps)
            write_batch_results(self._ledger, self._drive, job, live)
        except OSError as error:
            return f"The results cannot be written: {error.strerror}."
        except InvalidRequest as error:
            return f"The results cannot be written: {error}"
        except Exception as error:  # noqa: BLE001 - the job ends with this reason
            _log.exception("The results of job %s cannot be written.", job.id)
            return f"The results cannot be written ({type(error).__name__}: {error})."
        return ""


def _started_threads() -> ThreadPoolExecutor:
    """Give threads that are there from the start: later there might be no more to be had."""
    threads = ThreadPoolExecutor(_WRITERS, thread_name_prefix="ibflow-results")
    together = threading.Barrier(_WRITERS)
    for started in [threads.submit(together.wait) for _ in range(_WRITERS)]:
        started.result()
    return threads


def _is_awaited(options: RunOptions) -> bool:
    """Tell whether somebody is to be told of the end."""
    return options.webhook_config is not None or bool(options.notification_emails)
