"""The text of one page: its words on a grid of characters.

Words that share a height band form a line; inside a line, words with an ordinary space between
them form a segment. A segment starts at the column its left edge has on a grid of the page's
character width, moved right where the text before it needs the room; segments with the same left
edge share one column, so that table columns stay aligned.
"""

from __future__ import annotations

from itertools import pairwise
from operator import attrgetter
from statistics import median

from ibflow_nb.local.documents.record import Word

CELL_WIDTH = 8.0
CELL_HEIGHT = 16.0

_SEGMENT_GAP = 1.6  # a gap wider than this many characters separates two columns
_HEIGHT_GAP = 0.64  # and than this share of the height of the words beside it
_SAME_EDGE = 0.6  # left edges closer than this many characters are one column
_DENSE_SHARE = 0.25  # share of the characters that may be narrower than the page's cell
_MAX_COLUMNS = 400  # columns of a page that is not a text grid


def render_page(lines: list[list[Word]], width: float) -> str:
    """Render a page's lines; the offsets of its words count from the page's start."""
    words = [word for line in lines for word in line]
    if not words:
        return ""
    grid = _is_grid(words)
    for word in words:
        if not grid:
            word.line_height = word.end_y - word.start_y
            word.word_width = word.end_x - word.start_x
            word.char_width = word.word_width / len(word.word)
    cell = CELL_WIDTH if grid else max(_cell_width(words), width / _MAX_COLUMNS, 0.1)
    origin = 0.0 if grid else min(word.start_x for word in words)
    segments = [_split_segments(line, cell) for line in lines]
    _assign_columns(segments, cell, origin)
    return _write(segments, _blank_lines(lines, grid=grid))


def _is_grid(words: list[Word]) -> bool:
    return all(
        word.char_width == CELL_WIDTH
        and word.line_height == CELL_HEIGHT
        and word.start_x % CELL_WIDTH == 0
        and word.start_y % CELL_HEIGHT == 0
        for word in words
    )


def _cell_width(words: list[Word]) -> float:
    """Give a character width that all but the densest quarter of the page's text fits in."""
    widths = sorted((word.char_width, len(word.word)) for word in words)
    remaining = _DENSE_SHARE * sum(length for _, length in widths)
    for width, length in widths:
        remaining -= length
        if remaining <= 0:
            return width
    return widths[-1][0]


class _Segment:
    """Words of a line with ordinary spaces between them."""

    __slots__ = ("column", "left", "previous", "text", "words")

    def __init__(self, words: list[Word], previous: _Segment | None) -> None:
        self.words = words
        self.text = " ".join([word.word for word in words])
        self.left = words[0].start_x
        self.previous = previous
        self.column = 0

    @property
    def end(self) -> int:
        """Column after the last character."""
        return self.column + len(self.text)


def _split_segments(line: list[Word], cell: float) -> list[_Segment]:
    segments: list[_Segment] = []
    begin = 0
    reach, height = line[0].end_x, line[0].line_height
    for index, word in enumerate(line):
        gap = word.start_x - reach
        if gap > _SEGMENT_GAP * cell and gap > _HEIGHT_GAP * min(height, word.line_height):
            segments.append(_Segment(line[begin:index], segments[-1] if segments else None))
            begin = index
        height = word.line_height
        if word.end_x > reach:
            reach = word.end_x
    segments.append(_Segment(line[begin:], segments[-1] if segments else None))
    return segments


def _assign_columns(lines: list[list[_Segment]], cell: float, origin: float) -> None:
    """Give each segment its column, from left to right over the whole page."""
    ordered = sorted(
        (segment for line in lines for segment in line),
        key=attrgetter("left"),
    )
    column: list[_Segment] = []
    for segment in ordered:
        if column and segment.left - column[0].left > _SAME_EDGE * cell:
            _place(column, cell, origin)
            column = []
        column.append(segment)
    _place(column, cell, origin)


def _place(segments: list[_Segment], cell: float, origin: float) -> None:
    """Start segments with one left edge at the first column where all of them have room."""
    wanted = round((segments[0].left - origin) / cell)
    needed = max((s.previous.end + 2 for s in segments if s.previous), default=0)
    for segment in segments:
        segment.column = max(wanted, needed)


def _blank_lines(lines: list[list[Word]], *, grid: bool) -> list[int]:
    """Count the empty lines in front of each line: all of a grid, else one for a wide gap."""
    if grid:
        rows = [-1, *(round(line[0].start_y / CELL_HEIGHT) for line in lines)]
        return [row - before - 1 for before, row in pairwise(rows)]
    height = median(word.line_height for line in lines for word in line)
    tops = [min(word.start_y for word in line) for line in lines]
    bottoms = [max(word.end_y for word in line) for line in lines]
    gaps = (top - bottom for top, bottom in zip(tops[1:], bottoms, strict=False))
    return [0, *(1 if gap > 0.8 * height else 0 for gap in gaps)]


def _write(lines: list[list[_Segment]], blanks: list[int]) -> str:
    """Write the lines and note the offset of each word."""
    parts: list[str] = []
    offset = 0
    for number, (line, empty) in enumerate(zip(lines, blanks, strict=True)):
        breaks = empty + (number > 0)
        parts.append("\n" * breaks)
        offset += breaks
        position = 0
        for segment in line:
            spaces = max(segment.column - position, 0)
            parts += (" " * spaces, segment.text)
            offset += spaces
            for word in segment.words:
                word.offset = offset
                offset += len(word.word) + 1
            offset -= 1
            position = segment.end
    return "".join(parts)
