"""The pool of killable worker processes."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ibflow_nb.local.engine.executor import FileFailed, Killed, TimedOut, WorkerDied
from ibflow_nb.local.engine.pool import LocalPool
from ibflow_nb.local.settings import Settings


@pytest.fixture
def make_pool(tmp_path: Path, steps_on_path: None) -> Iterator[Callable[..., LocalPool]]:
    """Make pools; they are closed at the end."""
    made: list[LocalPool] = []

    def make(**settings: Any) -> LocalPool:
        settings = {"workers": 1, "steps_module": "engine_steps", "root": tmp_path} | settings
        made.append(LocalPool(Settings(**settings)))
        return made[-1]

    yield make
    for pool in made:
        pool.close()


def children() -> set[int]:
    """Give the ids of this process's worker processes."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if parent == os.getpid() and b"engine.worker" in command:
                found.add(int(entry.name))
    return found


def test_workers_start_when_there_is_work_and_are_reused(make_pool: Any, task: Any) -> None:
    """No process before the first task, and one process for tasks one after the other."""
    pool = make_pool(workers=2)
    before = children()
    assert pool.submit(task("one"), None).result(60).records == 1
    first = children() - before
    pool.submit(task("two"), None).result(60)
    assert len(first) == 1
    assert children() - before == first


@pytest.mark.parametrize("word", ["HANG", "NATIVE"])
def test_a_hung_task_is_killed_at_its_limit(make_pool: Any, task: Any, word: str) -> None:
    """Python and native code are stopped at the limit; the next task runs."""
    pool = make_pool()
    pool.submit(task("warm"), None).result(60)
    for _ in range(3):  # other work on the machine may delay any single one
        begin = time.monotonic()
        with pytest.raises(TimedOut):
            pool.submit(task(word), 0.3).result(60)
        if (spent := time.monotonic() - begin) < 0.8:
            break
    assert spent < 0.8
    assert pool.submit(task("next"), None).result(60).records == 1


def test_kill_stops_a_task_at_once(make_pool: Any, task: Any, until: Any) -> None:
    """Neighbours and waiting tasks go on."""
    pool = make_pool(workers=2)
    before = children()
    hung = pool.submit(task("NATIVE"), None)
    until(lambda: children() - before)
    other = pool.submit(task("fine"), None)
    pool.kill(hung)
    with pytest.raises(Killed):
        hung.result(60)
    assert other.result(60).records == 1


def test_a_waiting_task_can_be_killed(make_pool: Any, task: Any) -> None:
    """It never runs."""
    pool = make_pool()
    first = pool.submit(task("HANG"), None)
    second = pool.submit(task("fine"), None)
    pool.kill(second)
    with pytest.raises(Killed):
        second.result(60)
    pool.kill(first)


def test_a_dead_worker_loses_its_own_task_only(make_pool: Any, task: Any) -> None:
    """The future says how the process died; the pool goes on."""
    pool = make_pool()
    with pytest.raises(WorkerDied, match="SIGSEGV"):
        pool.submit(task("CRASH"), None).result(60)
    assert pool.submit(task("fine"), None).result(60).records == 1


def test_a_worker_that_was_killed_while_idle_is_replaced(
    make_pool: Any, task: Any, until: Any
) -> None:
    """The task that meets the dead worker says so and may be tried again."""
    pool = make_pool()
    before = children()
    pool.submit(task("one"), None).result(60)
    (worker,) = children() - before
    os.kill(worker, signal.SIGKILL)
    with pytest.raises(WorkerDied):
        pool.submit(task("two"), None).result(60)
    assert pool.submit(task("two"), None).result(60).records == 1


def test_workers_are_replaced_after_some_tasks(make_pool: Any, task: Any) -> None:
    """Memory that libraries lose does not add up."""
    pool = make_pool(recycle_after=2)
    before = children()
    pool.submit(task("one"), None).result(60)
    first = children() - before
    pool.submit(task("two"), None).result(60)
    pool.submit(task("three"), None).result(60)
    assert not first & children()


def test_idle_workers_are_ended(make_pool: Any, task: Any, until: Any) -> None:
    """A worker without work gives its memory back, and starts again when there is some."""
    pool = make_pool(worker_idle=0.05)
    before = children()
    pool.submit(task("one"), None).result(60)
    until(lambda: children() == before)
    assert pool.submit(task("two"), None).result(60).records == 1


def test_a_task_that_needs_too_much_memory_fails(make_pool: Any, task: Any) -> None:
    """The address space of a worker is bounded; the sentence names the bound."""
    pool = make_pool()
    with pytest.raises(FileFailed, match="2 GiB of memory a worker may use"):
        pool.submit(task("MEMORY"), None).result(60)


def test_closing_leaves_no_process(make_pool: Any, task: Any) -> None:
    """Running tasks are killed, idle workers end."""
    pool = make_pool(workers=2)
    before = children()
    pool.submit(task("one"), None).result(60)
    hung = pool.submit(task("HANG"), None)
    pool.close()
    assert isinstance(hung.exception(60), Killed)
    assert children() == before
