"""Words with boxes become layout text: visual rows stay lines, columns are kept by spaces.

One renderer serves the words of PDF text layers, of OCR, and of formats without geometry, so
that a field rule written for a digital document also works on its scan.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from ibflow_nb.local.documents.page_text import CELL_HEIGHT, CELL_WIDTH, render_page
from ibflow_nb.local.documents.record import Layout, PageMetadata, Record, Word
from ibflow_nb.local.documents.visual_lines import group_lines

PAGE_SEPARATOR = "\f"
TAB_STOP = 8


class Page(msgspec.Struct, gc=False):
    """A page as a reader gives it.

    Attributes:
        width, height: of the upright page, in pixels.
        words: words with boxes in the page's pixels, in any order.
        runs: the same words by the lines that OCR read them in; a visual line may have
            several. Empty where nothing is known about lines.
        number: page of the file, from 0.
        is_image: whether the words come from OCR.
        engine: name of the OCR engine that read it, or empty.
        image: path of the page image relative to the folder of the record file, or empty.
        rotation: degrees that the page was turned clockwise to stand upright.
    """

    width: float
    height: float
    words: list[Word]
    number: int = 0
    is_image: bool = False
    engine: str = ""
    image: str = ""
    rotation: float = 0.0
    runs: list[list[Word]] = []


def compose(pages: Sequence[Page], *, input_path: str = "") -> Record:
    """Make one record of pages.

    Args:
        pages: the pages in order; their words get ``page``, ``offset`` and sizes set.
        input_path: drive path of the source file.

    Returns:
        A record with its layout text, lines of words in reading order, and page layouts.
    """
    record = Record(
        metadata_list=[
            PageMetadata(
                Layout(
                    width=page.width,
                    height=page.height,
                    page=page.number,
                    page_input_path=input_path,
                    processed_image_path=page.image,
                    corrected_rotation=page.rotation,
                    is_image_page=page.is_image,
                )
            )
            for page in pages
        ]
    )
    for page in pages:
        for word in page.words:
            word.page = page.number
    runs = (page.runs or [[word] for word in page.words] for page in pages)
    return _lay_out(record, map(group_lines, runs))


def recompose(record: Record) -> Record:
    """Render the text of a record again after its words were changed, in place.

    Words stay in the lines that they are in; empty words and lines are dropped.

    Returns:
        The same record, with ``text`` and every ``offset`` made anew.
    """
    by_page: dict[int, list[list[Word]]] = {page: [] for page in record.pages}
    for line in record.lines:
        kept = [word for word in line if word.word.strip()]
        if kept:
            by_page[kept[0].page].append(kept)
    return _lay_out(record, by_page.values())


def join_records(records: Iterable[Record]) -> Record:
    """Make one record of the records of a file's parts, in order."""
    joined = Record()
    for record in records:
        joined.metadata_list += record.metadata_list
        joined.lines += record.lines
    return recompose(joined)


def page_from_text(text: str, number: int = 0) -> Page:
    """Lay plain text on a grid where each character has a cell, so that words get boxes.

    Args:
        text: lines of one page; tabs go to the next multiple of eight columns.
        number: page of the file, from 0.

    Returns:
        A page that renders to the same text, without spaces at line ends.
    """
    lines = [line.expandtabs(TAB_STOP) for line in text.replace("\f", "\n").splitlines()]
    words = [
        word for row, line in enumerate(lines) for word in _grid_words(line, row * CELL_HEIGHT)
    ]
    columns = max((len(line) for line in lines), default=1)
    return Page(
        width=max(columns, 1) * CELL_WIDTH,
        height=max(len(lines), 1) * CELL_HEIGHT,
        words=words,
        number=number,
    )


def _grid_words(line: str, top: float) -> Iterator[Word]:
    column = 0
    for text in line.split():
        column = line.index(text, column)
        yield Word(
            word=text,
            start_x=column * CELL_WIDTH,
            start_y=top,
            end_x=(column + len(text)) * CELL_WIDTH,
            end_y=top + CELL_HEIGHT,
            line_height=CELL_HEIGHT,
            word_width=len(text) * CELL_WIDTH,
            char_width=CELL_WIDTH,
        )
        column += len(text)


def _lay_out(record: Record, pages: Iterable[list[list[Word]]]) -> Record:
    texts: list[str] = []
    lines: list[list[Word]] = []
    offset = 0
    for page_lines, metadata in zip(pages, record.metadata_list, strict=True):
        text = render_page(page_lines, metadata.layout.width)
        for line in page_lines:
            for word in line:
                word.offset += offset
        lines += page_lines
        texts.append(text)
        offset += len(text) + len(PAGE_SEPARATOR)
    record.text = PAGE_SEPARATOR.join(texts)
    record.lines = lines
    return record
