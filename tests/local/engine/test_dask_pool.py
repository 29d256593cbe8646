"""Units on a Dask cluster: a real scheduler and real workers on loopback."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ibflow_nb.api.errors import ConfigError
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.engine import Engine
from ibflow_nb.local.engine.dask_units import Order, Workplace, _Host
from ibflow_nb.local.engine.executor import FileFailed, Killed, TimedOut, WorkerDied
from ibflow_nb.local.settings import Settings

pytest.importorskip("distributed")

HERE = Path(__file__).resolve().parent
FILES = 40


class Cluster:
    """A scheduler and workers with two threads each, as processes of their own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        self.workers: list[subprocess.Popen[bytes]] = []
        self._scheduler = self._start_scheduler(0)
        self.address = self._told_address()

    def add_worker(self) -> subprocess.Popen[bytes]:
        """Start a worker; it joins by itself."""
        worker = self._start(
            "worker", f"tcp://{self.address}", "--nthreads", "2", "--no-nanny", "--no-dashboard",
            "--local-directory", str(self._folder),
        )  # fmt: skip
        self.workers.append(worker)
        return worker

    def restart_scheduler(self) -> None:
        """Kill the scheduler and start another one at its address; workers have to join anew."""
        self._scheduler.kill()
        self._scheduler.wait()
        self._scheduler = self._start_scheduler(int(self.address.rpartition(":")[2]))

    def end(self) -> None:
        """End all processes."""
        for process in self._processes:
            process.kill()  # a worker that is asked to end waits for its scheduler
        for process in self._processes:
            process.wait(60)

    def _start_scheduler(self, port: int) -> subprocess.Popen[bytes]:
        return self._start(
            "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard",
            "--scheduler-file", str(self._folder / "scheduler.json"),
        )  # fmt: skip

    def _told_address(self) -> str:
        """Wait for the file in which the scheduler tells the address that it was given."""
        end = time.monotonic() + 120
        while True:
            with contextlib.suppress(OSError, ValueError):  # absent, or not yet whole
                told = json.loads((self._folder / "scheduler.json").read_text())
                return str(told["address"]).removeprefix("tcp://")
            assert self._scheduler.poll() is None
            assert time.monotonic() < end
            time.sleep(0.02)

    def _start(self, kind: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(HERE)}
        with (self._folder / f"{kind}.log").open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        self._processes.append(process)
        return process


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Give a cluster with one worker."""
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    made.add_worker()
    yield made
    made.end()


@pytest.fixture
def pool(cluster: Cluster, tmp_path: Path) -> Iterator[Any]:
    """Give an executor on the cluster."""
    from ibflow_nb.local.engine.dask_pool import DaskPool

    settings = Settings(root=tmp_path, steps_module="engine_steps")
    made = DaskPool(settings, cluster.address)
    yield made
    made.close()


def records_of(platform: Any, job_id: str) -> list[tuple[str, int, str, str]]:
    """Give name, index, status and first field of each record of a run."""
    found = []
    for offset in range(0, FILES, 20):
        for record in platform.records(job_id, file_offset=offset):
            value = record.results[0].value if record.results else record.error_msg
            found.append((record.file_name, record.file_index, record.status, value))
    return found


@pytest.mark.faults
def test_a_lost_worker_changes_nothing_in_the_records(
    cluster: Cluster, make_platform: Any, tmp_path: Path, until: Callable[..., None]
) -> None:
    """With one of two workers killed in the middle, the run gives the local pool's records."""
    texts = {f"f{number:02}": f"text {'x' * number}" for number in range(FILES)}
    texts |= {"f05": "UNREADABLE", "f06": "one\ftwo\fthree"}
    slow = {"name": "extract", "seconds": 0.05}

    local = make_platform(root=tmp_path / "local", workers=2)
    local.files(**texts)
    local.flow("read", "extract")
    expected = records_of(local, local.run())
    assert len(expected) == FILES

    lost = cluster.add_worker()
    spread = make_platform(root=tmp_path / "spread", executor=f"dask://{cluster.address}")
    spread.files(**texts)
    spread.flow("read", slow)
    until(lambda: spread.engine._dispatcher._executor.slots == 8)
    job_id = spread.submit()
    until(lambda: spread.status(job_id).index >= 8)
    os.kill(lost.pid, signal.SIGKILL)
    assert spread.status(job_id).status == "RUNNING"
    assert spread.engine.wait(job_id, 60)
    assert spread.status(job_id).status == "COMPLETE"
    assert records_of(spread, job_id) == expected
    names = [path.name for path in spread.output(job_id).glob("s2_extract/*.ibdoc")]
    assert len(names) == FILES - 1


