"""The pages of a record that a view shows: their boxes, and their pictures once loaded."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ibflow_nb.api.results import Field, PageImage, PageImageQuery, PageLayout, ResultRecord
from ibflow_nb.frames.regions import boxes_on_pages, page_sizes

MOST_PAGES = 4
MOST_BYTES = 8_000_000  # of all pictures of a view, before base64


class WantedPage(NamedTuple):
    """A page whose picture is wanted.

    Attributes:
        query: the call that draws it.
        image_path: drive path of the image that the record names; empty for none.
    """

    query: PageImageQuery
    image_path: str


PageLoader = Callable[[Sequence[WantedPage]], Sequence[PageImage | str]]
"""Fetches pictures, one for each page wanted, in order; a text says why there is none."""


class Box(NamedTuple):
    """Where a field was read on a page, in fractions of it (0 to 1, from the top left)."""

    field: int
    left: float
    top: float
    right: float
    bottom: float


@dataclass
class PageView:
    """A page as it is shown.

    Attributes:
        layout: its number and the size of its box space.
        boxes: of the record's fields.
        picture: as a data URI; empty for none.
        note: why there is no picture.
    """

    layout: PageLayout
    boxes: list[Box] = field(default_factory=list)
    picture: str = ""
    note: str = ""


@dataclass
class DocumentView:
    """A record as it is shown, with the number of its pages that are left out."""

    record: ResultRecord
    pages: list[PageView]
    omitted: int


def view_document(record: ResultRecord) -> DocumentView:
    """Choose the pages to show: those with fields first, in the order of the document."""
    layouts = record.layout.page_layouts if record.layout else []
    boxes = _boxes(record)
    ranked = sorted(layouts, key=lambda page: (page.page_number not in boxes, page.page_number))
    shown = sorted(ranked[:MOST_PAGES], key=lambda page: page.page_number)
    pages = [
        PageView(page, boxes.get(page.page_number, []))
        for page in shown
        if page.width > 0 and page.height > 0
    ]
    return DocumentView(record, pages, len(layouts) - len(pages))


def load_pictures(documents: Sequence[DocumentView], load: PageLoader | None, job_id: str) -> None:
    """Put pictures into the pages, as far as they can be had and the view stays bearable."""
    pages = [(document.record, page) for document in documents for page in document.pages]
    if load is None:
        pictures: Sequence[PageImage | str] = ["There is no server to ask for pictures."] * len(
            pages
        )
    else:
        pictures = load([_wanted(record, page, job_id) for record, page in pages])
    left = MOST_BYTES
    for (_, page), picture in zip(pages, pictures, strict=True):
        if isinstance(picture, str):
            page.note = picture
        elif len(picture.content) > left:
            page.note = f"The pictures of this view reached {MOST_BYTES:,} bytes; show fewer."
        else:
            left -= len(picture.content)
            page.picture = f"data:{picture.media_type};base64,{b64encode(picture.content).decode()}"


def is_doubtful(field: Field, threshold: float) -> bool:
    """Tell whether a field's confidence is known and below the threshold."""
    return field.model_confidence is not None and field.model_confidence < threshold


def _wanted(record: ResultRecord, page: PageView, job_id: str) -> WantedPage:
    query = PageImageQuery(
        ibocr_path=record.output_file_path,
        page_number=page.layout.page_number,
        record_index=record.record_index,
        job_id=job_id,
    )
    return WantedPage(query, page.layout.processed_image_path)


def _boxes(record: ResultRecord) -> dict[int, list[Box]]:
    """Give the boxes of each page (from 0), one for each line that a value covers."""
    sizes = page_sizes(record)
    boxes: dict[int, list[Box]] = {}
    for index, extracted in enumerate(record.results):
        if extracted.provenance is None:
            continue
        for page, *corners in boxes_on_pages(extracted.provenance, sizes):
            boxes.setdefault(page, []).append(Box(index, *corners))
    return boxes
