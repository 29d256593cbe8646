"""How complete a run is and how sure: a bar of fill and a strip of confidences a field."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from statistics import median
from typing import TYPE_CHECKING

from ibflow_nb.api.results import Field, ResultRecord
from ibflow_nb.frames.pictures import svg
from ibflow_nb.frames.pictures.pages import is_doubtful

if TYPE_CHECKING:
    import pandas as pd

_BINS = 20
_WIDE, _TALL = 200, 20
_LEGEND = (
    (svg.SURE, "value"),
    (svg.DOUBT, "doubtful value"),
    (svg.FAILED, "failed"),
    (svg.TRACK, "none"),
)


@dataclass
class FieldChart:
    """What a run says of one field.

    Attributes:
        key: the field.
        sure, doubtful, failed, missing: records by what they have.
        confidences: of all its values, where known.
    """

    key: str
    sure: int = 0
    doubtful: int = 0
    failed: int = 0
    missing: int = 0
    confidences: list[float] = field(default_factory=list)

    @property
    def fill_rate(self) -> float:
        """Share of the records that have a value, 0 to 1."""
        return (self.sure + self.doubtful) / self.total if self.total else 0.0

    @property
    def total(self) -> int:
        """Number of records."""
        return self.sure + self.doubtful + self.failed + self.missing

    @property
    def median(self) -> float | None:
        """The confidence in the middle, None where none is known."""
        return median(self.confidences) if self.confidences else None

    def count(self, extracted: Field | None, threshold: float) -> None:
        """Count the field of one more record."""
        if extracted is not None and extracted.failed:
            self.failed += 1
            return
        if extracted is None or not (extracted.value or "").strip():
            self.missing += 1
            return
        if extracted.model_confidence is not None:
            self.confidences.append(extracted.model_confidence)
        if is_doubtful(extracted, threshold):
            self.doubtful += 1
        else:
            self.sure += 1


class Charts:
    """Fill rate and confidence of each field of a run; shows itself as HTML in a notebook.

    Attributes:
        fields: in the order in which they are first seen; records of failed files have none.
    """

    def __init__(self, records: Iterable[ResultRecord], *, threshold: float) -> None:
        self.threshold = threshold
        by_record = [{found.key: found for found in record.results} for record in records]
        keys = dict.fromkeys(key for found in by_record for key in found)
        self.fields = [_chart(key, by_record, threshold) for key in keys]

    def to_frame(self) -> pd.DataFrame:
        """Give one row a field: ``key, fill_rate, sure, doubtful, failed, missing, median``.

        The median is that of the confidences, NA where none is known.
        """
        import pandas as pd

        names = ("key", "fill_rate", "sure", "doubtful", "failed", "missing", "median")
        return pd.DataFrame(
            {name: [getattr(chart, name) for chart in self.fields] for name in names}
        ).astype({"median": "float64"})

    def __repr__(self) -> str:
        lines = [f"{chart.key}: {_told(chart)}" for chart in self.fields]
        return "\n".join(lines) or "There are no fields to chart."

    def _repr_html_(self) -> str:
        if not self.fields:
            return "<p>There are no fields to chart.</p>"
        heads = (
            "field",
            "records with a value",
            "",
            f"confidence 0 to 1 (line at {self.threshold:g})",
            "",
        )
        rows = (_row(chart, self.threshold) for chart in self.fields)
        return f"<div>{svg.table(heads, rows)}{svg.legend(_LEGEND)}</div>"


def _chart(key: str, by_record: Sequence[dict[str, Field]], threshold: float) -> FieldChart:
    chart = FieldChart(key)
    for found in by_record:
        chart.count(found.get(key), threshold)
    return chart


def _row(chart: FieldChart, threshold: float) -> tuple[str, ...]:
    middle = "" if chart.median is None else f"median {chart.median:.2f}"
    rate = f"{chart.fill_rate:.0%}"
    return escape(chart.key), _bar(chart), rate, _strip(chart, threshold), middle


def _bar(chart: FieldChart) -> str:
    """Draw how many records have a sure value, a doubtful one, an error or nothing."""
    parts, left = [], 0.0
    for count, colour in (
        (chart.sure, svg.SURE),
        (chart.doubtful, svg.DOUBT),
        (chart.failed, svg.FAILED),
        (chart.missing, svg.TRACK),
    ):
        width = _WIDE * count / chart.total
        parts.append(svg.bar(left, 3, width, 14, colour))
        left += width
    return svg.picture(_told(chart), "".join(parts), _WIDE, _TALL)


def _strip(chart: FieldChart, threshold: float) -> str:
    """Draw the distribution of the confidences, and where the threshold is."""
    if not chart.confidences:
        return '<span style="opacity:.65">not known</span>'
    counts = [0] * _BINS
    for confidence in chart.confidences:
        counts[min(max(int(confidence * _BINS), 0), _BINS - 1)] += 1
    step, most = _WIDE / _BINS, max(counts)
    bars = "".join(
        svg.bar(
            index * step + 0.5,
            _TALL - tall,
            step - 1,
            tall,
            svg.SURE if (index + 0.5) / _BINS >= threshold else svg.DOUBT,
        )
        for index, count in enumerate(counts)
        if count and (tall := max(2.0, (_TALL - 2) * count / most))
    )
    lines = (
        f'<path d="M0 {_TALL - 0.5}H{_WIDE}" stroke="currentColor" stroke-opacity=".4"/>'
        f'<path d="M{_WIDE * threshold:.2f} 0V{_TALL}" stroke="currentColor"'
        ' stroke-opacity=".7" stroke-dasharray="2 2"/>'
    )
    told = f"{chart.key}: confidences {min(chart.confidences):.2f} to {max(chart.confidences):.2f}"
    return svg.picture(told, bars + lines, _WIDE, _TALL)


def _told(chart: FieldChart) -> str:
    sure = "" if chart.median is None else f", median confidence {chart.median:.2f}"
    return (
        f"{chart.fill_rate:.0%} of {chart.total} records have a value"
        f" ({chart.doubtful} doubtful, {chart.failed} failed, {chart.missing} without){sure}"
    )
