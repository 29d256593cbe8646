"""The dispatcher: one thread that hands units to the executor and stores how they end.

Everything that happens (a unit ended, a job was submitted, somebody wants to cancel) reaches the
thread through one queue. It takes what is there, stores it in one transaction together with
the units that it starts next, and only then acts on it.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import TypeVar

import msgspec

from ibflow_nb.api.errors import ConfigError, InvalidRequest
from ibflow_nb.api.jobs import JobState
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.engine.deliveries import Deliveries
from ibflow_nb.local.engine.ends import JobEnds
from ibflow_nb.local.engine.executor import Executor, WorkerDied
from ibflow_nb.local.engine.finishing import Finisher
from ibflow_nb.local.engine.inbox import STOPPING, Inbox, Round
from ibflow_nb.local.engine.joblog import JobLog
from ibflow_nb.local.engine.ledger import Ledger
from ibflow_nb.local.engine.live import LiveJob, LiveJobs
from ibflow_nb.local.engine.model import Job, Plan
from ibflow_nb.local.engine.recording import Answer, Recorder
from ibflow_nb.local.engine.routing import Router, fault_of_platform
from ibflow_nb.local.engine.scheduling import Scheduler, Start
from ibflow_nb.local.engine.store import StoreUnavailable
from ibflow_nb.local.engine.tasks import Places
from ibflow_nb.local.limits import Limits

T = TypeVar("T")
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
        scheduler = Scheduler(ledger, self.router, self._live, limits)
        self._finisher = Finisher(ledger, drive, executor, log, deliveries, self._live)
        self._recorder = Recorder(ledger, self._live, self.router, scheduler, self._finisher)
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

    def accept(self, job_id: str, store: Callable[[], None], undo: Callable[[], None]) -> None:
        """Store a new job on the dispatcher's thread, with all else that is stored in a round.

        Args:
            job_id: the job.
            store: stores it.
            undo: takes back what that has changed outside of the store, when it was not stored.

        Raises:
            StoreUnavailable: it cannot be stored now.
            ConfigError: the platform is being stopped.
        """

        def forget() -> None:
            self._live.remove(job_id)
            self.router.forget(job_id)
            undo()

        self._inbox.send_now(store, forget).result()

    def add(self, job_id: str, live: LiveJob, problem: str = "") -> None:
        """Begin soon with a stored job whose output folder is ready, or end it for a problem.

        A platform that is being stopped does so after its next start.
        """

        def look_at(answer: Future[None]) -> None:
            error = answer.exception()
            if error is not None and not isinstance(error, ConfigError):
                self.add(job_id, live, fault_of_platform(error))

        with contextlib.suppress(ConfigError):
            begun = self._inbox.send(lambda: self.begin(job_id, live, problem))
            begun.add_done_callback(look_at)

    def begin(self, job_id: str, live: LiveJob, problem: str) -> None:
        """Begin with a stored job, or end it for a problem; on the dispatcher's thread."""
        self._ledger.update_job(job_id, prepared=True, binary=b"")
        self._live.add(job_id, live)
        if problem:
            self.router.end_job(job_id, JobState.FAILED, problem)
        else:
            self.router.settle_soon(live.plan, job_id)

    def give_up(self, job: Job, reason: str) -> None:
        """End a stored job whose folders cannot be used."""
        self.call(lambda: self._finisher.give_up(job, reason))

    def resume(self, job_id: str) -> None:
        """Take a job up again that had ended; on the dispatcher's thread."""
        self._live.remove(job_id)  # as an attempt may have left it whose round was not stored
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
        reason, now = STOPPING, Round()
        try:
            while not now.last:
                now = self._inbox.gathered(self._executor_is_busy)
                self._carry_out(now)
        except StoreUnavailable:
            _log.warning("What was not stored is done again after the next start.")
        except Exception as error:  # noqa: BLE001 - who waits for an answer is told
            _log.exception("The dispatcher has ended.")
            reason = f"The platform cannot go on ({error}): see its log, and start it again."
        finally:
            now.refuse(ConfigError(reason))
            self._inbox.leave(reason)

    def _carry_out(self, now: Round) -> None:
        """Store what has happened, then act on it."""
        try:
            answers, starts = self._patiently(lambda: self._recorder.store(now, self._slots()))
        except StoreUnavailable:
            raise  # told to stop
        except Exception as error:  # noqa: BLE001 - the jobs concerned fail, the others go on
            _log.exception("A round of the dispatcher failed.")
            now.refuse(error)
            self._patiently(partial(self._recorder.drop, now, error))
            self._pause()
            return
        try:
            self._act(now, answers, starts)
        except Exception:  # noqa: BLE001 - the next round looks again at what is stored
            _log.exception("A round of the dispatcher is stored; what follows from it failed.")
            self._pause()

    def _pause(self) -> None:
        """Rest after a fault, so that one that stays does not keep the thread busy; then go on."""
        time.sleep(_PAUSE)
        self._inbox.wake()

    def _slots(self) -> int:
        return 0 if self._stopping else self._executor.slots

    def _executor_is_busy(self, ended: int) -> bool:
        return self._live.running - ended >= 2 * self._executor.slots

    def _act(self, now: Round, answers: list[Answer], starts: list[Start]) -> None:
        """Start what was stored as started, tell who waits, have results written of what ends."""
        for future in now.ended:
            self._live.forget(future)
        for written in now.written:
            self._finisher.announce(written)
        for answer, value, error in answers:
            answer.set_exception(error) if error else answer.set_result(value)
        for start in starts:
            self._submit(start)
        try:
            self._finisher.end_jobs(self._inbox.put)
        finally:
            self._tell([written.job.id for written in now.written])

    def _tell(self, ended: list[str]) -> None:
        """Wake those who wait for the end of a job, or for the end of the platform."""
        if ended or self._stopping:
            with self._ended:
                self._ended.notify_all()
        self.ends.tell(ended)

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
