"""Which units run next: fair to all jobs, and files that are nearly done come first."""

from __future__ import annotations

import logging
import sqlite3
from dataclasses import dataclass

from ibflow_nb.api.jobs import JobState
from ibflow_nb.local.engine.ledger import Ledger
from ibflow_nb.local.engine.live import LiveJob, LiveJobs
from ibflow_nb.local.engine.model import Unit
from ibflow_nb.local.engine.routing import Router
from ibflow_nb.local.engine.tasks import build_task, time_limit
from ibflow_nb.local.limits import Limits
from ibflow_nb.local.steps.base import Task

_log = logging.getLogger(__name__)


@dataclass
class Start:
    """A unit that is about to be handed to the executor."""

    unit: Unit
    task: Task
    timeout: float | None


class Scheduler:
    """Chooses units for free slots; runs on the dispatcher's thread, inside a transaction."""

    def __init__(self, ledger: Ledger, router: Router, live: LiveJobs, limits: Limits) -> None:
        self._ledger = ledger
        self._router = router
        self._live = live
        self._limits = limits
        self._turns = 0

    def choose(self, free: int) -> list[Start]:
        """Mark units for the free slots as running: of the job with the fewest of them first."""
        starts: list[Start] = []
        load = {
            job_id: len(self._live[job_id].futures)
            for job_id, (state, ending) in self._ledger.live().items()
            if job_id in self._live and state is JobState.RUNNING and not ending
        }
        while len(starts) < free and load:
            job_id = min(load, key=lambda other: (load[other], self._live[other].turn))
            unit = self._ledger.next_unit(job_id)
            if unit is None:
                del load[job_id]
                continue
            load[job_id] += 1
            try:
                starts.append(self._started(self._live[job_id], unit))
            except sqlite3.Error:
                raise
            except Exception as error:  # noqa: BLE001 - this job fails, the others go on
                _log.exception("A unit of job %s cannot be started.", job_id)
                self._router.blame(job_id, error)
                del load[job_id]
        return starts

    def _started(self, live: LiveJob, unit: Unit) -> Start:
        self._ledger.start_unit(unit.id)
        if live.turn == 0:
            self._ledger.mark_started(unit.job_id)
        self._turns += 1
        live.turn = self._turns
        task = build_task(self._ledger, live.places, live.plan, unit, self._limits)
        return Start(unit, task, time_limit(self._ledger, live.plan, unit, self._limits))
