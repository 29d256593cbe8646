"""Units on a Dask cluster: the executor for more than one machine.

Dask's scheduler shares units out to its workers and gives those of a lost worker to others; what
is promised stays with the ledger. See :mod:`ibflow_nb.local.engine.dask_units` for the other end.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import secrets
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import dask.config
import distributed
import msgspec

import ibflow_nb
from ibflow_nb.api.errors import ConfigError
from ibflow_nb.local.engine.channel import Reply, outcome_of
from ibflow_nb.local.engine.dask_units import Order, Workplace, kill_units, run_unit
from ibflow_nb.local.engine.executor import Killed, UnitFailure, WorkerDied
from ibflow_nb.local.settings import Settings
from ibflow_nb.local.steps.base import Outcome, Task

_CONNECT_SECONDS = 10.0
_LOOK_SECONDS = 2.0
_AHEAD = 2
_log = logging.getLogger(__name__)


class DaskPool:
    """Runs units on the workers of a Dask cluster.

    The folders of the drive must have the same paths on all machines, and all machines the same
    version of this package.

    Args:
        settings: of the platform.
        address: ``HOST:PORT`` of the scheduler. Where Dask's configuration requires encryption,
            the connection is TLS with the certificates that it names.

    Raises:
        ConfigError: no scheduler answers there.
    """

    def __init__(self, settings: Settings, address: str) -> None:
        secure = dask.config.get("distributed.comm.require-encryption", False)
        self._address = f"{'tls' if secure else 'tcp'}://{address}"
        self._workplace = Workplace(
            settings.steps_module,
            settings.recycle_after,
            settings.worker_idle,
            settings.limits.worker_bytes,
        )
        self._lock = threading.Lock()
        self._sent: dict[Future[Outcome], distributed.Future[Any]] = {}
        self._to_kill: queue.SimpleQueue[Future[Outcome] | None] = queue.SimpleQueue()
        self._client = self._connected()
        self._threads = 0
        self._count_threads()
        self._keeper = threading.Thread(target=self._keep, name="ibflow-dask", daemon=True)
        self._keeper.start()

    @property
    def slots(self) -> int:
        """Units to be handed over at a time: twice the cluster's threads, so that none waits."""
        return _AHEAD * max(1, self._threads)

    def submit(self, task: Task, timeout: float | None) -> Future[Outcome]:
        """Run a unit on any worker of the cluster.

        Raises:
            ConfigError: the cluster cannot be reached any more.
        """
        if self._client.status == "closed":
            self._client = self._connected()
        key = f"ibflow-{secrets.token_hex(12)}"
        order = Order(
            key=key,
            version=ibflow_nb.__version__,
            task=task,
            timeout=timeout,
            workplace=self._workplace,
        )
        future: Future[Outcome] = Future()
        sent = self._client.submit(run_unit, msgspec.msgpack.encode(order), key=key, pure=False)
        with self._lock:
            self._sent[future] = sent
        sent.add_done_callback(lambda sent: self._settle(future, sent))
        return future

    def kill(self, future: Future[Outcome]) -> None:
        """Stop a unit, wherever it runs; its future ends once all workers were told."""
        self._to_kill.put(future)

    def close(self) -> None:
        """Kill what still runs and leave the cluster, which goes on without this platform."""
        with self._lock:
            running = list(self._sent)
        for future in running:
            self.kill(future)
        self._to_kill.put(None)
        self._keeper.join()
        self._client.close()

    def _connected(self) -> distributed.Client:
        try:
            return distributed.Client(
                self._address, timeout=_CONNECT_SECONDS, set_as_default=False, name="ibflow"
            )
        except (OSError, ValueError) as error:  # the latter for an address that is none
            raise ConfigError(
                f"No Dask scheduler answers at {self._address}: start it with 'dask scheduler', or"
                " see to the address."
            ) from error

    def _settle(self, future: Future[Outcome], sent: distributed.Future[Any]) -> None:
        """End the future of a unit as its Dask task ended; called by a thread of the client."""
        try:
            self._finish(future, outcome_of(_reply(sent)))
        except UnitFailure as failure:
            self._finish(future, failure)

    def _finish(self, future: Future[Outcome], end: Outcome | UnitFailure) -> None:
        with self._lock:
            sent = self._sent.pop(future, None)
        if sent is None:
            return
        if isinstance(end, Outcome):
            future.set_result(end)
        else:
            future.set_exception(end)

    # --- the keeper's thread: it asks the cluster, so that nobody else has to wait for it

    def _keep(self) -> None:
        """Kill units as they are named, and look from time to time how large the cluster is."""
        closing = False
        while not closing:
            named: list[Future[Outcome] | None] = []
            with contextlib.suppress(queue.Empty):
                named.append(self._to_kill.get(timeout=_LOOK_SECONDS))
            while not self._to_kill.empty():
                named.append(self._to_kill.get())
            closing = None in named
            self._kill({future for future in named if future is not None})
            if not closing:
                self._count_threads()

    def _kill(self, futures: set[Future[Outcome]]) -> None:
        with self._lock:
            sent = {future: self._sent[future] for future in futures if future in self._sent}
        if not sent:
            return
        keys = [task.key for task in sent.values()]
        with _kept_alive():
            self._client.run(kill_units, keys, on_error="ignore")
        for future in sent:
            self._finish(future, Killed("stopped on request"))
        with _kept_alive():
            self._client.cancel(list(sent.values()), force=True)

    def _count_threads(self) -> None:
        with contextlib.suppress(OSError, RuntimeError):  # as long as the scheduler is away
            threads = sum(self._client.nthreads().values())
            if not threads and self._sent:
                _log.warning("The Dask cluster has no workers: %d units wait.", len(self._sent))
            self._threads = threads


@contextlib.contextmanager
def _kept_alive() -> Iterator[None]:
    """Let the keeper live on, whatever Dask raises when a cluster is away."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - else no unit could be stopped any more
        _log.warning("The Dask cluster cannot be told to stop units: %s", error)


def _reply(sent: distributed.Future[Any]) -> Reply:
    """Give what a unit's Dask task answered.

    Raises:
        WorkerDied: it has no answer.
    """
    try:
        answer: Any = sent.result()
    except distributed.CancelledError as error:
        raise WorkerDied("the connection to the Dask scheduler was lost") from error
    except Exception as error:  # whatever went wrong on another machine
        raise WorkerDied(f"its Dask worker failed ({type(error).__name__}: {error})") from error
    return msgspec.msgpack.decode(answer, type=Reply)
