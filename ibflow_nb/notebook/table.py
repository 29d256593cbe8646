"""A list of things shown as a table: jobs, files, log lines."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")
_LEFT = "text-align:left"
Columns = Mapping[str, Callable[[T], str]]


class CsvText(str):
    """CSV that shows itself as it is, not in quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class Table(Sequence[T], Generic[T]):
    """A read-only list that shows itself as a table.

    Args:
        items: the things.
        columns: title of each column, and the text of a thing in it.
        empty: sentence shown instead of a table without rows.
    """

    def __init__(self, items: Sequence[T], columns: Columns[T], *, empty: str) -> None:
        self._items = list(items)
        self._columns = columns
        self._empty = empty

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Table[T]: ...
    def __getitem__(self, index: int | slice) -> T | Table[T]:
        if isinstance(index, slice):
            return Table(self._items[index], self._columns, empty=self._empty)
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        return iter(self._items)

    def rows(self) -> list[list[str]]:
        """Give the text of every cell, row by row."""
        return [[text(item) for text in self._columns.values()] for item in self._items]

    def to_frame(self) -> pd.DataFrame:
        """Give the table as a frame of strings."""
        import pandas as pd

        return pd.DataFrame(self.rows(), columns=list(self._columns))

    def __repr__(self) -> str:
        if not self._items:
            return self._empty
        lines = [list(self._columns), *self.rows()]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        )

    def _repr_html_(self) -> str:
        if not self._items:
            return f"<p>{escape(self._empty)}</p>"
        head = "".join(
            f'<th scope="col" style="{_LEFT}">{escape(title)}</th>' for title in self._columns
        )
        body = "".join(f"<tr>{_cells(row)}</tr>" for row in self.rows())
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def clock(timestamp: int | None) -> str:
    """Give Unix seconds as local date and time; nothing for no moment."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(timestamp)) if timestamp else ""


def _cells(row: list[Any]) -> str:
    return "".join(f'<td style="{_LEFT}">{escape(cell)}</td>' for cell in row)
