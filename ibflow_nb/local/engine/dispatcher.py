"""The dispatcher: one thread that hands units to the executor and stores how they end.

Everything that happens (a unit ended, a job was submitted, somebody wants to cancel) reaches the
thread through one queue. It takes what is there, stores it in one transaction together with
the units that it starts next, and only then acts on it.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

import msgspec

from ibflow_nb.api.errors import ConfigError, InvalidRequest
from ibflow_nb.api.jobs import JobState
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.engine.deliveries import Deliveries
from ibflow_nb.local.engine.ends import JobEnds
from ibflow_nb.local.engine.executor import Executor, WorkerDied
from ibflow_nb.local.engine.finishing import Finisher
from ibflow_nb.local.engine.inbox import Command, Event, Inbox, refuse
from ibflow_nb.local.engine.joblog import JobLog
from ibflow_nb.local.engine.ledger import Ledger
from ibflow_nb.local.engine.live import LiveJob, LiveJobs
from ibflow_nb.local.engine.model import Job, Plan, UnitState
from ibflow_nb.local.engine.routing import Router
from ibflow_nb.local.engine.scheduling import Scheduler, Start
from ibflow_nb.local.engine.store import StoreUnavailable
from ibflow_nb.local.engine.tasks import Places
from ibflow_nb.local.limits import Limits
from ibflow_nb.local.steps.base import Outcome

T = TypeVar("T")
_STORE_RETRY = 0.5
_log = logging.getLogger(__name__)


class Dispatcher:
    """Runs the jobs of one ledger on one executor."""

    def __init__(
        self,
        ledger: Ledger,
        drive: Drive,
        executor: Executor,
        log: JobLog,
        deliveries: Deliveries,
        limits: Limits,
    ) -> None:
        self._ledger = ledger
        self._drive = drive
        self._executor = executor
        self._live = LiveJobs()
        self.router = Router(ledger, log, limits.attempts)
        self._scheduler = Scheduler(ledger, self.router, self._live, limits)
        self._finisher = Finisher(ledger, drive, executor, log, deliveries, self._live)
        self.ends = JobEnds(ledger)
        self._inbox = Inbox()
        self._stopping = False
        self._ended = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="ibflow-dispatcher", daemon=True)

    def start(self) -> None:
        """Take up the jobs of the ledger that have not ended."""
        for job_id in self._ledger.live():
            job = self._ledger.job(job_id)
            if job.prepared:
                self._take_up(job)
        self._thread.start()
        self.call(lambda: None)

    def stop(self, grace: float) -> None:
        """Start nothing more, give running units ``grace`` seconds, then kill them."""
        self._stopping = True
        with self._ended:
            self._ended.wait_for(self._is_idle, timeout=grace)
        self._executor.close()
        if self._thread.is_alive():
            self._inbox.close()
            self._thread.join()

    def call(self, action: Callable[[], T]) -> T:
        """Do something on the dispatcher's thread, in a transaction; give what it returns.

        Raises:
            ConfigError: the platform is being stopped.
        """
        return self._inbox.send(action).result()

    def add(self, job_id: str, live: LiveJob, problem: str = "") -> None:
        """Begin soon with a stored job whose output folder is ready, or end it for a problem.

        A platform that is being stopped does so after its next start.
        """
        with contextlib.suppress(ConfigError):
            self._inbox.send(lambda: self._begin(job_id, live, problem))

    def give_up(self, job: Job, reason: str) -> None:
        """End a stored job whose folders cannot be used."""
        self.call(lambda: self._finisher.give_up(job, reason))

    def resume(self, job_id: str) -> None:
        """Take a job up again that had ended; on the dispatcher's thread."""
        self._take_up(self._ledger.job(job_id))

    def wait(self, job_id: str, timeout: float | None) -> bool:
        """Wait for a job's end; False when it has not ended after ``timeout`` seconds."""
        with self._ended:
            return self._ended.wait_for(lambda: self._ledger.has_ended(job_id), timeout)

    @property
    def running(self) -> int:
        """Units that are being worked on."""
        return self._live.running

    def _is_idle(self) -> bool:
        return self.running == 0

    def _begin(self, job_id: str, live: LiveJob, problem: str) -> None:
        self._ledger.update_job(job_id, prepared=True, binary=b"")
        self._live.add(job_id, live)
        if problem:
            self.router.end_job(job_id, JobState.FAILED, problem)
        else:
            self.router.settle_soon(live.plan, job_id)

    def _take_up(self, job: Job) -> None:
        if job.id not in self._live:
            plan = msgspec.json.decode(job.plan, type=Plan)
            try:
                places = Places.of(self._drive, job)
            except InvalidRequest as error:
                self._finisher.give_up(job, str(error))
                return
            self._live.add(job.id, LiveJob(plan, places))
        if not job.ending:
            self.router.settle(self._live[job.id].plan, job.id)

    # --- the loop

    def _run(self) -> None:
        events: list[Event] = []
        while None not in events:
            events = self._inbox.gathered(self._executor_is_busy)
            try:
                self._round(events)
            except StoreUnavailable as error:
                # Told to stop: what was not stored is done again after the next start.
                self._inbox.leave(events, error)
                return
            except Exception as error:  # noqa: BLE001 - the jobs concerned fail, the others go on
                _log.exception("A round of the dispatcher failed.")
                refuse(events, error)
                self._patiently(partial(self._drop, events, error))
                self._inbox.wake()  # for a round that ends the jobs

    def _executor_is_busy(self, ended: int) -> bool:
        return self._live.running - ended >= 2 * self._executor.slots

    def _round(self, events: list[Event]) -> None:
        """Store a round of events, start what can start, end what has ended."""
        answers, starts = self._patiently(lambda: self._stored(events))
        for event in events:
            if isinstance(event, Future):
                self._live.forget(event)
        for start in starts:
            self._submit(start)
        for answer, value, error in answers:
            answer.set_exception(error) if error else answer.set_result(value)
        ended = self._patiently(self._finisher.end_jobs)
        if ended or self._stopping:
            with self._ended:
                self._ended.notify_all()
        self.ends.tell(ended)

    def _drop(self, events: list[Event], error: Exception) -> None:
        """End the jobs whose units ended in a round that failed: how is not known any more."""
        ended = [event for event in events if isinstance(event, Future)]
        with self._ledger.transaction():
            for unit in filter(None, map(self._live.unit, ended)):
                self._ledger.update_unit(unit.id, state=UnitState.READY)
                self.router.blame(unit.job_id, error)
        for future in ended:
            self._live.forget(future)

    def _patiently(self, action: Callable[[], T]) -> T:
        """Repeat an action until the store takes it; a full disk is waited out."""
        while True:
            try:
                return action()
            except StoreUnavailable as error:
                if self._stopping:
                    raise
                _log.warning("%s", error)
                time.sleep(_STORE_RETRY)

    def _stored(
        self, events: list[Event]
    ) -> tuple[list[tuple[Future[Any], Any, BaseException | None]], list[Start]]:
        answers: list[tuple[Future[Any], Any, BaseException | None]] = []
        with self._ledger.transaction():
            for event in events:
                if isinstance(event, Future):
                    self._store_end(event)
                elif event is not None:
                    answers.append(self._obey(event))
            self.router.settle_moved()
            return answers, [] if self._stopping else self._scheduler.choose(self._free(events))

    def _free(self, events: list[Event]) -> float:
        """Give the slots that are free once the units that have ended are forgotten."""
        ended = [event for event in events if isinstance(event, Future)]
        return self._executor.slots - self._live.load + sum(map(self._live.taken, ended))

    def _obey(self, command: Command) -> tuple[Future[Any], Any, BaseException | None]:
        try:
            with self._ledger.undone_on_error():
                return command.answer, command.action(), None
        except (StoreUnavailable, sqlite3.Error):
            raise
        except Exception as error:  # noqa: BLE001 - it belongs to the caller
            return command.answer, None, error

    def _store_end(self, future: Future[Outcome]) -> None:
        started = self._live.unit(future)
        unit = self._ledger.unit(started.id) if started else None
        if unit is None or unit.state is not UnitState.RUNNING:
            return
        live = self._live[unit.job_id]
        plan = live.plan
        failure = future.exception()
        try:
            with self._ledger.undone_on_error():
                if failure is None:
                    outcome = future.result()
                    self._live.note(unit, outcome.seconds)
                    self.router.succeeded(plan, unit, outcome)
                else:
                    self.router.failed(plan, unit, failure)
        except sqlite3.Error:
            raise
        except Exception as error:  # noqa: BLE001 - one job's nonsense must not stop the others
            _log.exception("The end of a unit of job %s cannot be stored.", unit.job_id)
            reason = f"The answer of {plan.steps[unit.step].name} makes no sense: {error}."
            self._ledger.update_unit(unit.id, state=UnitState.READY)
            self.router.end_job(unit.job_id, JobState.FAILED, reason)

    def _submit(self, start: Start) -> None:
        """Hand a unit to the executor; one that is not taken ends as if its worker had died."""
        try:
            future = self._executor.submit(start.task, start.timeout)
        except Exception as error:  # noqa: BLE001 - the unit must end, whatever went wrong
            _log.exception("A unit of job %s cannot be handed to a worker.", start.unit.job_id)
            future = Future()
            future.set_exception(WorkerDied(f"it cannot be handed to a worker ({error})"))
        self._live.begin(future, start.unit, start.share)
        future.add_done_callback(self._inbox.put)
