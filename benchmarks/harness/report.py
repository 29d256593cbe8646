"""Figures as rows of a table, and as what is kept of a run."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import statistics
from collections.abc import Iterable, Iterator

import msgspec

from benchmarks.harness.figure import Compared, Figure

COLUMNS = ("what", "ours", "alternative", "its", "ratio", "goal", "met")
# Packages whose version can change a figure.
PACKAGES = (
    "ipython", "ipykernel", "httpx", "msgspec", "pandas", "numpy", "pyarrow", "starlette",
    "uvicorn", "pypdfium2", "rapidocr", "onnxruntime", "tesserocr", "distributed",
    "jupysql", "bigquery-magics", "requests", "kreuzberg", "pdfplumber", "ocrmypdf",
)  # fmt: skip


class Machine(msgspec.Struct):
    """Where figures were measured: nothing that names the machine."""

    system: str
    processors: int
    python: str
    packages: dict[str, str]


class Subject(msgspec.Struct):
    """The figures of one benchmark.

    Attributes:
        figures: those that were measured.
        missing: what is not on this machine and would be needed for the others.
        failed: how the benchmark ended before its time.
    """

    figures: list[Figure] = []
    missing: str = ""
    failed: str = ""


class Results(msgspec.Struct):
    """What ``results.json`` holds, by benchmark."""

    machine: Machine
    subjects: dict[str, Subject] = {}


def this_machine() -> Machine:
    """Describe this machine."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    system = f"{platform.system()} {platform.machine()}"
    return Machine(system, os.cpu_count() or 1, platform.python_version(), versions)


def rows(figure: Figure) -> Iterator[tuple[str, ...]]:
    """Give the cells of a figure: a row for its own limit, and one for each alternative."""
    first = (figure.name, f"{spread(figure.values)} {figure.unit}")
    if figure.limit is not None or not figure.alternatives:
        yield *first, "", "", "", _goal(figure, figure.limit, figure.unit), _met(figure)
        first = ("", "")
    for other in figure.alternatives:
        yield *first, other.name, *_against(figure, other)
        first = ("", "")


def _against(figure: Figure, other: Compared) -> tuple[str, ...]:
    goal = _goal(figure, other.goal, "x")
    if other.absent:
        return (f"not measured: {other.absent}", "", goal, "")
    met = "" if other.goal is None else _answer(figure.reaches(other.ratios, other.goal))
    return (f"{spread(other.values)} {figure.unit}", spread(other.ratios), goal, met)


def _met(figure: Figure) -> str:
    return "" if figure.limit is None else _answer(figure.reaches(figure.values, figure.limit))


def _answer(met: bool) -> str:
    return "yes" if met else "NO"


def _goal(figure: Figure, goal: float | None, unit: str) -> str:
    if goal is None:
        return ""
    return f"{'≤' if figure.better == 'lower' else '≥'} {number(goal)} {unit}"


def spread(values: list[float]) -> str:
    """Write the median, and the range where there is one."""
    middle = number(statistics.median(values))
    if len(values) == 1:
        return middle
    return f"{middle} [{number(min(values))}-{number(max(values))}]"


def number(value: float) -> str:
    """Write a number with three digits that count."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def markdown(results: Results) -> str:
    """Write all figures as a page's part: a table for each benchmark, its notes, the machine."""
    machine = results.machine
    versions = ", ".join(f"{name} {version}" for name, version in machine.packages.items())
    lines = [f"{machine.system}, {machine.processors} cores, Python {machine.python}; {versions}."]
    for name, subject in sorted(results.subjects.items()):
        lines += ["", f"### {name}", ""]
        if subject.figures:
            lines += [_line(COLUMNS), _line(["---"] * len(COLUMNS))]
            lines += [_line(row) for figure in subject.figures for row in rows(figure)]
        if reason := subject.failed or subject.missing:
            lines += ["", f"Not all was measured: {reason}."]
        notes = [f"* {figure.name}: {figure.note}" for figure in subject.figures if figure.note]
        lines += ["", *notes] if notes else []
    return "\n".join(lines) + "\n"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
