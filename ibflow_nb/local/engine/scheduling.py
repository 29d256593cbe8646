"""Which units run next: fair to all jobs, and files that are nearly done come first."""

from __future__ import annotations

import heapq
import logging
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from ibflow_nb.local.engine.ledger import Ledger
from ibflow_nb.local.engine.live import LiveJob, LiveJobs
from ibflow_nb.local.engine.model import BATCH, Unit
from ibflow_nb.local.engine.routing import Router
from ibflow_nb.local.engine.tasks import build_task, time_limit
from ibflow_nb.local.limits import Limits
from ibflow_nb.local.steps.base import Task

_log = logging.getLogger(__name__)


@dataclass
class Start:
    """A unit that is about to be handed to the executor, and the part of a slot it takes."""

    unit: Unit
    share: float
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

    def choose(self, free: float) -> list[Start]:
        """Mark units for the free slots as running: of the job with the fewest of them first."""
        starts: list[Start] = []
        if free <= 0:
            return starts
        queue = [
            (live.load, live.turn, job_id)
            for job_id in self._ledger.runnable()
            if (live := self._live.get(job_id)) is not None
        ]
        heapq.heapify(queue)
        ready: dict[str, Iterator[Unit]] = {}
        while free > 0 and queue:
            load, _, job_id = heapq.heappop(queue)
            units = ready.setdefault(job_id, self._ledger.ready_units(job_id))
            unit = next(units, None)
            if unit is None:
                continue
            live = self._live[job_id]
            share = self._live.share(unit)
            try:
                with self._ledger.undone_on_error():
                    starts.append(self._started(live, unit, share))
            except sqlite3.OperationalError:
                raise
            except Exception as error:  # noqa: BLE001 - this job fails, the others go on
                _log.exception("A unit of job %s cannot be started.", job_id)
                self._router.blame(job_id, error)
                continue
            free -= share
            heapq.heappush(queue, (load + share, live.turn, job_id))
        return starts

    def _started(self, live: LiveJob, unit: Unit, share: float) -> Start:
        self._ledger.start_unit(unit.id)
        if not live.begun:
            self._ledger.mark_started(unit.job_id)
        self._turns += 1
        live.turn = self._turns
        file = None if unit.file == BATCH else self._ledger.file(unit.job_id, unit.file)
        task = build_task(self._ledger, live.places, live.plan, unit, file, self._limits)
        timeout = time_limit(self._ledger, live.plan, unit, file, task)
        return Start(unit, share, task, timeout)
