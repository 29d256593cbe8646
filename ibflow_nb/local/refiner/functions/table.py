"""Functions that read tables by the positions of their columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from ibflow_nb.local.refiner.context import Context
from ibflow_nb.local.refiner.labels import find_label, label_key, tokens_of
from ibflow_nb.local.refiner.reading import PlacedWord, Row, row_text, segments
from ibflow_nb.local.refiner.registry import function
from ibflow_nb.local.refiner.values import EMPTY, Mapping, Table, Text, Value, join_texts

_FAR = 3.0  # a gap this many times the usual distance of rows ends a table


@function("table_rows")
def table_rows(context: Context, header: str, stop: str = "") -> Value:
    """Read the table under a header line.

    Args:
        context: of the field.
        header: words of the header line, in order; those that are missing there or misread by
            OCR are forgiven as long as most are found.
        stop: a label whose row ends the table; empty: a row that fits no column, a wide gap
            or the end of the page (a page that repeats the header goes on with the table).

    Returns:
        A table with one column for each column of the header line. A row that has only one
        text and continues a column is added to the row above. Its JSON text is a list of
        rows, the first the headers. Empty if no line has the words of the header.
    """
    rows = context.reading.rows
    wanted = [label_key(word) for word in header.split() if any(map(str.isalnum, word))]
    found = _header_index(rows, wanted)
    if found is None:
        return EMPTY
    columns = segments(rows[found])
    headers = _unique([row_text(column).text for column in columns])
    lines: list[list[Text]] = []
    for row in _body(rows, found, wanted, stop):
        context.check_time()
        cells = _cells(row, columns)
        filled = [index for index, cell in enumerate(cells) if cell.text]
        if len(filled) > 1 or len(columns) == 1:
            lines.append(cells)
        elif lines and _continues(row, columns, filled[0]):
            cell = lines[-1][filled[0]]
            parts = [part for part in (cell, cells[filled[0]]) if part.text]
            lines[-1][filled[0]] = join_texts(parts, " ")
        else:
            break
    return Table(
        headers, tuple(Mapping(tuple(zip(headers, cells, strict=True))) for cells in lines)
    )


def _header_index(rows: Sequence[Row], wanted: Sequence[str]) -> int | None:
    """Find the line with the most words of the header; at least two of three are needed."""
    scores = [_score(row, wanted) for row in rows]
    best = max(scores, default=0)
    return scores.index(best) if best and 3 * best >= 2 * len(wanted) else None


def _score(row: Row, wanted: Sequence[str]) -> int:
    tokens = tokens_of(row)
    score = 0
    for key in wanted:
        match = next(find_label(key, tokens), None)
        if match is not None:
            score += 1
            tokens = tokens[tokens.index(match.last) + 1 :]
    return score


def _body(rows: Sequence[Row], found: int, wanted: Sequence[str], stop: str) -> Iterator[Row]:
    """Yield the rows below a header line, over pages that repeat it."""
    ending = label_key(stop) if stop else ""
    pitch = _pitch(rows[found + 1 :], rows[found])
    before = rows[found]
    for row in rows[found + 1 :]:
        if row[0].page != before[0].page:
            if not _repeats(rows, row, wanted):
                return
        elif _top(row) - _top(before) > _FAR * pitch:
            return
        if ending and next(find_label(ending, tokens_of(row)), None):
            return
        before = row
        if 3 * _score(row, wanted) < 2 * len(wanted):
            yield row


def _repeats(rows: Sequence[Row], first: Row, wanted: Sequence[str]) -> bool:
    return 3 * _score(first, wanted) >= 2 * len(wanted) and first in rows


def _pitch(rows: Sequence[Row], header: Row) -> float:
    page = header[0].page
    tops = [_top(header), *(_top(row) for row in rows if row[0].page == page)]
    steps = [below - above for above, below in pairwise(tops) if below > above]
    return median(steps) if steps else header[0].height


def _top(row: Row) -> float:
    return min(word.top for word in row)


def _cells(row: Row, columns: Sequence[Row]) -> list[Text]:
    cells: list[list[PlacedWord]] = [[] for _ in columns]
    for segment in segments(row):
        touched = [index for index, column in enumerate(columns) if _overlap(segment, column) > 0]
        if len(touched) > 1:
            for word in segment:
                cells[_nearest([word], columns)].append(word)
        else:
            cells[_nearest(segment, columns)] += segment
    return [row_text(words) for words in cells]


def _nearest(words: Sequence[PlacedWord], columns: Sequence[Row]) -> int:
    """Give the column that words stand under: most overlap, or smallest distance."""
    return max(range(len(columns)), key=lambda index: _overlap(words, columns[index]))


def _overlap(words: Sequence[PlacedWord], column: Row) -> float:
    """Give the common width; negative the distance."""
    return min(words[-1].right, column[-1].right) - max(words[0].left, column[0].left)


def _continues(row: Row, columns: Sequence[Row], index: int) -> bool:
    """Whether a single text stays within the width that its column has."""
    after = index + 1
    return after == len(columns) or row[-1].right <= columns[after][0].left


def _unique(names: list[str]) -> tuple[str, ...]:
    """Number the headers that occur twice, so that each names one column."""
    seen: dict[str, int] = {}
    unique = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        unique.append(name if seen[name] == 1 else f"{name} {seen[name]}")
    return tuple(unique)
