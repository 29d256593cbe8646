"""Run benchmarks: one from its own file, or all, each in a process of its own."""

from __future__ import annotations

import argparse
import compileall
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from benchmarks.harness import report
from benchmarks.harness.comparing import QUICK, Absent
from benchmarks.harness.data import ROOT
from benchmarks.harness.figure import Figure

FOLDER = ROOT / "benchmarks"
RESULTS = FOLDER / "results.json"
PAGE = ROOT / "docs" / "benchmarks.md"
MARKS = ("<!-- figures -->", "<!-- end of the figures -->")
LONGEST = 900
_WIDTHS = (44, 30, 34, 30, 26, 10)


def main(figures: Callable[[], Iterator[Figure]]) -> None:
    """Run a benchmark from the command line: its figures as a table, and as JSON if asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="a smoke test: once, on small data")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    options = parser.parse_args()
    if options.quick:
        os.environ[QUICK] = "1"
    compileall.compile_dir(ROOT / "ibflow_nb", quiet=1)  # as an installed package is
    subject = report.Subject()
    try:
        for figure in figures():
            subject.figures.append(figure)
            _show(figure)
    except Absent as error:
        subject.missing = str(error)
        print(f"not measured: {error}")
    finally:
        if options.json:
            options.json.write_bytes(msgspec.json.encode(subject))


def names() -> list[str]:
    """List the benchmarks."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("_"))


def run_all(wanted: list[str]) -> int:
    """Run benchmarks one after the other; in a smoke test nothing is kept.

    Returns:
        int: 1 where one failed; the others were run all the same.
    """
    results = report.Results(report.this_machine(), _kept())
    _print_row(report.COLUMNS)
    failed = False
    for name in wanted:
        print(f"-- {name}", flush=True)
        subject = _run(name)
        failed |= bool(subject.failed)
        results.subjects[name] = subject
        if not os.environ.get(QUICK):
            RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(results)) + b"\n")
    return int(failed)


def write_page() -> None:
    """Put the kept figures into the page of the documentation."""
    results = msgspec.json.decode(RESULTS.read_bytes(), type=report.Results)
    before, _, rest = PAGE.read_text("utf-8").partition(MARKS[0])
    after = rest.partition(MARKS[1])[2]
    inside = f"{MARKS[0]}\n\n{report.markdown(results)}\n{MARKS[1]}"
    PAGE.write_text(f"{before}{inside}{after}", "utf-8")


def _kept() -> dict[str, report.Subject]:
    if not RESULTS.exists():
        return {}
    return msgspec.json.decode(RESULTS.read_bytes(), type=report.Results).subjects


def _run(name: str) -> report.Subject:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "figures.json")
        command = [sys.executable, "-m", f"benchmarks.{name}", "--json", str(file)]
        with subprocess.Popen(command, cwd=ROOT, start_new_session=True) as running:
            try:
                code = running.wait(LONGEST)
            except subprocess.TimeoutExpired:
                os.killpg(running.pid, signal.SIGKILL)
                return report.Subject(failed=f"it took more than {LONGEST} s")
        if not file.exists():
            return report.Subject(failed=f"exit code {code}")
        subject = msgspec.json.decode(file.read_bytes(), type=report.Subject)
        subject.failed = f"exit code {code}" if code else ""
        return subject


def _show(figure: Figure) -> None:
    for row in report.rows(figure):
        _print_row(row)
    if figure.note:
        print(f"    {figure.note}", flush=True)


def _print_row(cells: tuple[str, ...]) -> None:
    *most, last = cells
    padded = [cell.ljust(width) for cell, width in zip(most, _WIDTHS, strict=True)]
    print(" ".join([*padded, last]).rstrip(), flush=True)
