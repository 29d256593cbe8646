"""What runs inside a Dask worker: units, each in a process of the worker's own that can be killed.

Dask can neither stop a running task nor survive one that crashes its worker. So each worker
process keeps a pool of processes beside it, as the platform does on one machine, with as many of
them as the worker has threads; the task that Dask knows of only waits for the answer.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from concurrent.futures import Future
from pathlib import Path

import msgspec

import ibflow_nb
from ibflow_nb.local.engine.channel import Reply, reply_of
from ibflow_nb.local.engine.executor import Killed, UnitFailure, WorkerDied
from ibflow_nb.local.engine.pool import LocalPool
from ibflow_nb.local.limits import Limits
from ibflow_nb.local.settings import Settings
from ibflow_nb.local.steps.base import Outcome, Task

_REMEMBERED = 10_000


class Workplace(msgspec.Struct, frozen=True):
    """How the processes of a worker are made; a worker has a pool for each that it is asked for.

    Attributes:
        steps_module, recycle_after, worker_idle: as in the settings of the platform.
        worker_bytes: as in its limits.
    """

    steps_module: str
    recycle_after: int
    worker_idle: float
    worker_bytes: int


class Order(msgspec.Struct, kw_only=True):
    """A unit on its way to a worker.

    Attributes:
        key: its name in the cluster.
        version: of this package at the platform.
        task, timeout: as the executor was given them.
        workplace: where it is to run.
    """

    key: str
    version: str
    task: Task
    timeout: float | None
    workplace: Workplace


class _Host:
    """The units of one Dask worker process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pools: dict[Workplace, LocalPool] = {}
        self._running: dict[str, tuple[LocalPool, Future[Outcome]]] = {}
        self._killed: OrderedDict[str, None] = OrderedDict()

    def run(self, order: Order, processes: int) -> Reply:
        """Run a unit and put its end into words."""
        if order.version != ibflow_nb.__version__:
            reason = (
                f"the Dask worker has ibflow-nb {ibflow_nb.__version__}, the platform"
                f" {order.version}: install the same version on all machines"
            )
            return reply_of(WorkerDied(reason))
        with self._lock:
            if order.key in self._killed:
                return reply_of(Killed("stopped on request"))
            pool = self._pool(order.workplace, processes)
            future = pool.submit(order.task, order.timeout)
            self._running[order.key] = pool, future
        try:
            return Reply(outcome=future.result())
        except UnitFailure as error:
            return reply_of(error)
        finally:
            with self._lock:
                del self._running[order.key]

    def kill(self, keys: Iterable[str]) -> None:
        """Stop units that run, and those of the names that come later."""
        with self._lock:
            running = [self._running[key] for key in keys if key in self._running]
            self._killed.update(dict.fromkeys(keys))
            while len(self._killed) > _REMEMBERED:
                self._killed.popitem(last=False)
        for pool, future in running:
            pool.kill(future)

    def _pool(self, workplace: Workplace, processes: int) -> LocalPool:
        if workplace not in self._pools:
            limits = Limits(worker_bytes=workplace.worker_bytes)
            settings = Settings(
                root=Path(),
                workers=processes,
                limits=limits,
                steps_module=workplace.steps_module,
                recycle_after=workplace.recycle_after,
                worker_idle=workplace.worker_idle,
            )
            self._pools[workplace] = LocalPool(settings)
        return self._pools[workplace]


_host = _Host()


def run_unit(order: bytes) -> bytes:
    """Run an :class:`Order` in this Dask worker; both ways as MessagePack."""
    from distributed import get_worker

    unit = msgspec.msgpack.decode(order, type=Order)
    return msgspec.msgpack.encode(_host.run(unit, get_worker().state.nthreads))


def kill_units(keys: list[str]) -> None:
    """Stop units of this Dask worker by their names; unknown ones are refused later."""
    _host.kill(keys)
