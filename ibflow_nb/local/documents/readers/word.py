"""Word documents: ``.docx``.

The package is opened by python-docx; its XML is walked here, because python-docx leaves out text
boxes, content controls, notes and insertions, and refuses tables with irregular rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from docx.opc.constants import RELATIONSHIP_TYPE as RELATION
from docx.opc.exceptions import PackageNotFoundError
from docx.opc.part import Part
from docx.oxml.ns import qn
from docx.package import Package
from lxml import etree

from ibflow_nb.local.documents.errors import UnreadableDocument
from ibflow_nb.local.documents.layout import Page
from ibflow_nb.local.documents.options import ReadOptions
from ibflow_nb.local.documents.readers.columns import align
from ibflow_nb.local.documents.readers.office import BROKEN_PACKAGE, is_compound_file, open_office
from ibflow_nb.local.documents.readers.pages import text_pages

_PAGE_BREAK = "\f"
_TEXT = {qn("w:t"), qn("m:t")}
_WRAPPERS = {qn("w:sdt"), qn("w:sdtContent"), qn("w:ins"), qn("w:customXml")}
_FIXED = {
    qn("w:tab"): "\t",
    qn("w:ptab"): "\t",
    qn("w:cr"): "\n",
    qn("w:noBreakHyphen"): "-",
    qn("w:lastRenderedPageBreak"): _PAGE_BREAK,
}
# Deleted or moved text, properties of runs, and the older copy of a drawing.
_SKIPPED = {
    qn("w:del"),
    qn("w:moveFrom"),
    qn("w:rPr"),
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
}
_OFF = {"0", "false", "off"}
_MAX_SPAN = 63  # columns that Word allows in a table
_NOTES = (RELATION.FOOTNOTES, RELATION.ENDNOTES)


def read_docx(path: Path, options: ReadOptions) -> list[Page]:
    """Read a Word document; its own page breaks, also those Word saved, begin pages.

    Each different header stands once above the first page, each different footer and the notes
    once below the last. Tables are aligned in columns.

    Raises:
        UnreadableDocument: it is protected, damaged, too large or in the format of before 2007.
    """
    stream = open_office(path, options)
    if is_compound_file(stream):
        raise UnreadableDocument("It is in the Word format of before 2007; save it as .docx.")
    try:
        part = Package.open(stream).main_document_part
        body = "\n".join(block_texts(_root(part)))
        above = _texts_of(part, (RELATION.HEADER,))
        below = _texts_of(part, (RELATION.FOOTER, *_NOTES))
    except (PackageNotFoundError, *BROKEN_PACKAGE) as error:
        raise UnreadableDocument(f"It is no readable Word document ({error}).") from error
    text = "\n".join(piece for piece in (*above, body, *below) if piece)
    return text_pages(split_pages(text))


def split_pages(text: str) -> list[str]:
    """Split at page breaks; a break that follows another one with nothing between is the same."""
    return [page.strip("\n") for page in text.split(_PAGE_BREAK) if page.strip()]


def block_texts(container: etree._Element) -> Iterator[str]:
    """Yield the text of each paragraph and table in a body, cell, text box, header or note."""
    for child in container:
        if child.tag == qn("w:p"):
            yield from _paragraph(child)
        elif child.tag == qn("w:tbl"):
            yield align(_rows(child))
        elif child.tag not in _SKIPPED and isinstance(child.tag, str):
            yield from block_texts(child)


def _paragraph(paragraph: etree._Element) -> Iterator[str]:
    """Yield a paragraph's own text, then that of the text boxes anchored in it."""
    boxes: list[etree._Element] = []
    yield "".join(_inline(paragraph, boxes))
    for box in boxes:
        yield from block_texts(box)


def _inline(element: etree._Element, boxes: list[etree._Element]) -> Iterator[str]:
    """Yield the text of runs; text boxes on the way are collected in ``boxes``."""
    for child in element:
        if child.tag in _TEXT:
            yield child.text or ""
        elif child.tag in _FIXED:
            yield _FIXED[child.tag]
        elif child.tag == qn("w:br"):
            yield _PAGE_BREAK if child.get(qn("w:type")) == "page" else "\n"
        elif child.tag == qn("w:pageBreakBefore"):
            yield "" if child.get(qn("w:val")) in _OFF else _PAGE_BREAK
        elif child.tag == qn("w:txbxContent"):
            boxes.append(child)
        elif child.tag not in _SKIPPED:
            yield from _inline(child, boxes)


def _rows(table: etree._Element) -> Iterator[list[str]]:
    """Yield the rows of a table, cells at their place in the grid."""
    for row in _within(table, qn("w:tr")):
        cells = [""] * _number(row, "w:trPr/w:gridBefore")
        for cell in _within(row, qn("w:tc")):
            cells.append("" if _continues(cell) else _cell_text(cell))
            cells += [""] * (_number(cell, "w:tcPr/w:gridSpan") - 1)
        yield cells


def _within(element: etree._Element, tag: str) -> Iterator[etree._Element]:
    """Yield the rows or cells of an element, also those wrapped in content controls."""
    for child in element:
        if child.tag == tag:
            yield child
        elif child.tag in _WRAPPERS:
            yield from _within(child, tag)


def _cell_text(cell: etree._Element) -> str:
    return "\n".join(block_texts(cell)).replace(_PAGE_BREAK, "")


def _continues(cell: etree._Element) -> bool:
    """Tell whether a cell is the lower part of one that spans several rows."""
    merge = cell.find(_path("w:tcPr/w:vMerge"))
    return merge is not None and merge.get(qn("w:val"), "continue") == "continue"


def _number(element: etree._Element, path: str) -> int:
    found = element.find(_path(path))
    value = found.get(qn("w:val"), "") if found is not None else ""
    return min(int(value), _MAX_SPAN) if value.isdigit() else 0


def _path(path: str) -> str:
    return "/".join(qn(step) for step in path.split("/"))


def _root(part: Part) -> etree._Element:
    parser = etree.XMLParser(recover=True, resolve_entities=False, huge_tree=True)
    return etree.fromstring(part.blob, parser)


def _texts_of(part: Part, kinds: Iterable[str]) -> list[str]:
    """Give the different texts of the related parts of these kinds."""
    texts: dict[str, None] = {}
    for relation in part.rels.values():
        if relation.reltype in kinds and not relation.is_external:
            text = (
                "\n".join(block_texts(_root(relation.target_part)))
                .replace(_PAGE_BREAK, "")
                .strip("\n")
            )
            texts[text] = None
    return list(texts)
