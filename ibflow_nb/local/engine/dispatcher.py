"""The dispatcher: one thread that hands units to the executor and stores how they end.

Everything that happens (a unit ended, a job was submitted, somebody wants to cancel) reaches the
thread through one queue. It takes what is there, stores it in one transaction together with
the units that it starts next, and only then acts on it.
"""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import msgspec

from ibflow_nb.api.errors import ConfigError, InvalidRequest
from ibflow_nb.api.jobs import JobState
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.engine.batch import write_batch_results
from ibflow_nb.local.engine.deliveries import Deliveries
from ibflow_nb.local.engine.ends import JobEnds
from ibflow_nb.local.engine.executor import Executor
from ibflow_nb.local.engine.folders import sweep
from ibflow_nb.local.engine.joblog import JobLog
from ibflow_nb.local.engine.ledger import Ledger
from ibflow_nb.local.engine.model import Job, Plan, Unit, UnitState
from ibflow_nb.local.engine.routing import Router
from ibflow_nb.local.engine.store import StoreUnavailable
from ibflow_nb.local.engine.tasks import Places, build_task, time_limit
from ibflow_nb.local.limits import Limits
from ibflow_nb.local.steps.base import Outcome, Task

T = TypeVar("T")
_STORE_RETRY = 0.5
_log = logging.getLogger(__name__)


@dataclass
class _Live:
    """A job that has not ended: its plan, its running units, and when it last had a turn."""

    plan: Plan
    places: Places
    futures: dict[Future[Outcome], Unit] = field(default_factory=dict)
    turn: int = 0


@dataclass
class _Start:
    """A unit that is about to be handed to the executor."""

    unit: Unit
    task: Task
    timeout: float | None


@dataclass
class _Command:
    """Something that another thread wants done here, and where its answer goes."""

    action: Callable[[], Any]
    answer: Future[Any]


