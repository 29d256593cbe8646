"""The HTML of a comparison: the outcomes of each field, then each value that is not the same."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import pandas as pd

from ibflow_nb.frames.comparison import OUTCOMES, Comparison, Difference
from ibflow_nb.frames.html import MAX_TEXT, shorten

_MOST_ROWS = 200
_LEAD = 20  # characters shown before the first difference
_CELL = "text-align:left;vertical-align:top;padding:.2em .7em"
# Translucent, so that they tint light and dark pages alike.
_TINTS = {
    "same": "rgba(47,158,110,.18)",
    "changed": "rgba(224,138,30,.28)",
    "missing": "rgba(209,73,91,.28)",
    "new": "rgba(37,99,235,.22)",
}


def render(comparison: Comparison) -> str:
    """Draw what two runs have in common and what not."""
    unlike = [field for field in comparison.fields if field.outcome != "same"]
    heads = ["file", "field", "outcome", "here", "there"]
    more = len(unlike) - _MOST_ROWS
    return (
        f'<div style="max-width:100%;overflow-x:auto"><p>{comparison.summary}</p>'
        + _table(["field", *OUTCOMES, "accuracy"], _accuracy_rows(comparison))
        + (_table(heads, "".join(map(_row, unlike[:_MOST_ROWS]))) if unlike else "")
        + (f"<p>{more:,} more: to_frame()</p>" if more > 0 else "")
        + "</div>"
    )


def _accuracy_rows(comparison: Comparison) -> str:
    rows = []
    for key, row in comparison.accuracy.iterrows():
        cells = [_cell(escape(str(key)))]
        cells += [
            _cell(f"{int(row[outcome])}", _TINTS[outcome] if row[outcome] else "")
            for outcome in OUTCOMES
        ]
        cells.append(_cell("&mdash;" if pd.isna(row["accuracy"]) else f"{row['accuracy']:.1%}"))
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return "".join(rows)


def _table(heads: Sequence[str], rows: str) -> str:
    head = "".join(f'<th scope="col" style="{_CELL}">{title}</th>' for title in heads)
    return (
        '<table style="border-collapse:collapse;margin:0 0 1em">'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _row(field: Difference) -> str:
    name = field.file_name + (f" #{field.record_index}" if field.record_index else "")
    tint = _TINTS[field.outcome]
    cells = [_cell(escape(name)), _cell(escape(field.key)), _cell(field.outcome, tint)]
    alike = _alike(field.here or "", field.there or "")
    cells += [_value(value, alike, tint) for value in (field.here, field.there)]
    return f"<tr>{''.join(cells)}</tr>"


def _alike(here: str, there: str) -> int:
    """Count the characters at the beginning that two texts have in common."""
    pairs = enumerate(zip(here, there, strict=False))
    return next((at for at, (left, right) in pairs if left != right), min(len(here), len(there)))


def _value(value: str | None, alike: int, tint: str) -> str:
    """Draw a value, what differs in bold; of a long one the part that differs first.

    Args:
        value: the value, or None.
        alike: characters at its beginning that the other value has too.
        tint: colour behind it.
    """
    if value is None:
        return _cell("&mdash;", tint)
    start = 0 if len(value) <= MAX_TEXT or alike <= _LEAD else alike - _LEAD
    same, differs = value[start:alike], shorten(value[alike:])
    if not alike:
        shown = escape(differs)
    else:
        shown = f"{'…' if start else ''}{escape(same)}<b>{escape(differs)}</b>"
    title = f' title="{escape(value)}"' if start or len(value) > MAX_TEXT else ""
    return _cell(f"<span{title}>{shown}</span>", tint)


def _cell(content: str, tint: str = "") -> str:
    return f'<td style="{_CELL}{f";background:{tint}" if tint else ""}">{content}</td>'
