"""CSV and TSV files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ibflow_nb.local.documents.readers.delimited import find_delimiter

Read = Callable[..., list[str]]
Write = Callable[[str, bytes | str], Path]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    """The character that cuts most rows alike separates the cells."""
    rows = [["name", "amount"], ["Smith", "1.50"], ["Jones", "2.75"]]
    assert find_delimiter("\n".join(delimiter.join(row) for row in rows)) == delimiter


def test_decimal_commas_do_not_mislead() -> None:
    """A German table is cut at semicolons although each row has commas too."""
    assert find_delimiter("Name;Betrag\nA;1,50\nB;2,75\n") == ";"


def test_excels_own_line_decides() -> None:
    """A first line ``sep=|`` names the delimiter."""
    assert find_delimiter("sep=|\na,b|c,d\n") == "|"


def test_a_title_row_hides_no_column(documents: Path, page_texts: Read) -> None:
    """All columns of a table below a one-cell title are kept and aligned."""
    (text,) = page_texts(documents / "office" / "stanley-cups.csv")
    assert text.split("\n") == [
        "Stanley Cups",
        "Team          Location  Stanley Cups",
        "Blues         STL       1",
        "Flyers        PHI       2",
        "Maple Leafs   TOR       13",
    ]


def test_quoted_cells_keep_delimiters_and_line_ends(write_file: Write, page_texts: Read) -> None:
    """Quotes protect commas and line breaks inside a cell."""
    (text,) = page_texts(write_file("a.csv", '"a, b","c\nd",e\n1,2,3\n'))
    assert text.split("\n") == ["a, b  c  e", "      d", "1     2  3"]


def test_a_huge_cell_is_read(write_file: Write, page_texts: Read) -> None:
    """A cell longer than the csv module's own limit is no error."""
    (text,) = page_texts(write_file("a.csv", "a," + "x" * 200_000))
    assert len(text) > 200_000
