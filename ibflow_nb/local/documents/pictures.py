"""Pictures of pages for people: what review views put under the boxes of fields."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path
from typing import NamedTuple

from PIL import Image, UnidentifiedImageError

from ibflow_nb.local.documents.errors import UnreadableDocument
from ibflow_nb.local.documents.kinds import find_kind
from ibflow_nb.local.documents.options import ReadOptions
from ibflow_nb.local.documents.pdf import draw_pdf_page
from ibflow_nb.local.documents.record import Layout, Record, Word

_QUALITY = 80
_MOST_WORDS = 8_000
_FONT_SHARE = 0.8  # of the height of a word's box, so that its letters fill it


class Picture(NamedTuple):
    """An encoded picture and its file suffix; its whole area is the page's box space."""

    content: bytes
    suffix: str


def draw_image(path: Path, longest_side: int) -> Picture:
    """Give a page image that was kept beside the records, made as small as wanted.

    Raises:
        UnreadableDocument: it is gone or damaged.
    """
    try:
        with Image.open(path, formats=("JPEG", "PNG")) as image:
            image.draft("RGB", (longest_side, longest_side))
            return _encode(image.convert("RGB"), longest_side)
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError) as error:
        raise UnreadableDocument("The image of the page is gone or damaged.") from error


def draw_source(path: Path, layout: Layout, longest_side: int, options: ReadOptions) -> Picture:
    """Draw a page of a PDF upright, as its words were read.

    Raises:
        UnreadableDocument: it is no PDF any more, damaged or locked.
    """
    if find_kind(path) != "pdf":
        raise UnreadableDocument("Pages of such files have no looks of their own.")
    image = Image.fromarray(draw_pdf_page(path, layout.page, longest_side, options))
    return _encode(image.rotate(-layout.corrected_rotation, expand=True), longest_side)


def draw_words(record: Record, layout: Layout) -> Picture:
    """Draw the words of a page where they stand; every page of every format has them."""
    words = [word for line in record.lines for word in line if word.page == layout.page]
    width, height = max(layout.width, 1), max(layout.height, 1)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" font-family="monospace">'
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(_texts(words))}</svg>'
    )
    return Picture(svg.encode(), ".svg")


def _texts(words: list[Word]) -> Iterator[str]:
    for word in words[:_MOST_WORDS]:
        tall = max(word.end_y - word.start_y, 1)
        yield (
            f'<text x="{word.start_x:g}" y="{word.start_y + _FONT_SHARE * tall:g}" '
            f'font-size="{_FONT_SHARE * tall:g}" textLength="{word.end_x - word.start_x:g}" '
            f'lengthAdjust="spacingAndGlyphs">{escape(_printable(word.word))}</text>'
        )


def _printable(characters: Iterable[str]) -> str:
    """Leave out what XML cannot hold."""
    return "".join(character for character in characters if character.isprintable())


def _encode(image: Image.Image, longest_side: int) -> Picture:
    image.thumbnail((longest_side, longest_side))
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=_QUALITY)
    return Picture(buffer.getvalue(), ".webp")
