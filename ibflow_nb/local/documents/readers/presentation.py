"""Presentations: ``.pptx``, read by python-pptx."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path

import pptx
from lxml import etree
from pptx.chart.chart import Chart
from pptx.exc import PackageNotFoundError, PythonPptxError
from pptx.shapes.autoshape import Shape
from pptx.shapes.base import BaseShape
from pptx.shapes.graphfrm import GraphicFrame
from pptx.shapes.group import GroupShape
from pptx.slide import Slide

from ibflow_nb.local.documents.errors import UnreadableDocument
from ibflow_nb.local.documents.layout import Page
from ibflow_nb.local.documents.options import ReadOptions
from ibflow_nb.local.documents.readers.columns import align
from ibflow_nb.local.documents.readers.office import BROKEN_PACKAGE, is_compound_file, open_office
from ibflow_nb.local.documents.readers.pages import text_pages

_SCHEMAS = "http://schemas.openxmlformats.org"
_DRAWING = f"{{{_SCHEMAS}/drawingml/2006/main}}"
_DIAGRAM = f"{{{_SCHEMAS}/drawingml/2006/diagram}}relIds"
_DIAGRAM_DATA = f"{{{_SCHEMAS}/officeDocument/2006/relationships}}dm"


def read_pptx(path: Path, options: ReadOptions) -> list[Page]:
    """Read a presentation: one page a slide, shapes from top to bottom, then the notes.

    A shape that is broken is left out and the others are read.

    Raises:
        UnreadableDocument: it is protected, damaged, too large or in the format of before 2007.
    """
    stream = open_office(path, options)
    if is_compound_file(stream):
        raise UnreadableDocument("It is in the PowerPoint format of before 2007; save it as .pptx.")
    try:
        presentation = pptx.Presentation(stream)
        return text_pages(_slide_text(slide) for slide in presentation.slides)
    except (PackageNotFoundError, PythonPptxError, AttributeError, *BROKEN_PACKAGE) as error:
        raise UnreadableDocument(f"It is no readable presentation ({error}).") from error


def _slide_text(slide: Slide) -> str:
    parts = [*_shape_texts(slide.shapes)]
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        parts.append(_plain(slide.notes_slide.notes_text_frame.text))
    return "\n\n".join(part for part in parts if part.strip())


def _shape_texts(shapes: Iterable[BaseShape]) -> Iterator[str]:
    """Yield the texts of shapes from top to bottom, those of a group together."""
    for shape in sorted(shapes, key=_position):
        try:
            if isinstance(shape, GroupShape):
                yield from _shape_texts(shape.shapes)
            else:
                yield _shape_text(shape)
        except (KeyError, ValueError, AttributeError, IndexError, TypeError):
            yield _raw_text(shape)


def _position(shape: BaseShape) -> tuple[int, int]:
    """Give top and left in EMU; a placeholder that its layout does not know is first."""
    try:
        return shape.top or 0, shape.left or 0
    except (KeyError, AttributeError):
        return 0, 0


def _shape_text(shape: BaseShape) -> str:
    if isinstance(shape, Shape):
        return _plain(shape.text_frame.text)
    if isinstance(shape, GraphicFrame) and shape.has_table:
        return align([_plain(cell.text) for cell in row.cells] for row in shape.table.rows)
    if isinstance(shape, GraphicFrame) and shape.has_chart:
        return _chart_text(shape.chart)
    return _raw_text(shape)


def _chart_text(chart: Chart) -> str:
    """Give a chart's title and its data as a table, one row a category."""
    title = _plain(chart.chart_title.text_frame.text) if chart.has_title else ""
    tables = []
    for plot in chart.plots:
        series = list(plot.series)
        columns = [[str(category) for category in plot.categories]]
        columns += [
            ["" if value is None else f"{value:.15g}" for value in s.values] for s in series
        ]
        rows = zip_longest(*columns, fillvalue="")
        tables.append(align([["", *(s.name for s in series)], *rows]))
    return "\n".join(part for part in (title, *tables) if part)


def _raw_text(shape: BaseShape) -> str:
    """Collect the text in a shape's XML and in the diagram data that it refers to."""
    roots: list[etree._Element] = [shape._element]
    for reference in shape._element.iter(_DIAGRAM):
        data = shape.part.related_part(reference.get(_DIAGRAM_DATA, ""))
        roots.append(etree.fromstring(data.blob))
    paragraphs = (paragraph for root in roots for paragraph in root.iter(f"{_DRAWING}p"))
    texts = ("".join(text.text or "" for text in p.iter(f"{_DRAWING}t")) for p in paragraphs)
    return "\n".join(text for text in texts if text)


def _plain(text: str) -> str:
    """Turn the vertical tab of a line break inside a paragraph into a line end."""
    return text.replace("\v", "\n").rstrip()
