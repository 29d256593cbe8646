"""Spreadsheets: ``.xlsx``, ``.xls``, ``.xlsm``, ``.xlsb`` and ``.ods``."""

from __future__ import annotations

import datetime
import io
from pathlib import Path

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from ibflow_nb.local.documents.errors import UnreadableDocument
from ibflow_nb.local.documents.layout import Page
from ibflow_nb.local.documents.options import ReadOptions
from ibflow_nb.local.documents.readers.columns import align
from ibflow_nb.local.documents.readers.number_formats import format_number
from ibflow_nb.local.documents.readers.office import BROKEN_PACKAGE, is_compound_file, open_office
from ibflow_nb.local.documents.readers.pages import text_pages
from ibflow_nb.local.documents.readers.sheet_formats import CellFormats, SheetFormats

_MAX_CELLS = 20_000_000


def read_spreadsheet(path: Path, options: ReadOptions) -> list[Page]:
    """Read a workbook: one page a sheet, also for hidden ones, in columns.

    Numbers of ``.xlsx`` files are shown in the format of their cell, dates as ``2024-01-31``.
    Where there are several sheets, the name of each stands above it.

    Raises:
        UnreadableDocument: it is protected, damaged or too large.
    """
    stream = open_office(path, options)
    try:
        with CalamineWorkbook.from_filelike(stream) as workbook:
            formats = _formats(stream)
            names = workbook.sheet_names
            return text_pages(
                _sheet_text(workbook.get_sheet_by_name(name), formats, titled=len(names) > 1)
                for name in names
            )
    except CalamineError as error:
        raise UnreadableDocument(f"It is no readable spreadsheet ({error}).") from error
    except BaseException as error:
        # calamine panics on some damaged files; that error has no importable class
        if type(error).__module__ != "pyo3_runtime":
            raise
        raise UnreadableDocument("It is a damaged spreadsheet.") from error


def _formats(stream: io.BytesIO) -> SheetFormats | None:
    """Give the number formats of an ``.xlsx``; without them numbers are shown as they are."""
    if is_compound_file(stream):
        return None
    try:
        return SheetFormats(stream)
    except BROKEN_PACKAGE:
        return None


def _sheet_text(sheet: CalamineSheet, formats: SheetFormats | None, *, titled: bool) -> str:
    if sheet.width * sheet.height > _MAX_CELLS:
        raise UnreadableDocument(
            f"Its sheet {sheet.name!r} spans {sheet.height} rows and {sheet.width} columns, more "
            f"than {_MAX_CELLS} cells."
        )
    codes = _cell_formats(formats, sheet.name)
    left = sheet.start[1] if sheet.start else 0
    text = align(
        [cell_text(cell, codes.get((row, column))) for column, cell in enumerate(cells, left)]
        for row, cells in enumerate(sheet.iter_rows())
    )
    return f"{sheet.name}\n{text}" if titled else text


def _cell_formats(formats: SheetFormats | None, sheet: str) -> CellFormats:
    try:
        return formats.of_sheet(sheet) if formats else {}
    except BROKEN_PACKAGE:
        return {}


def cell_text(value: object, code: str | None = None) -> str:
    """Write a cell's value: whole numbers without a point, dates as ``2024-01-31``.

    Args:
        value: as calamine gives it.
        code: the cell's number format, if it has one.
    """
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case float() if code and (shown := format_number(value, code)) is not None:
            return shown
        case float():
            return f"{value:.15g}" if abs(value) < 1e15 else f"{value:.0f}"
        case datetime.datetime() if value.time() == datetime.time():
            return value.date().isoformat()
        case datetime.datetime():
            return value.isoformat(sep=" ", timespec="seconds")
        case _:
            return str(value)
