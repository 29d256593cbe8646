"""``%load_ext ibflow_nb`` in a fresh kernel, beside the extensions of other magics.

Each run starts a kernel, has it answer one empty cell, then loads the extension in a cell: the
time until that cell's reply. *Bare IPython* is a cell with ``pass`` in the same place.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

from jupyter_client.manager import KernelManager

from benchmarks.harness import Absent, Figure, compare, main

SECONDS = 60


def run_cell(source: str) -> float:
    """Give the milliseconds that a cell takes in a fresh kernel.

    Raises:
        Absent: the cell failed, as it does without the extension's package.
    """
    manager = KernelManager(transport="ipc")
    manager.start_kernel()
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(SECONDS)
        client.execute_interactive("pass", timeout=SECONDS)
        start = time.perf_counter()
        reply = client.execute_interactive(source, timeout=SECONDS, output_hook=lambda _: None)
        seconds = time.perf_counter() - start
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    content = reply["content"]
    if content["status"] != "ok":
        raise Absent(f"{content['ename']}: {content['evalue']}")
    return 1000 * seconds


def load(extension: str) -> float:
    """Give the milliseconds that loading an extension takes."""
    return run_cell(f"%load_ext {extension}")


def figures() -> Iterator[Figure]:
    """Ours, the two others, and what is ours alone."""
    yield compare(
        "%load_ext in a fresh kernel",
        partial(load, "ibflow_nb"),
        {
            "jupysql": partial(load, "sql"),
            "bigquery-magics": partial(load, "bigquery_magics"),
            "bare IPython": partial(run_cell, "pass"),
        },
        unit="ms",
        better="lower",
        goals={"jupysql": 0.2, "bigquery-magics": 0.2},
    )
    yield compare(
        "%load_ext over bare IPython",
        lambda: load("ibflow_nb") - run_cell("pass"),
        {},
        unit="ms",
        better="lower",
        limit=20,
        note="a cell with the magic less a cell with pass, each in a fresh kernel",
    )


if __name__ == "__main__":
    main(figures)
