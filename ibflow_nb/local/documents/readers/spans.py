"""Cells of HTML tables that span columns or rows: empty cells are put where they reach."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree, html

_CELLS = ("td", "th")
_MAX_SPAN = 50  # a larger one is a mistake or an attack


def expand_spans(tree: html.HtmlElement) -> None:
    """Give each row of each table below ``tree`` a cell in every column, in place.

    A renderer that knows no spans then keeps the columns below their headings.
    """
    for table in list(tree.iter("table")):
        reaching: dict[int, int] = {}  # column -> following rows that a cell above covers
        for row in list(_rows(table)):
            _expand_row(row, reaching)


def _rows(table: etree._Element) -> Iterator[etree._Element]:
    """Yield the rows of a table without those of tables inside it."""
    for child in table:
        if child.tag == "tr":
            yield child
        elif child.tag in ("thead", "tbody", "tfoot"):
            yield from _rows(child)


def _expand_row(row: etree._Element, reaching: dict[int, int]) -> None:
    column = 0
    for cell in [child for child in row if child.tag in _CELLS]:
        while reaching.get(column):
            reaching[column] -= 1
            cell.addprevious(html.Element("td"))
            column += 1
        width, height = _span(cell, "colspan"), _span(cell, "rowspan")
        for _ in range(width - 1):
            cell.addnext(html.Element("td"))
        if height > 1:
            reaching.update(dict.fromkeys(range(column, column + width), height - 1))
        column += width
    for covered in sorted(column for column, rows in reaching.items() if rows):
        if covered >= column:
            reaching[covered] -= 1
            row.extend([html.Element("td") for _ in range(covered - column + 1)])
            column = covered + 1


def _span(cell: etree._Element, name: str) -> int:
    value = cell.get(name, "1").strip()
    return min(max(int(value), 1), _MAX_SPAN) if value.isascii() and value.isdigit() else 1
