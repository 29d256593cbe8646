"""How long run_sync takes for one small text PDF on a warm platform.

    python -m benchmarks.run_sync_latency [--quick]

Beside it the same steps are called as functions in one process: read the PDF, write its records,
apply the refiner, write, read the records. The difference is what the request costs: the upload, a
stored job, a worker process, two stored steps, the results and the reply. Calls of both take
turns; the cache of answers is off.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import ibflow_nb
from benchmarks.harness import Figure, Measure, compare_all, main, sized
from benchmarks.run_sync_upload import REFINER, SOLUTION, TOKEN, lay_out, platform
from ibflow_nb.local.documents.record import load_records
from ibflow_nb.local.steps.base import Task
from ibflow_nb.local.steps.registry import get_step

RUN_SYNC, EXTRA = "run_sync of one small PDF, warm", "run_sync beyond its functions"
FUNCTIONS = "the same functions in one process"
REFINER_KEY = "refiner_path"


def in_process(pdf: Path, folder: Path) -> None:
    """Do by calls what the solution does."""
    source = str(pdf)
    read = Task(
        job_id="none",
        step="process_files",
        kwargs={},
        source=source,
        input=source,
        name=pdf.name,
        index=0,
        output_dir=str(folder / "s1"),
    )
    refine = Task(
        job_id="none",
        step="apply_refiner",
        kwargs={REFINER_KEY: "total.ibrefiner"},
        modules={REFINER_KEY: json.dumps(REFINER)},
        source=source,
        input=get_step(read.step).run(read).output,
        name=pdf.name,
        index=0,
        output_dir=str(folder / "s2"),
    )
    load_records(Path(get_step(refine.step).run(refine).output))


def milliseconds(call: Callable[[], object]) -> float:
    """Tell how long a call takes."""
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


def figures() -> Iterator[Figure]:
    """Give the median of a call, and what of it is not the work itself."""
    calls = sized(50, 3)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lay_out(folder, 1)
        pdf = folder / "small" / "0.pdf"
        with platform(folder) as (url, _), ibflow_nb.connect(url, token=TOKEN) as client:
            run_sync = client.solutions.run_sync
            ours = partial(run_sync, [pdf], solution_path=SOLUTION, write_to_cache=False)
            theirs = partial(in_process, pdf, folder / "direct")
            ours()
            theirs()
            direct: list[float] = []

            def measured() -> Mapping[str, float]:
                taken, direct[:] = [], []
                for _ in range(calls):
                    taken.append(milliseconds(ours))
                    direct.append(milliseconds(theirs))
                middle = statistics.median(taken)
                return {RUN_SYNC: middle, EXTRA: middle - statistics.median(direct)}

            yield from compare_all(
                measured,
                {FUNCTIONS: lambda: {RUN_SYNC: statistics.median(direct)}},
                [
                    Measure(RUN_SYNC, "ms", "lower", note=f"median of {calls} calls, in turn"),
                    Measure(EXTRA, "ms", "lower", limit=25),
                ],
            )


if __name__ == "__main__":
    main(figures)
