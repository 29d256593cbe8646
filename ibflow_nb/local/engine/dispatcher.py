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
from ibflow_nb.local.engine.executor import Executor, FileFailed, WorkerDied
from ibflow_nb.local.engine.finishing import Finisher, Written
from ibflow_nb.local.engine.inbox import Command, Event, Inbox, refuse, turn_away
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
Answer = tuple[Future[Any], Any, BaseException | None]
_STORE_RETRY = 0.5
_PAUSE = 0.2
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
        self._finisher.close()

    def call(self, action: Callable[[], T]) -> T:
        """Do something on the dispatcher's thread, in a transaction; give what it returns.

        Raises:
            ConfigError: the platform is being stopped.
        """
        return self._inbox.send(action).result()

    def accept(self, job_id: str, store: Callable[[], None]) -> None:
        """Store a new job on the dispatcher's thread, with all else that is stored in a round.

        Raises:
            StoreUnavailable: it cannot be stored now.
            ConfigError: the platform is being stopped.
        """
        self._inbox.send(store, undo=partial(self._forget, job_id)).result()

    def add(self, job_id: str, live: LiveJob, problem: str = "") -> None:
        """Begin soon with a stored job whose output folder is ready, or end it for a problem.

        A platform that is being stopped does so after its next start.
        """
        with contextlib.suppress(ConfigError):
            self._inbox.send(lambda: self.begin(job_id, live, problem))

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
        return self.running == 0 and not self._finisher.busy

    def _forget(self, job_id: str) -> None:
        self._live.remove(job_id)
        self.router.forget(job_id)

    def begin(self, job_id: str, live: LiveJob, problem: str) -> None:
        """Begin with a stored job, or end it for a problem; on the dispatcher's thread."""
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
            self._live.add(job.id, LiveJob(plan, places, untidy=True))
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
                time.sleep(_PAUSE)  # a fault that stays must not keep the thread busy
                self._inbox.wake()  # for a round that ends the jobs

    def _executor_is_busy(self, ended: int) -> bool:
        return self._live.running - ended >= 2 * self._executor.slots

    def _round(self, events: list[Event]) -> None:
        """Store a round of events, start what can start, have results written of what ends."""
        answers, starts = self._patiently(lambda: self._stored(events))
        for answer, value, error in answers:
            answer.set_exception(error) if error else answer.set_result(value)
        ended = [event for event in events if isinstance(event, Written)]
        for event in events:
            if isinstance(event, Future):
                self._live.forget(event)
        for written in ended:
            self._finisher.announce(written)
        for start in starts:
            self._submit(start)
        try:
            self._finisher.end_jobs(self._inbox.put)
        finally:
            self._tell([written.job.id for written in ended])

    def _tell(self, ended: list[str]) -> None:
        """Wake those who wait for the end of a job, or for the end of the platform."""
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
        for event in events:
            if isinstance(event, Written) and not self._ledger.has_ended(event.job.id):
                self._finisher.take_back(event)

    def _patiently(self, action: Callable[[], T]) -> T:
        """Repeat an action until the store takes it; a full disk is waited out."""
        while True:
            try:
                return action()
            except StoreUnavailable as error:
                if self._stopping:
                    raise
                _log.warning("%s", error)
                self._inbox.turn_away(error)
                time.sleep(_STORE_RETRY)

    def _stored(self, events: list[Event]) -> tuple[list[Answer], list[Start]]:
        """Store what has happened and what starts now; refuse what does not wait for the store."""
        try:
            with self._ledger.transaction():
                answers = self._followed(events)
                self.router.settle_moved()
                starts = self._scheduler.choose(self._free(events)) if not self._stopping else []
                return answers, starts
        except StoreUnavailable as error:
            turn_away(events, error)
            raise

    def _followed(self, events: list[Event]) -> list[Answer]:
        answers = []
        for event in events:
            match event:
                case Future():
                    self._store_end(event)
                case Written():
                    self._finisher.store_end(event)
                case Command():
                    answers.append(self._obey(event))
        return answers

    def _free(self, events: list[Event]) -> float:
        """Give the slots that are free once the units that have ended are forgotten."""
        ended = [event for event in events if isinstance(event, Future)]
        return self._executor.slots - self._live.load + sum(map(self._live.taken, ended))

    def _obey(self, command: Command) -> Answer:
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
                    live.untidy = live.untidy or not isinstance(failure, FileFailed)
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
