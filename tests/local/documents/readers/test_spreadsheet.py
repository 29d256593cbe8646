"""Spreadsheets."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from ibflow_nb.local.documents.errors import UnreadableDocument
from ibflow_nb.local.documents.readers.number_formats import format_number
from ibflow_nb.local.documents.readers.spreadsheet import cell_text

Read = Callable[..., list[str]]
Write = Callable[[str, bytes | str], Path]


def test_each_sheet_is_a_page(documents: Path, page_texts: Read) -> None:
    """Sheets become pages in order, cells aligned in columns."""
    first, second = page_texts(documents / "office" / "stanley-cups.xlsx")
    assert first.split("\n")[:4] == [
        "Stanley Cups",
        "Stanley Cups",
        "Team          Location  Stanley Cups",
        "Blues         STL       1",
    ]
    assert second.startswith("Stanley Cups Since 67\nStanley Cups Since 67\nTeam")


def test_the_old_format_is_read(documents: Path, page_texts: Read) -> None:
    """Workbooks of before 2007 are read like new ones."""
    pages = page_texts(documents / "office" / "tests-example.xls")
    assert len(pages) == 3
    assert "What is 2+2?" in pages[0]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.0, "3"),
        (0.1 + 0.2, "0.3"),
        (1234567890123456.0, "1234567890123456"),
        (True, "TRUE"),
        (datetime.date(2024, 1, 31), "2024-01-31"),
        (datetime.datetime(2024, 1, 31), "2024-01-31"),
        (datetime.datetime(2024, 1, 31, 9, 5), "2024-01-31 09:05:00"),
        (datetime.time(9, 5), "09:05:00"),
        ("", ""),
    ],
)
def test_values_are_written_as_people_see_them(value: object, text: str) -> None:
    """No point behind whole numbers, no rounding dust, dates without midnight."""
    assert cell_text(value) == text


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (1234.5, "#,##0.00", "1,234.50"),
        (0.195, "0.0%", "19.5%"),
        (-3.0, "0.00;[Red]-0.00", "-3.00"),
        (-2.5, '"$"#,##0.00_);("$"#,##0.00)', "($2.50)"),
        (0.0, '_(* #,##0_);_(* (#,##0);_(* "-"_);_(@_)', "-"),
        (5.0, "[$€-407] 0.00", "€ 5.00"),
        (7.0, "00000", "00007"),
        (1.005, "0.00", "1.01"),
        (1.5, "0.##", "1.5"),
        (1234567.0, "#,##0,", "1,235"),
        (5.0, "General", None),
        (5.0, "yyyy-mm-dd", None),
        (5.0, "0.00E+00", None),
        (1e300, "0.00", None),
        (float("nan"), "0.00", None),
    ],
)
def test_number_formats_are_applied(value: float, code: str, text: str | None) -> None:
    """Decimals, grouping, percent, currency and signs come out as in the spreadsheet."""
    assert format_number(value, code) == text


def test_cells_of_a_workbook_show_their_format(tmp_path: Path, page_texts: Read) -> None:
    """Each cell is shown in its own format, wherever the table begins; dates stay ISO dates."""
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as workbook:
        sheet = workbook.add_worksheet()
        sheet.write(1, 1, 1234.5, workbook.add_format({"num_format": "#,##0.00"}))
        sheet.write(1, 2, 0.19, workbook.add_format({"num_format": 9}))
        sheet.write(1, 3, 2.5)
        day = workbook.add_format({"num_format": "dd.mm.yyyy"})
        sheet.write_datetime(1, 4, datetime.datetime(2024, 1, 31), day)
    (text,) = page_texts(tmp_path / "a.xlsx")
    assert text.split() == ["1,234.50", "19%", "2.5", "2024-01-31"]


def test_columns_stay_in_place_where_the_first_are_empty(tmp_path: Path, page_texts: Read) -> None:
    """A table that begins in column B keeps its rows aligned."""
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(2, 1, ["Item", "Price"])
        sheet.write_row(3, 1, ["Tea", 2.5])
    (text,) = page_texts(tmp_path / "a.xlsx")
    assert text.strip().split("\n")[0].split() == ["Item", "Price"]
    heading, row = text.strip("\n").split("\n")
    assert heading.index("Price") == row.index("2.5")


def test_a_broken_workbook_gets_a_reason(write_file: Write, page_texts: Read) -> None:
    """A compound file without a workbook is reported in a sentence."""
    path = write_file("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(UnreadableDocument, match="damaged"):
        page_texts(path)


def test_a_cut_workbook_gets_a_reason(documents: Path, write_file: Write, page_texts: Read) -> None:
    """Wherever an old workbook is cut off, it is read or reported, never a crash of the parser."""
    whole = (documents / "office" / "tests-example.xls").read_bytes()
    outcomes = set()
    for size in range(600, len(whole), 1511):
        try:
            outcomes.add(len(page_texts(write_file("a.xls", whole[:size]))))
        except UnreadableDocument as error:
            outcomes.add(str(error).endswith("."))
    assert True in outcomes
    assert False not in outcomes
