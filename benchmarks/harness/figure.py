"""What was measured."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Literal

import msgspec

Better = Literal["lower", "higher"]


class Compared(msgspec.Struct):
    """An alternative of a figure.

    Attributes:
        name: what it is.
        values: what was measured, one value a repeat.
        ratios: ours to it, repeat by repeat.
        goal: the ratio to be reached; None where it is only told.
        absent: why there are no values.
    """

    name: str
    values: list[float] = []
    ratios: list[float] = []
    goal: float | None = None
    absent: str = ""


class Figure(msgspec.Struct):
    """One value of ours, beside that of each alternative.

    Attributes:
        name: what is measured.
        unit: of the values: s, MB, pages/s.
        better: which values are the good ones.
        values: ours, one a repeat.
        alternatives: what it is compared with.
        limit: what our own value has to keep, in the unit; None where there is no such goal.
        note: what one has to know to read it.
    """

    name: str
    unit: str
    better: Better
    values: list[float]
    alternatives: list[Compared] = []
    limit: float | None = None
    note: str = ""

    def reaches(self, values: list[float], goal: float) -> bool:
        """Tell whether the median of values or ratios is as good as its goal."""
        value = statistics.median(values)
        return value <= goal if self.better == "lower" else value >= goal


class Measure(msgspec.Struct):
    """One of several values that the same run gives; see :class:`Figure` for the attributes.

    ``goals`` holds the ratio of ours to an alternative that is to be reached, by its name.
    """

    name: str
    unit: str
    better: Better
    goals: Mapping[str, float] = {}
    limit: float | None = None
    note: str = ""
