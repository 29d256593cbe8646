"""Queueing: 1,000 one-page text files in one run, and 1,000 runs of one such file each.

    python -m benchmarks.queueing [--quick]

Beside it the standard library's ``ProcessPoolExecutor.map`` does the same work with as many
processes: the same step on the same files, which writes the same record files, but does not sync
them to the disk. It keeps nothing: no state, no results file, no retry; what runs is lost when a
process dies. Ours syncs every record file and stores every run before its id is given out, and
every unit's end.

The engine is called in this process, by four threads that submit; workers are warm on both sides.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import msgspec

from benchmarks.harness import Figure, compare, main, sized
from ibflow_nb.api.flow import RunFlow
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.engine import Engine
from ibflow_nb.local.settings import Settings
from ibflow_nb.local.steps.base import Task
from ibflow_nb.local.steps.registry import get_step

WORKERS = 2
SUBMITTERS = 4
STEP = "process_files"
POOL = "ProcessPoolExecutor.map, keeps nothing"


def page(number: int) -> str:
    """Give a page of text: forty lines of a letter."""
    return "".join(
        f"Line {line} of letter {number} says that invoice {number * line} was paid on time.\n"
        for line in range(40)
    )


class Files:
    """Folders of one-page files on a drive, and the work on them by both ways."""

    def __init__(self, root: Path, count: int) -> None:
        self.count = count
        self._root = root
        self._runs = 0
        (root / "all").mkdir()
        for number in range(count):
            text = page(number)
            (root / "all" / f"{number:05}.txt").write_text(text)
            (root / f"one-{number:05}").mkdir()
            (root / f"one-{number:05}" / "letter.txt").write_text(text)
        flow = {"steps": [{"step_name": STEP}]}
        (root / "flow.ibflow").write_bytes(msgspec.json.encode(flow))

    def by_pool(self, pool: ProcessPoolExecutor) -> float:
        """Do the work of one run with a pool of the standard library; give files a second."""
        self._runs += 1
        tasks = [self._task(path) for path in sorted((self._root / "all").iterdir())]
        began = time.perf_counter()
        assert sum(pool.map(work, tasks)) == self.count
        return self.count / (time.perf_counter() - began)

    def by_run(self, engine: Engine) -> float:
        """Do it as one run."""
        self._runs += 1
        began = time.perf_counter()
        wait(engine, self._submit(engine, "all", f"out-{self._runs}"))
        return self.count / (time.perf_counter() - began)

    def by_runs(self, engine: Engine) -> float:
        """Do it as one run for each file."""
        self._runs += 1

        def submit(number: int) -> str:
            return self._submit(engine, f"one-{number:05}", f"outs-{self._runs}/{number}")

        began = time.perf_counter()
        with ThreadPoolExecutor(SUBMITTERS) as threads:
            jobs = list(threads.map(submit, range(self.count)))
        for job in jobs:
            wait(engine, job)
        return self.count / (time.perf_counter() - began)

    def _submit(self, engine: Engine, folder: str, output: str) -> str:
        request = RunFlow(
            ibflow_path="flow.ibflow",
            input_dir=folder,
            output_dir=output,
            save_binary_to_output=False,
        )
        return engine.run_flow(request).job_id

    def _task(self, path: Path) -> Task:
        return Task(
            job_id="none",
            step=STEP,
            kwargs={},
            source=str(path),
            input=str(path),
            name=path.name,
            index=0,
            output_dir=str(self._root / f"pool-{self._runs}"),
        )


def work(task: Task) -> int:
    """Run a unit; in a process of the standard library's pool."""
    return get_step(task.step).run(task).records


def sync_nothing() -> None:
    """Let files of this process reach the disk whenever the system likes."""
    os.fsync = lambda descriptor: None


def wait(engine: Engine, job_id: str) -> None:
    """Wait for a job that must complete."""
    assert engine.wait(job_id, 300)
    status = engine.status(job_id)
    assert status.results is not None
    assert status.results[0].status == "OK", status


@contextlib.contextmanager
def started(root: Path) -> Iterator[Engine]:
    """Run an engine on a root."""
    engine = Engine(Drive(root), Settings(root=root, workers=WORKERS))
    engine.start()
    try:
        yield engine
    finally:
        engine.stop()


def figures() -> Iterator[Figure]:
    """Give the files a second of one run and of many."""
    with (
        tempfile.TemporaryDirectory() as folder,
        started(Path(folder)) as engine,
        ProcessPoolExecutor(WORKERS, initializer=sync_nothing) as pool,
    ):
        files = Files(Path(folder), sized(1000, 20))
        files.by_run(engine)
        files.by_pool(pool)
        yield compare(
            f"queueing: {files.count} one-page files in one run",
            lambda: files.by_run(engine),
            {POOL: lambda: files.by_pool(pool)},
            unit="files/s",
            better="higher",
            goals={POOL: 0.6},
            note="ours syncs each record file and stores the state of each file",
        )
        yield compare(
            f"queueing: {files.count} runs of one file each",
            lambda: files.by_runs(engine),
            {POOL: lambda: files.by_pool(pool)},
            unit="files/s",
            better="higher",
            goals={POOL: 0.6},
            note="each run is stored when its id is given out, and has a results file of its own",
        )


if __name__ == "__main__":
    main(figures)