_Event = Future[Outcome] | _Command | None


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
        self._log = log
        self._deliveries = deliveries
        self._limits = limits
        self.router = Router(ledger, log)
        self.ends = JobEnds(ledger)
        self._events: queue.SimpleQueue[_Event] = queue.SimpleQueue()
        self._live: dict[str, _Live] = {}
        self._turns = 0
        self._stopping = False
        self._closed = False
        self._door = threading.Lock()
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
            with self._door:
                self._closed = True
                self._events.put(None)
            self._thread.join()

    def call(self, action: Callable[[], T]) -> T:
        """Do something on the dispatcher's thread, in a transaction; give what it returns.

        Raises:
            ConfigError: the platform is being stopped.
        """
        answer: Future[T] = Future()
        with self._door:
            if self._closed:
                raise ConfigError("The platform is being stopped.")
            self._events.put(_Command(action, answer))
        return answer.result()

    def add(self, job_id: str) -> None:
        """Begin with a job that was stored and prepared."""
        self.call(lambda: self._take_up(self._ledger.job(job_id)))

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
        return sum(len(live.futures) for live in list(self._live.values()))

    def _is_idle(self) -> bool:
        return self.running == 0

    def _take_up(self, job: Job) -> None:
        if job.id not in self._live:
            plan = msgspec.json.decode(job.plan, type=Plan)
            try:
                places = Places.of(self._drive, job)
            except InvalidRequest as error:
                self._ledger.update_job(job.id, state=JobState.FAILED, msg=str(error))
                return
            self._live[job.id] = _Live(plan, places)
        if not job.ending:
            self.router.settle(self._live[job.id].plan, job.id)

    # --- the loop

    def _run(self) -> None:
        events: list[_Event] = []
        while None not in events:
            events = [self._events.get()]
            while not self._events.empty():
                events.append(self._events.get())
            try:
                self._round(events)
            except StoreUnavailable as error:
                # Told to stop: what was not stored is done again after the next start.
                _refuse(events, error)
                return
            except Exception as error:  # noqa: BLE001 - the jobs concerned fail, the others go on
                _log.exception("A round of the dispatcher failed.")
                _refuse(events, error)
                self._patiently(partial(self._drop, events, error))
                self._events.put(_Command(lambda: None, Future()))  # a round that ends the jobs

    def _round(self, events: list[_Event]) -> None:
        """Store a round of events, start what can start, end what has ended."""
        answers, starts = self._patiently(lambda: self._stored(events))
        for event in events:
            if isinstance(event, Future):
                self._forget(event)
        for start in starts:
            self._submit(start)
        for answer, value, error in answers:
            answer.set_exception(error) if error else answer.set_result(value)
        self._patiently(self._end_jobs)
        with self._ended:
            self._ended.notify_all()
        self.ends.look()

    def _drop(self, events: list[_Event], error: Exception) -> None:
        """End the jobs whose units ended in a round that failed: how is not known any more."""
        lost = [
            (live, future)
            for live in self._live.values()
            for future in live.futures
            if future in events
        ]
        with self._ledger.transaction():
            for live, future in lost:
                unit = live.futures[future]
                self._ledger.update_unit(unit.id, state=UnitState.READY)
                self._blame(unit.job_id, error)
        for live, future in lost:
            del live.futures[future]

    def _blame(self, job_id: str, error: Exception) -> None:
        """Let a job fail by a fault of the platform, so that the others go on."""
        reason = (
            f"The platform failed at this job ({type(error).__name__}: {error}); retry runs what"
            " is left."
        )
        self.router.end_job(job_id, JobState.FAILED, reason)

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
        self, events: list[_Event]
    ) -> tuple[list[tuple[Future[Any], Any, BaseException | None]], list[_Start]]:
        answers: list[tuple[Future[Any], Any, BaseException | None]] = []
        with self._ledger.transaction():
            for event in events:
                if isinstance(event, Future):
                    self._store_end(event)
                elif event is not None:
                    answers.append(self._obey(event))
            busy = sum(isinstance(event, Future) for event in events)
            return answers, self._next_units(self._executor.slots - self.running + busy)

    def _obey(self, command: _Command) -> tuple[Future[Any], Any, BaseException | None]:
        try:
            return command.answer, command.action(), None
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - it belongs to the caller
            return command.answer, None, error

    def _store_end(self, future: Future[Outcome]) -> None:
        live, unit = self._find(future)
        unit = self._ledger.unit(unit.id)
        if unit.state is not UnitState.RUNNING:
            return
        failure = future.exception()
        try:
            if failure is None:
                self.router.succeeded(live.plan, unit, future.result())
            else:
                self.router.failed(live.plan, unit, failure)
        except sqlite3.Error:
            raise
        except Exception as error:  # noqa: BLE001 - one job's nonsense must not stop the others
            _log.exception("The end of a unit of job %s cannot be stored.", unit.job_id)
            reason = f"The answer of {live.plan.steps[unit.step].name} makes no sense: {error}."
            self.router.end_job(unit.job_id, JobState.FAILED, reason)

    def _find(self, future: Future[Outcome]) -> tuple[_Live, Unit]:
        return next(
            (live, live.futures[future]) for live in self._live.values() if future in live.futures
        )

    def _forget(self, future: Future[Outcome]) -> None:
        for live in self._live.values():
            live.futures.pop(future, None)

    # --- starting units

    def _next_units(self, free: int) -> list[_Start]:
        """Choose units for the free slots: the job with the fewest running ones comes first."""
        starts: list[_Start] = []
        if self._stopping:
            return starts
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
                self._blame(job_id, error)
                del load[job_id]
        return starts

    def _started(self, live: _Live, unit: Unit) -> _Start:
        self._ledger.start_unit(unit.id)
        if live.turn == 0:
            self._ledger.mark_started(unit.job_id)
        self._turns += 1
        live.turn = self._turns
        task = build_task(self._ledger, live.places, live.plan, unit, self._limits)
        return _Start(unit, task, time_limit(self._ledger, live.plan, unit, self._limits))

    def _submit(self, start: _Start) -> None:
        future = self._executor.submit(start.task, start.timeout)
        self._live[start.unit.job_id].futures[future] = start.unit
        future.add_done_callback(self._events.put)

    # --- ending jobs

    def _end_jobs(self) -> None:
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

    def _kill_dropped(self, live: _Live) -> None:
        """Stop units that nobody needs any more: other parts of a file that failed."""
        for future, unit in list(live.futures.items()):
            if unit.part and self._ledger.unit(unit.id).state is UnitState.DROPPED:
                self._executor.kill(future)

    def _end(self, job: Job, live: _Live) -> None:
        state, msg = JobState(job.ending), job.msg
        if problem := self._write_results(job, live):
            msg = msg or problem
            state = JobState.FAILED if state is JobState.COMPLETE else state
        with self._ledger.transaction():
            self._ledger.update_job(job.id, state=state, ending="", msg=msg, finished=time.time())
            self._log.add(job.id, [f"The job ended as {state.value}. {msg}".strip()])
            self._deliveries.announce(job, live.plan.options, state, msg)
        del self._live[job.id]
        self._deliveries.wake()

    def _write_results(self, job: Job, live: _Live) -> str:
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


def _refuse(events: list[_Event], error: Exception) -> None:
    """Answer the callers of a round that failed."""
    for event in events:
        if isinstance(event, _Command) and not event.answer.done():
            event.answer.set_exception(error)
