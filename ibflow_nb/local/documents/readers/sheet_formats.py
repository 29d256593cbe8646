"""Which number format each cell of an ``.xlsx`` has; calamine gives values alone."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile

from lxml import etree

from ibflow_nb.local.documents.readers.number_formats import BUILT_IN

CellFormats = dict[tuple[int, int], str]

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_WORKBOOK = "xl/workbook.xml"
_LONGEST_CODE = 255  # what Excel allows
_PLACE = re.compile(r"([A-Z]{1,3})(\d{1,7})")


class SheetFormats:
    """The number formats of a workbook.

    Raises:
        KeyError: the package lacks a part that it names.
        etree.XMLSyntaxError: a part is no XML.
        ValueError: an index in a part is no number.
    """

    def __init__(self, stream: io.BytesIO) -> None:
        self._archive = zipfile.ZipFile(stream)
        self._codes = self._read_styles()
        self._parts = self._read_sheets()

    def of_sheet(self, name: str) -> CellFormats:
        """Give the format codes of a sheet's cells by row and column, from 0.

        Cells that show their value as it is are left out.
        """
        found: CellFormats = {}
        if not self._codes or name not in self._parts:
            return found
        with self._archive.open(self._parts[name]) as part:
            for _, cell in etree.iterparse(part, tag=f"{_MAIN}c", resolve_entities=False):
                code = self._codes.get(int(cell.get("s", "0")))
                place = _PLACE.fullmatch(cell.get("r", ""))
                if code and place:
                    found[int(place[2]) - 1, _column(place[1])] = code
                cell.clear()
        return found

    def _read_styles(self) -> dict[int, str]:
        """Give the format code of each cell style that has one."""
        if "xl/styles.xml" not in self._archive.namelist():
            return {}
        root = self._parse("xl/styles.xml")
        own = {
            int(item.get("numFmtId", "0")): item.get("formatCode", "")
            for item in root.iter(f"{_MAIN}numFmt")
        }
        known = BUILT_IN | own
        styles = root.find(f"{_MAIN}cellXfs")
        ids = (int(style.get("numFmtId", "0")) for style in (styles if styles is not None else ()))
        return {
            index: known[number]
            for index, number in enumerate(ids)
            if len(known.get(number, "")) in range(1, _LONGEST_CODE + 1)
        }

    def _read_sheets(self) -> dict[str, str]:
        """Give the part of the package that each sheet is in, by its name."""
        relations = {
            item.get("Id"): item.get("Target", "")
            for item in self._parse("xl/_rels/workbook.xml.rels")
        }
        return {
            sheet.get("name", ""): posixpath.join("/xl", relations[sheet.get(_RELATION)])[1:]
            for sheet in self._parse(_WORKBOOK).iter(f"{_MAIN}sheet")
        }

    def _parse(self, name: str) -> etree._Element:
        parser = etree.XMLParser(resolve_entities=False)
        return etree.fromstring(self._archive.read(name), parser)


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1
