"""Measure ours and the alternatives in turn."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from benchmarks.harness.figure import Better, Compared, Figure, Measure

QUICK = "IBFLOW_NB_BENCH_QUICK"
Measured = Mapping[str, float]
_Size = TypeVar("_Size")


class Absent(Exception):
    """Something that is needed to measure is not there; the text says what."""


def quick() -> bool:
    """Tell whether this is a smoke test: one repeat, small data, no figures to keep."""
    return bool(os.environ.get(QUICK))


def sized(full: _Size, small: _Size) -> _Size:
    """Give the size of the data: the full one, or the small one of a smoke test."""
    return small if quick() else full


def compare(
    name: str,
    ours: Callable[[], float],
    alternatives: Mapping[str, Callable[[], float]],
    *,
    unit: str,
    better: Better,
    goals: Mapping[str, float] | None = None,
    limit: float | None = None,
    repeats: int = 5,
    note: str = "",
) -> Figure:
    """Measure one value of ours and of each alternative.

    Args:
        name: what is measured.
        ours: gives our value.
        alternatives: give theirs, by name. One that raises :class:`Absent` or ImportError is
            told as absent.
        unit: of the values.
        better: which values are the good ones.
        goals: the ratio of ours to an alternative that is to be reached, by its name.
        limit: what our own value has to keep, in the unit.
        repeats: how often each is measured, in turn, so that drift of the machine hits all.
        note: what one has to know to read the figure.
    """
    measure = Measure(name, unit, better, goals or {}, limit, note)
    others = {other: _single(name, run) for other, run in alternatives.items()}
    (figure,) = compare_all(_single(name, ours), others, [measure], repeats=repeats)
    return figure


def compare_all(
    ours: Callable[[], Measured],
    alternatives: Mapping[str, Callable[[], Measured]],
    measures: Iterable[Measure],
    *,
    repeats: int = 5,
) -> list[Figure]:
    """Measure several values of each run; the callables give them by the names of the measures.

    An alternative is left out of the figures of the values that it does not give.
    """
    runs: list[Measured] = []
    others: dict[str, list[Measured]] = {name: [] for name in alternatives}
    absent: dict[str, str] = {}
    for _ in range(1 if quick() else repeats):
        runs.append(ours())
        for name, run in alternatives.items():
            if name in absent:
                continue
            try:
                others[name].append(run())
            except (Absent, ImportError) as error:
                absent[name] = str(error)
    return [_figure(measure, runs, others, absent) for measure in measures]


def _figure(
    measure: Measure,
    runs: list[Measured],
    others: Mapping[str, list[Measured]],
    absent: Mapping[str, str],
) -> Figure:
    values = [run[measure.name] for run in runs]
    compared = []
    for name, theirs in others.items():
        goal = measure.goals.get(name)
        if name in absent:
            compared.append(Compared(name, goal=goal, absent=absent[name]))
        elif measure.name in theirs[0]:
            other = [run[measure.name] for run in theirs]
            pairs = zip(values, other, strict=True)
            ratios = [mine / max(its, sys.float_info.min) for mine, its in pairs]
            compared.append(Compared(name, other, ratios, goal))
    return Figure(
        measure.name, measure.unit, measure.better, values, compared, measure.limit, measure.note
    )


def _single(name: str, run: Callable[[], float]) -> Callable[[], Measured]:
    return lambda: {name: run()}