@pytest.mark.faults
def test_a_run_survives_a_restart_of_the_scheduler(
    tmp_path: Path, make_platform: Any, until: Callable[..., None]
) -> None:
    """Units that were under way are run again by the workers of the new scheduler."""
    cluster = Cluster(tmp_path)
    try:
        cluster.add_worker()
        platform = make_platform(executor=f"dask://{cluster.address}")
        platform.files(**{f"f{number}": "text" for number in range(8)})
        platform.flow("read", {"name": "extract", "seconds": 0.2})
        job_id = platform.submit()
        until(lambda: platform.status(job_id).index >= 2)
        cluster.restart_scheduler()
        cluster.add_worker()
        assert platform.engine.wait(job_id, 60)
        assert platform.status(job_id).status == "COMPLETE"
        assert "the connection to the Dask scheduler was lost; it is tried again" in (
            platform.log(job_id)
        )
        platform.engine.stop()
    finally:
        cluster.end()


@pytest.mark.faults
def test_a_hung_unit_is_stopped_at_its_limit(pool: Any, task: Any) -> None:
    """Native code is killed within its worker, which then takes the next unit."""
    with pytest.raises(TimedOut) as caught:
        pool.submit(task("NATIVE"), 0.5).result(60)
    assert caught.value.seconds == 0.5
    assert pool.submit(task("next"), 5).result(60).records == 1


@pytest.mark.faults
def test_killed_units_end_whether_they_run_or_wait(
    pool: Any, task: Any, until: Callable[..., None]
) -> None:
    """A running unit is stopped; one that has not begun never does."""
    started = [pool.submit(task("HANG"), None) for _ in range(3)]
    until(lambda: pool._client.processing())
    for future in started:
        pool.kill(future)
    for future in started:
        with pytest.raises(Killed):
            future.result(60)
    assert pool.submit(task("next"), 5).result(60).records == 1


@pytest.mark.faults
def test_a_cluster_that_cannot_be_told_of_a_kill_keeps_nobody_waiting(
    pool: Any, task: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The unit ends as killed, and so does the one after it."""

    def refuse(*_: Any, **__: Any) -> None:
        raise ValueError("no cluster")

    for name in ("run", "cancel"):
        with monkeypatch.context() as patch:
            patch.setattr(pool._client, name, refuse)
            future = pool.submit(task("HANG"), 10)
            pool.kill(future)
            with pytest.raises(Killed):
                future.result(9)
    assert pool._keeper.is_alive()


@pytest.mark.faults
def test_a_unit_that_crashes_takes_nothing_with_it(cluster: Cluster, pool: Any, task: Any) -> None:
    """The process of the unit dies, the Dask worker lives and says how it died."""
    with pytest.raises(WorkerDied, match="SIGSEGV"):
        pool.submit(task("CRASH"), None).result(60)
    with pytest.raises(FileFailed, match="is not readable"):
        pool.submit(task("UNREADABLE"), None).result(60)
    assert all(worker.poll() is None for worker in cluster.workers[:1])


@pytest.mark.faults
def test_a_cancelled_job_ends_at_once(cluster: Cluster, make_platform: Any) -> None:
    """Its units are stopped on all workers before the job has ended."""
    platform = make_platform(executor=f"dask://{cluster.address}")
    platform.files(a="HANG", b="HANG")
    platform.flow("read")
    job_id = platform.submit()
    platform.engine.cancel(job_id)
    assert platform.engine.wait(job_id, 60)
    assert platform.status(job_id).status == "CANCELLED"
    assert platform.engine._dispatcher.running == 0


def test_an_absent_scheduler_is_told_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The platform does not start without its cluster."""
    monkeypatch.setattr("ibflow_nb.local.engine.dask_pool._CONNECT_SECONDS", 0.2)
    with socket.socket() as keeper:  # nobody else gets the port meanwhile
        keeper.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{keeper.getsockname()[1]}"
        settings = Settings(root=tmp_path, executor=f"dask://{address}")
        with pytest.raises(ConfigError, match=f"No Dask scheduler answers at tcp://{address}"):
            Engine(Drive(tmp_path), settings)


def test_a_missing_installation_is_told_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the extra the sentence names it."""
    monkeypatch.setitem(sys.modules, "ibflow_nb.local.engine.dask_pool", None)
    with pytest.raises(ConfigError, match=r"ibflow-nb\[dask\]"):
        Engine(Drive(tmp_path), Settings(root=tmp_path, executor="dask://127.0.0.1:8786"))


def test_another_version_at_a_worker_is_told(task: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker does nothing for a platform of another version, and says what to do."""
    workplace = Workplace("engine_steps", 10, 10.0, 1024**3)
    order = Order(key="k", version="0.0.1", task=task("a"), timeout=None, workplace=workplace)
    reply = _Host().run(order, 1)
    assert reply.failure == "died"
    assert "install the same version on all machines" in reply.message
