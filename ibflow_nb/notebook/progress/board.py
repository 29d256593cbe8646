"""Many jobs in words and as HTML: counted by state, then a line and a bar each."""

from __future__ import annotations

import time
from html import escape

from ibflow_nb.jobs.overview import Overview, Row
from ibflow_nb.notebook.progress import card
from ibflow_nb.notebook.progress.describe import Description, describe
from ibflow_nb.notebook.progress.output import Told

SHOWN = 50
"""Lines at most; those that go on come first."""
_GRID = (
    "display:grid;grid-template-columns:repeat(7,auto);column-gap:12px;justify-content:start;"
    "white-space:nowrap;overflow-x:auto"
)


def tell(overview: Overview, *, fixed: bool = False, now: float | None = None) -> Told:
    """Put many jobs into words.

    Args:
        overview: how they stand.
        fixed: leave out what differs from run to run (ids and times).
        now: Unix time; default the clock's.
    """
    now = time.time() if now is None else now
    rows = sorted(overview.rows, key=lambda row: not row.going)
    described = [_describe(row, fixed, now) for row in rows[:SHOWN]]
    summary = overview.counts_in_words or "No such jobs"
    more = f"and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
    remarks = [remark for remark in (more, overview.note) if remark]
    return Told(
        summary,
        summary,
        "\n".join([summary, *_lines(described), *remarks]),
        _html(summary, described, remarks),
    )


def _describe(row: Row, fixed: bool, now: float) -> Description:
    snapshot = row.job
    if row.lost:
        snapshot = snapshot.replace(message="the server lists it no more")
    return describe(snapshot, row.title, now=now, fixed=fixed)


def _lines(described: list[Description]) -> list[str]:
    table = [[words.word, f"{words.fraction:4.0%}", *_texts(words)] for words in described]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) for cell, width in zip(line, widths, strict=True) if width
        ).rstrip()
        for line in table
    ]


def short(job_id: str) -> str:
    """Give the beginning of an id, which is enough for every command."""
    return job_id[:13]


def _texts(words: Description) -> list[str]:
    return [words.title, words.counts, words.elapsed, short(words.reference), words.message]


def _html(summary: str, described: list[Description], remarks: list[str]) -> str:
    rows = "".join(_row(words) for words in described)
    below = "".join(f"<div>{escape(remark)}</div>" for remark in remarks)
    return (
        f'<div style="{card.FRAME}"><div style="font-weight:600">{escape(summary)}</div>'
        f'<div style="{_GRID}">{rows}</div>{below}</div>'
    )


def _row(words: Description) -> str:
    state = f'<span style="color:{card.colour(words.state)}">{escape(words.word)}</span>'
    bar = f'<div style="width:8em;align-self:center">{card.bar(words)}</div>'
    return state + bar + "".join(f"<span>{escape(text)}</span>" for text in _texts(words))
