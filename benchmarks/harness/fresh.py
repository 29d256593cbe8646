"""Measure a function in a process of its own: seconds, processor seconds, memory.

The function prepares (imports, reads its input) and gives what is to be measured::

    def by_records(file: str) -> Callable[[], object]:
        reply = Path(file).read_bytes()
        return lambda: Records.from_json(reply).to_frame()

    spent = fresh(by_records, file)

Memory is resident memory as Linux counts it, in ``/proc``.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.harness.comparing import Absent
from benchmarks.harness.data import ROOT

_MISSING = 66


class Spent(msgspec.Struct):
    """What a function took.

    Attributes:
        seconds: by the clock.
        processor: seconds of all its threads on a core.
        held: MB that the process held before.
        peak: MB that it held at most while the function ran.
        value: what the function returned, where JSON has it.
    """

    seconds: float
    processor: float
    held: float
    peak: float
    value: Any = None

    @property
    def extra(self) -> float:
        """MB that came on top."""
        return self.peak - self.held


def fresh(
    function: Callable[..., Callable[[], object]],
    *arguments: str,
    environment: Mapping[str, str] | None = None,
) -> Spent:
    """Measure what a module's function gives, in a new process.

    Raises:
        Absent: the process misses a package.
        subprocess.CalledProcessError: it failed; its error is on the standard error stream.
    """
    module = sys.modules[function.__module__].__spec__
    name = module.name if module else function.__module__
    start = f"from {__name__} import run_named; run_named()"
    command = [sys.executable, "-c", start, name, function.__name__, *arguments]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        check=False,
    )
    if done.returncode == _MISSING:
        raise Absent(done.stdout.decode())
    done.check_returncode()
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=Spent)


def memory(pid: int | str = "self", *, peak: bool = False) -> float:
    """Give the resident memory of a process in MB: what it holds now, or held at most."""
    key = "VmHWM:" if peak else "VmRSS:"
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) / 1024
    return 0.0


def forget_peak(pid: int | str = "self") -> None:
    """Let the peak of a process count from here."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def processor_seconds(pid: int) -> float:
    """Give the seconds that a process and its ended children spent on a core."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def measure(run: Callable[[], object]) -> Spent:
    """Measure a function in this process."""
    held = memory()
    forget_peak()
    start, processor = time.perf_counter(), time.process_time()
    value = run()
    seconds, processor = time.perf_counter() - start, time.process_time() - processor
    plain = value if isinstance(value, str | int | float | list | dict) else None
    return Spent(seconds, processor, held, memory(peak=True), plain)


def run_named() -> None:
    """Measure the function that the command line names, and print what it took."""
    module, name, *arguments = sys.argv[1:]
    try:
        run = getattr(importlib.import_module(module), name)(*arguments)
    except ImportError as error:
        sys.stdout.write(str(error))
        sys.exit(_MISSING)
    sys.stdout.write(f"\n{msgspec.json.encode(measure(run)).decode()}\n")
