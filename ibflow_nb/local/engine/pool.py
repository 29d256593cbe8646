"""A pool of worker processes that can be killed one by one.

Each worker has a thread here that starts it, hands it one task at a time over a pipe and
waits for the answer. SIGKILL stops a worker wherever it is (also in native code), and only its
own task is lost. Workers start when there is work, the one that was used last is used first, and
each is replaced after some number of tasks.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import IO, BinaryIO, cast

from ibflow_nb.local.engine.channel import Reply, outcome_of, receive, send
from ibflow_nb.local.engine.executor import Killed, TimedOut, UnitFailure, WorkerDied
from ibflow_nb.local.engine.watchdog import Watchdog
from ibflow_nb.local.settings import Settings
from ibflow_nb.local.steps.base import Outcome, Task

_log = logging.getLogger(__name__)

_STDERR_KEPT = 2_000
_STDERR_MOST = 1024**2
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS"), "1")


@dataclass
class _Assignment:
    task: Task
    timeout: float | None
    future: Future[Outcome]


class _Worker:
    """One worker process and the thread that talks to it."""

    def __init__(self, pool: LocalPool) -> None:
        self._pool = pool
        self._inbox: queue.SimpleQueue[_Assignment | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stderr: IO[bytes] | None = None
        self._served = 0
        self._stopped_by: UnitFailure | None = None
        self.future: Future[Outcome] | None = None
        self.thread = threading.Thread(target=self._work, name="ibflow-worker", daemon=True)
        self.thread.start()

    def assign(self, assignment: _Assignment) -> None:
        self.future = assignment.future
        self._inbox.put(assignment)

    def retire(self) -> None:
        self._inbox.put(None)

    def stop(self, future: Future[Outcome], reason: UnitFailure) -> None:
        """Kill the process if it still works on ``future``, which then fails with ``reason``."""
        with self._lock:
            if self.future is not future or future.done() or self._stopped_by is not None:
                return
            self._stopped_by = reason
            if self._process is not None:
                self._process.kill()

    def _work(self) -> None:
        while (assignment := self._next()) is not None:
            outcome: Outcome | None = None
            failure: BaseException | None = None
            try:
                outcome = self._serve(assignment)
            except UnitFailure as error:
                failure = error
            except Exception as error:  # noqa: BLE001 - the unit must end, whatever went wrong
                self._end()
                failure = WorkerDied(f"its worker could not be used ({error})")
            if self._served >= self._pool.recycle_after:
                self._end()
            with self._lock:
                self.future = None
                self._stopped_by = None
            self._pool.release(self)
            if outcome is not None:
                assignment.future.set_result(outcome)
            else:
                assignment.future.set_exception(failure)
        self._end()

    def _next(self) -> _Assignment | None:
        """Wait for work; a process that has none for some time is ended."""
        if self._process is None:
            return self._inbox.get()
        try:
            return self._inbox.get(timeout=self._pool.worker_idle)
        except queue.Empty:
            self._end()
            return self._inbox.get()

    def _serve(self, assignment: _Assignment) -> Outcome:
        process = self._started()
        if self._stopped_by is not None:
            self._end()
            raise self._stopped_by
        reason = TimedOut(assignment.timeout or 0)
        stop = partial(self.stop, assignment.future, reason)
        with self._pool.watchdog.limit(assignment.timeout, stop):
            with contextlib.suppress(OSError):
                send(cast("BinaryIO", process.stdin), assignment.task)
            reply = receive(cast("BinaryIO", process.stdout), Reply)
        with self._lock:
            self.future = None
            stopped = self._stopped_by is not None
        if reply is None:
            raise self._death(process)
        self._served += 1
        if stopped:
            self._end()
        self._trim_stderr()
        return outcome_of(reply)

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None:
            return self._process
        self._stderr = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed in _end
        process = self._pool.spawn(self._stderr)
        self._served = 0
        with self._lock:
            self._process = process
        return process

    def _death(self, process: subprocess.Popen[bytes]) -> UnitFailure:
        code = process.wait()
        tail = self._stderr_tail()
        self._end()
        if self._stopped_by is not None:
            return self._stopped_by
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        _log.warning("A worker process died (%s). %s", how, tail.rpartition("\n")[2])
        return WorkerDied(f"its worker process died ({how})", tail)

    def _stderr_tail(self) -> str:
        if self._stderr is None:
            return ""
        size = self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(0, size - _STDERR_KEPT))
        return self._stderr.read().decode(errors="replace").strip()

    def _trim_stderr(self) -> None:
        if self._stderr is not None and os.fstat(self._stderr.fileno()).st_size > _STDERR_MOST:
            self._stderr.truncate(0)

    def _end(self) -> None:
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.kill()
            for stream in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    cast("BinaryIO", stream).close()
            process.wait()
        if self._stderr is not None:
            self._stderr.close()
            self._stderr = None


class LocalPool:
    """The default executor: worker processes on this machine.

    Attributes:
        slots: worker processes at most.
        recycle_after: tasks after which a worker is replaced.
        worker_idle: seconds without work after which a worker is ended.
        watchdog: keeps the time limits of units.
    """

    def __init__(self, settings: Settings) -> None:
        self.slots = settings.workers or default_workers(settings.limits.worker_bytes)
        self.recycle_after = settings.recycle_after
        self.worker_idle = settings.worker_idle
        self.watchdog = Watchdog()
        self._command = [
            sys.executable,
            "-P",
            "-m",
            "ibflow_nb.local.engine.worker",
            settings.steps_module,
            str(os.getpid()),
            str(settings.limits.worker_bytes),
        ]
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []
        self._workers: list[_Worker] = []
        self._waiting: list[_Assignment] = []
        self._closed = False

    def submit(self, task: Task, timeout: float | None) -> Future[Outcome]:
        """Run a unit on a free worker, or as soon as one is free."""
        assignment = _Assignment(task, timeout, Future())
        with self._lock:
            if self._closed:
                assignment.future.set_exception(Killed("the platform was stopped"))
            elif self._idle:
                self._idle.pop().assign(assignment)
            elif len(self._workers) < self.slots:
                self._workers.append(_Worker(self))
                self._workers[-1].assign(assignment)
            else:
                self._waiting.append(assignment)
        return assignment.future

    def kill(self, future: Future[Outcome]) -> None:
        """Stop a unit at once."""
        with self._lock:
            waiting = [item for item in self._waiting if item.future is future]
            self._waiting = [item for item in self._waiting if item.future is not future]
            workers = list(self._workers)
        for item in waiting:
            item.future.set_exception(Killed("stopped on request"))
        for worker in workers:
            worker.stop(future, Killed("stopped on request"))

    def close(self) -> None:
        """Kill what still runs and end all processes."""
        with self._lock:
            self._closed = True
            workers, self._workers, self._idle = self._workers, [], []
            waiting, self._waiting = self._waiting, []
        for item in waiting:
            item.future.set_exception(Killed("the platform was stopped"))
        for worker in workers:
            future = worker.future
            if future is not None:
                worker.stop(future, Killed("the platform was stopped"))
            worker.retire()
        for worker in workers:
            worker.thread.join()
        self.watchdog.close()

    def release(self, worker: _Worker) -> None:
        """Take back a worker that has nothing to do; called by its thread."""
        with self._lock:
            if self._closed:
                return
            if self._waiting:
                worker.assign(self._waiting.pop(0))
            else:
                self._idle.append(worker)

    def spawn(self, stderr: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start a worker process; called by the thread that will serve it.

        The kernel ties the process to that thread, which therefore lives as long as the process.
        """
        return subprocess.Popen(  # noqa: S603 - our own command
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=_environment(),
            start_new_session=True,
        )


def _environment() -> dict[str, str]:
    """Give a worker's environment: one thread for native libraries, and no token."""
    return {key: value for key, value in os.environ.items() if key != "IBFLOW_TOKEN"} | _ONE_THREAD


def default_workers(worker_bytes: int) -> int:
    """Give one worker a core, as far as memory allows, at least one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return cores or 1
    return max(1, min(cores or 1, memory // worker_bytes))
