"""Tables as text: cells stand below each other in columns made of spaces."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest

GAP = "  "


def align(rows: Iterable[Sequence[str]]) -> str:
    """Lay out rows of cells as text.

    Every column is as wide as its widest line and columns are two spaces apart, so that what
    stands below a heading begins where the heading begins. A cell with line breaks takes
    several lines; rows may have different lengths; an empty row is an empty line.
    """
    cells = [[_lines(cell) for cell in row] for row in rows]
    widths = [
        max(len(line) for lines in column for line in lines)
        for column in zip_longest(*cells, fillvalue=[""])
    ]
    return "\n".join(line for row in cells for line in _row_lines(row, widths))


def _lines(cell: str) -> list[str]:
    return cell.expandtabs(4).strip("\n").splitlines() or [""]


def _row_lines(row: list[list[str]], widths: list[int]) -> list[str]:
    return [
        GAP.join(part.ljust(width) for part, width in zip(parts, widths, strict=False)).rstrip()
        for parts in zip_longest(*row, fillvalue="")
    ] or [""]
