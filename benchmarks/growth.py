"""Growth: what a file costs in larger runs, and a status reply in a larger store.

    python -m benchmarks.growth [--quick]

Everything is compared with itself at the smaller size, in turn: files of one line in runs of
different sizes, the status of a run with few and with many files, the status of a job and the
list of jobs in a store with few and with many finished jobs. Memory is that of the engine's
process.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import msgspec

from benchmarks.harness import Figure, compare, main, memory, sized
from benchmarks.queueing import started, wait
from ibflow_nb.api.flow import RunFlow
from ibflow_nb.api.jobs import JobListQuery
from ibflow_nb.local.engine import Engine
from ibflow_nb.local.engine.engine import STORE
from ibflow_nb.local.engine.schema import open_database

SMALLEST = 10
ASKED = 200


class Runs:
    """Runs of different sizes on one engine."""

    def __init__(self, root: Path, engine: Engine) -> None:
        self._root = root
        self._engine = engine
        self._runs = 0
        flow = {"steps": [{"step_name": "process_files"}]}
        (root / "flow.ibflow").write_bytes(msgspec.json.encode(flow))

    def run(self, files: int) -> str:
        """Run a flow on so many files; give the job's id."""
        folder = self._root / f"files-{files}"
        if not folder.exists():
            folder.mkdir()
            for number in range(files):
                (folder / f"{number:05}.txt").write_text(f"Invoice {number}\n")
        self._runs += 1
        request = RunFlow(
            ibflow_path="flow.ibflow",
            input_dir=folder.name,
            output_dir=f"out-{self._runs}",
            save_binary_to_output=False,
        )
        job_id = self._engine.run_flow(request).job_id
        wait(self._engine, job_id)
        return job_id

    def milliseconds_a_file(self, files: int) -> float:
        """Run as many files as the largest of the sizes at hand, or one run; give ms a file."""
        repeats = max(1, 100 // files)
        began = time.perf_counter()
        for _ in range(repeats):
            self.run(files)
        return (time.perf_counter() - began) * 1000 / files / repeats


def asked(call: Callable[[], object]) -> float:
    """Give the milliseconds of a call, over many."""
    began = time.perf_counter()
    for _ in range(ASKED):
        call()
    return (time.perf_counter() - began) * 1000 / ASKED


@contextlib.contextmanager
def store_of(jobs: int) -> Iterator[tuple[Engine, str]]:
    """Give an engine whose store holds so many finished jobs of ten files, and the id of one."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        with started(root) as engine:
            job_id = Runs(root, engine).run(SMALLEST)
        multiply(root / ".ibflow" / STORE, job_id, jobs)
        with started(root) as engine:
            yield engine, job_id


def multiply(store: Path, job_id: str, jobs: int) -> None:
    """Copy a finished job with its files and units until there are so many."""
    with contextlib.closing(open_database(store)) as database:
        tables = {}
        for table, key in (("job", "id"), ("file", "job_id"), ("unit", "job_id")):
            columns = [row["name"] for row in database.execute(f"PRAGMA table_info({table})")]
            kept = [column for column in columns if column not in {key, "seq"}]
            kept = [column for column in kept if (table, column) != ("unit", "id")]
            listed = ", ".join(kept)
            tables[table] = (
                f"INSERT INTO {table} ({key}, {listed}) "
                f"SELECT ?, {listed} FROM {table} WHERE {key} = ?"
            )
        database.execute("BEGIN")
        for number in range(jobs - 1):
            for statement in tables.values():
                database.execute(statement, (f"{job_id}-{number}", job_id))
        database.execute("COMMIT")


def figures() -> Iterator[Figure]:
    """Give the cost of a file and of a status reply at growing sizes."""
    sizes = sized((100, 1_000, 10_000), (20,))
    with tempfile.TemporaryDirectory() as name, started(Path(name)) as engine:
        runs = Runs(Path(name), engine)
        small = runs.run(SMALLEST)
        for less, more in zip((SMALLEST, *sizes), sizes, strict=False):
            yield compare(
                f"a file in a run of {more:,}",
                partial(runs.milliseconds_a_file, more),
                {f"in runs of {less:,}": partial(runs.milliseconds_a_file, less)},
                unit="ms",
                better="lower",
                goals={f"in runs of {less:,}": 1.2},
                repeats=3,
            )
        large = runs.run(sizes[-1])
        yield compare(
            f"status of a run of {sizes[-1]:,} files",
            lambda: asked(lambda: engine.status(large)),
            {f"of {SMALLEST} files": lambda: asked(lambda: engine.status(small))},
            unit="ms",
            better="lower",
            goals={f"of {SMALLEST} files": 1.5},
        )
        before = memory()
        runs.run(sizes[-1])
        yield compare(
            f"memory after another run of {sizes[-1]:,} files",
            memory,
            {"before it": lambda: before},
            unit="MB",
            better="lower",
            goals={"before it": 1.1},
            repeats=1,
        )
    yield from in_stores(sized(10_000, 30))


def in_stores(jobs: int) -> Iterator[Figure]:
    """Give the cost of replies in a store with many finished jobs, beside one with ten."""
    with store_of(jobs) as (full, one), store_of(SMALLEST) as (empty, other):
        calls = {
            "status": (lambda: full.status(one), lambda: empty.status(other)),
            "list of jobs, 10 a page": (
                lambda: full.list_jobs(JobListQuery(limit=10)),
                lambda: empty.list_jobs(JobListQuery(limit=10)),
            ),
        }
        for what, (ours, theirs) in calls.items():
            yield compare(
                f"{what} among {jobs:,} finished jobs",
                partial(asked, ours),
                {f"among {SMALLEST}": partial(asked, theirs)},
                unit="ms",
                better="lower",
                goals={f"among {SMALLEST}": 1.5},
            )


if __name__ == "__main__":
    main(figures)
