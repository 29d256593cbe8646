"""How a figure is measured: ours and each alternative in turn, several times, on the same data.

A benchmark is a file of the folder above with one function, and runs alone::

    def figures() -> Iterator[Figure]:
        yield compare("what", ours, {"the other": theirs}, unit="s", better="lower",
                      goals={"the other": 0.25})

    if __name__ == "__main__":
        main(figures)

    python -m benchmarks.SUBJECT [--quick] [--json FILE]
"""

from benchmarks.harness.comparing import Absent, Measured, compare, compare_all, quick, sized
from benchmarks.harness.data import sample
from benchmarks.harness.figure import Figure, Measure
from benchmarks.harness.fresh import Spent, forget_peak, fresh, memory, processor_seconds
from benchmarks.harness.servers import free_port, running, wait_for_port
from benchmarks.harness.suite import main

__all__ = [
    "Absent",
    "Figure",
    "Measure",
    "Measured",
    "Spent",
    "compare",
    "compare_all",
    "forget_peak",
    "free_port",
    "fresh",
    "main",
    "memory",
    "processor_seconds",
    "quick",
    "running",
    "sample",
    "sized",
    "wait_for_port",
]
