"""Functions that read by position on the page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import islice

from ibflow_nb.local.refiner.context import Context
from ibflow_nb.local.refiner.errors import FieldError
from ibflow_nb.local.refiner.labels import Match, find_label, label_key
from ibflow_nb.local.refiner.reading import PlacedWord, Row, row_text, segments
from ibflow_nb.local.refiner.registry import function
from ibflow_nb.local.refiner.values import EMPTY, Text, join_texts

_SAME_ROW = 0.5  # common height, as a share of the smaller box, of words beside each other
_NEIGHBOURS = 3  # lines above and below in which a skewed row may go on
# What stands between a label and its value, the sign of "No." among it; a minus or a point may
# belong to a number.
_SEPARATOR = re.compile(r"(?:[\s:\uFF1A=#\u00B0\u00BA]|\.(?!\d)|[-\u2013\u2014](?=\s|$))+")


@function("scan_right")
def scan_right(context: Context, text: Text, label: str, stop: str = "") -> Text:
    """Read what stands to the right of a label on the same row of the page.

    Args:
        context: of the field.
        text: where to look, such as ``INPUT_COL``.
        label: in any case; letters that OCR confuses, and a wrong letter or two in a longer
            label, are forgiven. The best reading of the label with something to its right is
            taken, the first of equals.
        stop: a label that ends the value; empty for the end of the row.

    Returns:
        The value without the separator in front, its words with single spaces between them;
        empty if there is no such label.
    """
    rows = context.reading.rows_of(text)
    for index, match in _occurrences(rows, label):
        context.check_time()
        beside = _words_beside(rows, index, match)
        value = _without_separator(row_text(_until(beside, stop) if stop else beside))
        if value.text:
            return value
    return EMPTY


@function("scan_below")
def scan_below(context: Context, text: Text, label: str, lines: int = 1) -> Text:
    """Read what stands below a label, in its column.

    Args:
        context: of the field.
        text: where to look, such as ``INPUT_COL``.
        label: found as by ``scan_right``.
        lines: how many rows to read; rows with nothing in the label's column are passed over.

    Returns:
        The rows with line breaks between them; empty if there is no such label.
    """
    rows = context.reading.rows_of(text)
    for index, match in _occurrences(rows, label):
        context.check_time()
        found = list(islice(_column(rows, index, match), max(lines, 0)))
        if found:
            return join_texts([row_text(part) for part in found], "\n")
    return EMPTY


@function("scan_box")
def scan_box(
    context: Context, left: Decimal, top: Decimal, right: Decimal, bottom: Decimal, page: int = 1
) -> Text:
    """Read the words whose middle lies in a box.

    Args:
        context: of the field.
        left: fraction of the page's width, 0 to 1, from its left edge.
        top: fraction of its height, from its top.
        right: as ``left``.
        bottom: as ``top``.
        page: of the record, from 1.

    Returns:
        The words, row by row; empty if there are none or no such page.

    Raises:
        FieldError: the box is not inside the page.
    """
    if not (0 <= left <= right <= 1 and 0 <= top <= bottom <= 1):
        raise FieldError("scan_box needs left <= right and top <= bottom, fractions from 0 to 1.")
    size = context.reading.page_size(page - 1)
    if size is None:
        return EMPTY
    box = (
        float(left) * size[0],
        float(top) * size[1],
        float(right) * size[0],
        float(bottom) * size[1],
    )
    rows = (_words_inside(row, box) for row in context.reading.rows if row[0].page == page - 1)
    return join_texts([row_text(words) for words in rows if words], "\n")


def _occurrences(rows: list[Row], label: str) -> Iterator[tuple[int, Match]]:
    """Yield the indices of the rows with a label, those with the fewest errors first."""
    key = label_key(label)
    found = [(index, match) for index, row in enumerate(rows) for match in find_label(key, row)]
    yield from sorted(found, key=lambda entry: entry[1].errors)


def _words_beside(rows: list[Row], index: int, match: Match) -> list[PlacedWord]:
    """Give the rest of a label's last word, then the words to its right."""
    last = rows[index][match.last.word]
    rest = last.value.cut(match.last.end, len(last.value.text))
    words = [
        word
        for row in rows[max(index - _NEIGHBOURS, 0) : index + _NEIGHBOURS + 1]
        if row[0].page == last.page
        for word in row
        if word.top < last.bottom and word.bottom > last.top and _is_beside(word, last)
    ]
    words.sort(key=lambda word: word.left)
    remainder = PlacedWord(rest, last.page, last.right, last.top, last.right, last.bottom)
    return [remainder, *words]


def _is_beside(word: PlacedWord, other: PlacedWord) -> bool:
    if word is other or word.left < other.right - other.character:
        return False
    common = min(word.bottom, other.bottom) - max(word.top, other.top)
    return common > _SAME_ROW * min(word.height, other.height)


def _until(words: list[PlacedWord], stop: str) -> list[PlacedWord]:
    match = next(find_label(label_key(stop), Row(words)), None)
    return words if match is None else words[: match.first.word]


def _without_separator(value: Text) -> Text:
    value = value.strip()
    match = _SEPARATOR.match(value.text)
    return value.cut(match.end(), len(value.text)) if match else value


def _column(rows: list[Row], index: int, match: Match) -> Iterator[Sequence[PlacedWord]]:
    """Yield, row by row, what stands under a label."""
    label = rows[index][match.first.word : match.last.word + 1]
    left = min(word.left for word in label)
    right = max(word.right for word in label)
    middle = (label[0].top + label[0].bottom) / 2
    for row in rows[index + 1 :]:
        if row[0].page != label[0].page or row[0].top <= middle:
            continue
        under = [
            word
            for segment in segments(row)
            if segment[0].left < right and segment[-1].right > left
            for word in segment
        ]
        if under:
            yield under


def _words_inside(row: Row, box: tuple[float, float, float, float]) -> list[PlacedWord]:
    left, top, right, bottom = box
    return [
        word
        for word in row
        if left <= (word.left + word.right) / 2 <= right
        and top <= (word.top + word.bottom) / 2 <= bottom
    ]
