"""OpenDocument texts: ``.odt``."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from ibflow_nb.local.documents.errors import UnreadableDocument
from ibflow_nb.local.documents.layout import Page
from ibflow_nb.local.documents.options import ReadOptions
from ibflow_nb.local.documents.readers.columns import align
from ibflow_nb.local.documents.readers.office import BROKEN_PACKAGE, open_office
from ibflow_nb.local.documents.readers.pages import text_pages

_NAMESPACE = "urn:oasis:names:tc:opendocument:xmlns"
_TEXT = f"{{{_NAMESPACE}:text:1.0}}"
_TABLE = f"{{{_NAMESPACE}:table:1.0}}"
_OFFICE = f"{{{_NAMESPACE}:office:1.0}}"
_STYLE = f"{{{_NAMESPACE}:style:1.0}}"
_DRAW = f"{{{_NAMESPACE}:drawing:1.0}}"
_PAGE_BREAK = "\f"
_FIXED = {
    f"{_TEXT}tab": "\t",
    f"{_TEXT}line-break": "\n",
    f"{_TEXT}soft-page-break": _PAGE_BREAK,
}
_SKIPPED = {f"{_TEXT}tracked-changes", f"{_OFFICE}annotation", f"{_TEXT}note-citation"}
_PARAGRAPHS = {f"{_TEXT}p", f"{_TEXT}h"}
_BOXES = {f"{_DRAW}text-box", f"{_TEXT}note-body"}
_MARGINS = [f"{_STYLE}{name}" for name in ("header", "header-first", "footer", "footer-first")]
_CELLS = {f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"}
_ROW_GROUPS = {f"{_TABLE}table-header-rows", f"{_TABLE}table-rows", f"{_TABLE}table-row-group"}
_MAX_REPEAT = 1000


def read_odt(path: Path, options: ReadOptions) -> list[Page]:
    """Read an OpenDocument text: headers and footers, then the body, tables in columns.

    Raises:
        UnreadableDocument: it is protected, damaged or too large.
    """
    try:
        with zipfile.ZipFile(open_office(path, options)) as archive:
            content = _parse(archive, "content.xml")
            margins = _margins(archive)
    except BROKEN_PACKAGE as error:
        raise UnreadableDocument(
            "It is damaged or protected by a password, which cannot be taken off .odt files; "
            "save it again without one."
        ) from error
    body = content.find(f".//{_OFFICE}text")
    if body is None:
        raise UnreadableDocument("It is no OpenDocument text.")
    pages = "\n".join([*margins, *_blocks(body)]).split(_PAGE_BREAK)
    return text_pages(page.strip("\n") for page in pages)


def _parse(archive: zipfile.ZipFile, name: str) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, huge_tree=True)
    return etree.fromstring(archive.read(name), parser)


def _margins(archive: zipfile.ZipFile) -> list[str]:
    """Give the different texts of headers and footers."""
    if "styles.xml" not in archive.namelist():
        return []
    elements = _parse(archive, "styles.xml").iter(*_MARGINS)
    texts = ("\n".join(_blocks(element)).strip("\n") for element in elements)
    return list(dict.fromkeys(text for text in texts if text))


def _blocks(container: etree._Element) -> Iterator[str]:
    """Yield the text of each paragraph and table below an element."""
    for child in container:
        if child.tag in _PARAGRAPHS:
            yield from _paragraph(child)
        elif child.tag == f"{_TABLE}table":
            yield align(_rows(child))
        elif child.tag not in _SKIPPED and isinstance(child.tag, str):
            yield from _blocks(child)


def _paragraph(paragraph: etree._Element) -> Iterator[str]:
    """Yield a paragraph's own text, then that of its text boxes and notes."""
    boxes: list[etree._Element] = []
    yield "".join(_inline(paragraph, boxes))
    for box in boxes:
        yield from _blocks(box)


def _inline(element: etree._Element, boxes: list[etree._Element]) -> Iterator[str]:
    yield _collapsed(element.text)
    for child in element:
        if child.tag in _FIXED:
            yield _FIXED[child.tag]
        elif child.tag == f"{_TEXT}s":
            yield " " * _repeat(child, f"{_TEXT}c")
        elif child.tag in _BOXES:
            boxes.append(child)
        elif child.tag not in _SKIPPED:
            yield from _inline(child, boxes)
        yield _collapsed(child.tail)


def _collapsed(text: str | None) -> str:
    """Make one space of white space in the file; real ones are elements of their own."""
    return re.sub(r"[ \t\r\n]+", " ", text or "")


def _rows(table: etree._Element) -> Iterator[list[str]]:
    """Yield the rows of a table; nested tables stay in their cells."""
    for row in _within(table, {f"{_TABLE}table-row"}):
        cells: list[str] = []
        for cell in _within(row, _CELLS):
            text = "\n".join(_blocks(cell)).replace(_PAGE_BREAK, "")
            cells += [text] * _repeat(cell, f"{_TABLE}number-columns-repeated")
        yield cells


def _within(element: etree._Element, tags: set[str]) -> Iterator[etree._Element]:
    for child in element:
        if child.tag in tags:
            yield child
        elif child.tag in _ROW_GROUPS:
            yield from _within(child, tags)


def _repeat(element: etree._Element, attribute: str) -> int:
    value = element.get(attribute, "1")
    return min(int(value), _MAX_REPEAT) if value.isdigit() else 1
