"""Functions that read tables by the positions of their columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from ibflow_nb.local.refiner.context import Context
from ibflow_nb.local.refiner.labels import find_label, label_key
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
        text belongs to the row below if that has none in its column, else to the row above. Its
        JSON text is a list of rows, the first the headers. Empty if no line has the words of
        the header.
    """
    rows = context.reading.rows
    label_key(header)
    wanted = [label_key(word) for word in header.split() if any(map(str.isalnum, word))]
    found = _header_index(rows, wanted)
    if found is None:
        return EMPTY
    columns = segments(rows[found])
    headers = _unique([row_text(column).text for column in columns])
    lines = _Lines(len(columns))
    for row in _body(rows, found, wanted, stop):
        context.check_time()
        cells = _cells(row, columns)
        filled = [index for index, cell in enumerate(cells) if cell.text]
        if len(filled) > 1 or len(columns) == 1:
            lines.add(cells)
        elif _fits(row, columns, filled[0]):
            lines.add_lone(filled[0], cells[filled[0]])
        else:
            break
    return Table(
        headers,
        tuple(Mapping(tuple(zip(headers, cells, strict=True))) for cells in lines.finish()),
    )


class _Lines:
    """Collects the rows of a table; a lone text is part of the row below or above it.

    It leads the row below if that has nothing in its column, else it continues the row above.
    """

    def __init__(self, width: int) -> None:
        self._width = width
        self._lines: list[list[Text]] = []
        self._lone: tuple[int, Text] | None = None

    def add(self, cells: list[Text]) -> None:
        """Take a row with several texts."""
        if self._lone is not None and not cells[self._lone[0]].text:
            cells[self._lone[0]] = self._lone[1]
            self._lone = None
        self._settle()
        self._lines.append(cells)

    def add_lone(self, index: int, text: Text) -> None:
        """Take a row with one text, in the column of this index."""
        self._settle()
        self._lone = (index, text)

    def finish(self) -> list[list[Text]]:
        """Give the rows."""
        self._settle()
        return self._lines

    def _settle(self) -> None:
        if self._lone is None:
            return
        index, text = self._lone
        self._lone = None
        if not self._lines:
            self._lines.append([EMPTY] * self._width)
        parts = [part for part in (self._lines[-1][index], text) if part.text]
        self._lines[-1][index] = join_texts(parts, " ")


def _header_index(rows: Sequence[Row], wanted: Sequence[str]) -> int | None:
    """Find the line with the most words of the header; at least two of three are needed."""
    scores = [_score(row, wanted) for row in rows]
    best = max(scores, default=0)
    return scores.index(best) if best and 3 * best >= 2 * len(wanted) else None


def _score(row: Row, wanted: Sequence[str]) -> int:
    score = skip = 0
    for key in wanted:
        match = next(find_label(key, row, skip), None)
        if match is not None:
            score += 1
            skip = row.tokens.index(match.last) + 1
    return score


def _body(rows: Sequence[Row], found: int, wanted: Sequence[str], stop: str) -> Iterator[Row]:
    """Yield the rows below a header line, over pages that repeat it."""
    ending = label_key(stop) if stop else ""
    pitch = _pitch(rows[found + 1 :], rows[found])
    before = rows[found]
    past = False  # below the table's end on this page: footers
    for row in rows[found + 1 :]:
        if row[0].page != before[0].page:
            if not _repeats(rows, row, wanted):
                return
            past = False
        elif _top(row) - _top(before) > _FAR * pitch:
            past = True
        if ending and next(find_label(ending, row), None):
            return
        before = row
        if not past and 3 * _score(row, wanted) < 2 * len(wanted):
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


def _fits(row: Row, columns: Sequence[Row], index: int) -> bool:
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
