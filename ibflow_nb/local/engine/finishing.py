"""The ends of jobs: their last units are stopped, their results written, their end announced."""

from __future__ import annotations

import logging
import sqlite3
import time

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
from ibflow_nb.local.engine.live import LiveJob, LiveJobs
from ibflow_nb.local.engine.model import Job, Plan, UnitState

_log = logging.getLogger(__name__)


class Finisher:
    """Ends the jobs whose end was decided; runs on the dispatcher's thread."""

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

    def end_jobs(self) -> list[str]:
        """Stop what still runs of jobs whose end is decided; end those with nothing left.

        Returns:
            The ids of the jobs that have ended now.
        """
        self._kill_dropped()
        left = []
        for job_id in self._ledger.ending():
            live = self._live.get(job_id)
            if live is None:
                continue
            for future in list(live.futures):
                self._executor.kill(future)
            if not live.futures:
                left.append((self._ledger.job(job_id), live))
        if left:
            self._end([(job, live, self._write_results(job, live)) for job, live in left])
        return [job.id for job, _ in left]

    def _kill_dropped(self) -> None:
        """Stop units that nobody needs any more: other parts of a file that failed."""
        for future, unit in self._live.parts():
            if self._ledger.unit(unit.id).state is UnitState.DROPPED:
                self._executor.kill(future)

    def give_up(self, job: Job, reason: str) -> None:
        """End a job whose folders cannot be used, so that nothing of it can run."""
        options = msgspec.json.decode(job.plan, type=Plan).options
        with self._ledger.transaction():
            self._store_end(job, options, JobState.FAILED, reason)

    def _end(self, jobs: list[tuple[Job, LiveJob, str]]) -> None:
        with self._ledger.transaction():
            for job, live, problem in jobs:
                state, msg = JobState(job.ending), job.msg or problem
                if problem and state is JobState.COMPLETE:
                    state = JobState.FAILED
                self._store_end(job, live.plan.options, state, msg)
        for job, _, _ in jobs:
            self._live.remove(job.id)
        if any(_is_awaited(live.plan.options) for _, live, _ in jobs):
            self._deliveries.wake()

    def _store_end(self, job: Job, options: RunOptions, state: JobState, msg: str) -> None:
        self._ledger.update_job(job.id, state=state, ending="", msg=msg, finished=time.time())
        self._log.add(job.id, [f"The job ended as {state.value}. {msg}".strip()])
        try:
            with self._ledger.undone_on_error():
                self._deliveries.announce(job, options, state, msg)
        except sqlite3.Error:
            raise
        except Exception as error:  # noqa: BLE001 - the job has ended, whoever can be told
            _log.exception("The end of job %s cannot be announced.", job.id)
            self._log.add(job.id, [f"Its end cannot be announced ({type(error).__name__})."])

    def _write_results(self, job: Job, live: LiveJob) -> str:
        """Write the results of a job that ends; give why they cannot be written, else nothing."""
        try:
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


def _is_awaited(options: RunOptions) -> bool:
    """Tell whether somebody is to be told of the end."""
    return options.webhook_config is not None or bool(options.notification_emails)
