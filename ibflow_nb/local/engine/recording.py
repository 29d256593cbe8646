"""What has happened in a round of the dispatcher is stored, together with what starts next."""

from __future__ import annotations

import logging
import sqlite3
from concurrent.futures import Future
from typing import Any

from ibflow_nb.api.jobs import JobState
from ibflow_nb.local.engine.executor import FileFailed
from ibflow_nb.local.engine.finishing import Finisher
from ibflow_nb.local.engine.inbox import Command, Round
from ibflow_nb.local.engine.ledger import Ledger
from ibflow_nb.local.engine.live import LiveJobs
from ibflow_nb.local.engine.model import UnitState
from ibflow_nb.local.engine.routing import Router
from ibflow_nb.local.engine.scheduling import Scheduler, Start
from ibflow_nb.local.engine.store import StoreUnavailable
from ibflow_nb.local.steps.base import Outcome

Answer = tuple[Future[Any], Any, BaseException | None]
"""Who asked for something, what came of it, and why it was not done."""
_log = logging.getLogger(__name__)


class Recorder:
    """Stores rounds, each of them in one transaction; on the dispatcher's thread."""

    def __init__(
        self,
        ledger: Ledger,
        live: LiveJobs,
        router: Router,
        scheduler: Scheduler,
        finisher: Finisher,
    ) -> None:
        self._ledger = ledger
        self._live = live
        self._router = router
        self._scheduler = scheduler
        self._finisher = finisher

    def store(self, now: Round, slots: float) -> tuple[list[Answer], list[Start]]:
        """Store what has happened, and as started what so many slots of the executor can take.

        Raises:
            StoreUnavailable: nothing was stored, and what does not wait for that was refused.
        """
        try:
            with self._ledger.transaction():
                for future in now.ended:
                    self._store_end(future)
                for written in now.written:
                    self._finisher.store_end(written)
                answers = [self._obey(command) for command in now.commands]
                self._router.settle_moved()
                return answers, self._scheduler.choose(slots - self._taken(now))
        except StoreUnavailable as error:
            now.turn_away(error)
            raise

    def drop(self, now: Round, error: Exception) -> None:
        """End the jobs whose units ended in a round that failed: how is not known any more."""
        with self._ledger.transaction():
            for unit in filter(None, map(self._live.unit, now.ended)):
                self._ledger.update_unit(unit.id, state=UnitState.READY)
                self._router.blame(unit.job_id, error)
        for future in now.ended:
            self._live.forget(future)
        for written in now.written:
            self._finisher.take_back(written)

    def _taken(self, now: Round) -> float:
        """Give the slots that are taken once the units that have ended are forgotten."""
        return self._live.load - sum(map(self._live.taken, now.ended))

    def _obey(self, command: Command) -> Answer:
        try:
            with self._ledger.undone_on_error():
                return command.answer, command.action(), None
        except (StoreUnavailable, sqlite3.OperationalError):
            raise
        except Exception as error:  # noqa: BLE001 - it belongs to the caller
            command.undo()
            return command.answer, None, error

    def _store_end(self, future: Future[Outcome]) -> None:
        started = self._live.unit(future)
        if started is None:
            return
        live, failure = self._live[started.job_id], future.exception()
        live.untidy |= failure is not None and not isinstance(failure, FileFailed)
        unit = self._ledger.unit(started.id)
        if unit.state is not UnitState.RUNNING:
            return
        plan = live.plan
        try:
            with self._ledger.undone_on_error():
                if failure is None:
                    outcome = future.result()
                    self._live.note(unit, outcome.seconds)
                    self._router.succeeded(plan, unit, outcome)
                else:
                    self._router.failed(plan, unit, failure)
        except sqlite3.OperationalError:
            raise
        except Exception as error:  # noqa: BLE001 - one job's nonsense must not stop the others
            _log.exception("The end of a unit of job %s cannot be stored.", unit.job_id)
            reason = f"The answer of {plan.steps[unit.step].name} makes no sense: {error}."
            self._ledger.update_unit(unit.id, state=UnitState.READY)
            self._router.end_job(unit.job_id, JobState.FAILED, reason)
