"""Spreadsheets: ``.xlsx``, ``.xls``, ``.xlsm``, ``.xlsb`` and ``.ods``."""

from __future__ import annotations

import datetime
from pathlib import Path

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from ibflow_nb.local.documents.errors import UnreadableDocument
from ibflow_nb.local.documents.layout import Page
from ibflow_nb.local.documents.options import ReadOptions
from ibflow_nb.local.documents.readers.columns import align
from ibflow_nb.local.documents.readers.office import open_office
from ibflow_nb.local.documents.readers.pages import text_pages

_MAX_CELLS = 20_000_000


def read_spreadsheet(path: Path, options: ReadOptions) -> list[Page]:
    """Read a workbook: one page a sheet, also for hidden ones, in columns.

    Where there are several sheets, the name of each stands above it.

    Raises:
        UnreadableDocument: it is protected, damaged or too large.
    """
    stream = open_office(path, options)
    try:
        with CalamineWorkbook.from_filelike(stream) as workbook:
            names = workbook.sheet_names
            return text_pages(
                _sheet_text(workbook.get_sheet_by_name(name), titled=len(names) > 1)
                for name in names
            )
    except CalamineError as error:
        raise UnreadableDocument(f"It is no readable spreadsheet ({error}).") from error
    except BaseException as error:
        # calamine panics on some damaged files; that error has no importable class
        if type(error).__module__ != "pyo3_runtime":
            raise
        raise UnreadableDocument("It is a damaged spreadsheet.") from error


def _sheet_text(sheet: CalamineSheet, *, titled: bool) -> str:
    if sheet.width * sheet.height > _MAX_CELLS:
        raise UnreadableDocument(
            f"Its sheet {sheet.name!r} spans {sheet.height} rows and {sheet.width} columns, more "
            f"than {_MAX_CELLS} cells."
        )
    text = align([cell_text(cell) for cell in row] for row in sheet.iter_rows())
    return f"{sheet.name}\n{text}" if titled else text


def cell_text(value: object) -> str:
    """Write a cell's value: whole numbers without a point, dates as ``2024-01-31``."""
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case float():
            return f"{value:.15g}" if abs(value) < 1e15 else f"{value:.0f}"
        case datetime.datetime() if value.time() == datetime.time():
            return value.date().isoformat()
        case datetime.datetime():
            return value.isoformat(sep=" ", timespec="seconds")
        case _:
            return str(value)
