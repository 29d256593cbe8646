"""The ends of jobs: their last units are stopped, their results written, their end announced."""

from __future__ import annotations

import logging
import time

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.api.jobs import JobState
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.engine.batch import write_batch_results
from ibflow_nb.local.engine.deliveries import Deliveries
from ibflow_nb.local.engine.executor import Executor
from ibflow_nb.local.engine.folders import sweep
from ibflow_nb.local.engine.joblog import JobLog
from ibflow_nb.local.engine.ledger import Ledger
from ibflow_nb.local.engine.live import LiveJob, LiveJobs
from ibflow_nb.local.engine.model import Job, UnitState

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

    def end_jobs(self) -> None:
        """Stop what still runs of jobs whose end is decided, and end those with nothing left."""
        for job_id, (_, ending) in self._ledger.live().items():
            live = self._live.get(job_id)
            if live is None:
                continue
            if not ending:
                self._kill_dropped(live)
                continue
            for future in list(live.futures):
                self._executor.kill(future)
            if not live.futures:
                self._end(self._ledger.job(job_id), live)

    def _kill_dropped(self, live: LiveJob) -> None:
        """Stop units that nobody needs any more: other parts of a file that failed."""
        for future, unit in list(live.futures.items()):
            if unit.part and self._ledger.unit(unit.id).state is UnitState.DROPPED:
                self._executor.kill(future)

    def _end(self, job: Job, live: LiveJob) -> None:
        state, msg = JobState(job.ending), job.msg
        if problem := self._write_results(job, live):
            msg = msg or problem
            state = JobState.FAILED if state is JobState.COMPLETE else state
        with self._ledger.transaction():
            self._ledger.update_job(job.id, state=state, ending="", msg=msg, finished=time.time())
            self._log.add(job.id, [f"The job ended as {state.value}. {msg}".strip()])
            self._deliveries.announce(job, live.plan.options, state, msg)
        self._live.remove(job.id)
        self._deliveries.wake()

    def _write_results(self, job: Job, live: LiveJob) -> str:
        """Write the results of a job that ends; give why they cannot be written, else nothing."""
        try:
            sweep(live.places.output / step.folder for step in live.plan.steps)
            write_batch_results(self._ledger, self._drive, job, live.plan, job.msg)
        except OSError as error:
            return f"The results cannot be written: {error.strerror}."
        except InvalidRequest as error:
            return f"The results cannot be written: {error}"
        except Exception as error:  # noqa: BLE001 - the job ends with this reason
            _log.exception("The results of job %s cannot be written.", job.id)
            return f"The results cannot be written ({type(error).__name__}: {error})."
        return ""
