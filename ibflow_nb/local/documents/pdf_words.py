"""The words of a PDF page's text layer, with boxes.

A call into PDFium costs more than what is done with its answer, so a page's characters come in
one call, its boxes in two calls a word, and the geometry is computed on arrays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from numpy.typing import NDArray

from ibflow_nb.local.documents.record import Word
from ibflow_nb.local.documents.surrogates import join_surrogates

_HYPHENS = re.compile("[\x02\ufffe\xad]")  # what PDFium writes for a hyphen at a line's end
_WORD = re.compile(r"[^\x00-\x20\s]+")
_HALF = re.compile("[\ud800-\udfff]")
_FAR = 1.5  # characters of a word may be this many times their size apart

Span = tuple[int, int]
Array = NDArray[np.float64]


class TextLayer(NamedTuple):
    """Words of an upright page.

    Attributes:
        width, height: of the page in pixels, upright.
        rotation: degrees that the page was turned clockwise, beyond its own ``/Rotate``.
    """

    width: float
    height: float
    words: list[Word]
    rotation: int


class _Boxes(NamedTuple):
    """A column of numbers for each side of boxes, and for the direction that their text runs in.

    Sides are in ascending order, whatever the direction of the axes.
    """

    left: Array
    low: Array
    right: Array
    high: Array
    run_x: Array
    run_y: Array


def read_text_layer(page: pdfium.PdfPage, scale: float) -> TextLayer:
    """Read the words of a page and turn it upright where its text runs otherwise.

    Args:
        page: the page.
        scale: pixels a point.
    """
    width, height = (side * scale for side in page.get_size())
    words, boxes = _raw_words(page)
    if not words:
        return TextLayer(width, height, [], 0)
    boxes = _to_pixels(boxes, _display_transform(page, scale))
    inside = (
        (boxes.right > 0) & (boxes.high > 0) & (boxes.left < width) & (boxes.low < height)
    )  # fmt: skip
    if not inside.all():
        words = [word for word, kept in zip(words, inside.tolist(), strict=True) if kept]
        boxes = _Boxes(*(column[inside] for column in boxes))
    rotation = _text_rotation(words, boxes)
    sides = np.round(np.stack(_turn(boxes, width, height, rotation), axis=1), 2).tolist()
    if rotation in (90, 270):
        width, height = height, width
    layer = [Word(word, *box) for word, box in zip(words, sides, strict=True)]
    return TextLayer(width, height, layer, rotation)


def _raw_words(page: pdfium.PdfPage) -> tuple[list[str], _Boxes]:
    """Give words with boxes in the page's own space, where y grows upwards."""
    text_page = page.get_textpage()
    try:
        handle = text_page.raw
        text = _HYPHENS.sub("-", _characters(handle))
        spans = [match.span() for match in _WORD.finditer(text)]
        first, last = _end_boxes(handle, spans)
        lengths = np.array([end - start - 1 for start, end in spans])
        together = (lengths == 0) | _adjacent(first, last, lengths)
        if not together.all():
            spans = list(_cut_apart(handle, spans, together.tolist()))
            first, last = _end_boxes(handle, spans)
    finally:
        text_page.close()
    words = [text[start:end] for start, end in spans]
    if _HALF.search(text):
        words = [join_surrogates(word) for word in words]
    return words, _union(first, last)


def _characters(handle: Any) -> str:
    """Give the characters of a page, each at the index that PDFium has it at.

    Characters beyond the first 65,536 have two indexes, and come as two surrogates.
    """
    count = pdfium_c.FPDFText_CountChars(handle)
    units = (pdfium_c.c_ushort * (2 * count + 1))()
    written = pdfium_c.FPDFText_GetText(handle, 0, count, units)
    text = bytes(units)[: 2 * max(written - 1, 0)].decode("utf-16-le", "replace")
    if len(text) == count:
        return text
    return "".join(chr(pdfium_c.FPDFText_GetUnicode(handle, index)) for index in range(count))


def _end_boxes(handle: Any, spans: list[Span]) -> tuple[_Boxes, _Boxes]:
    """Give the boxes of the first and of the last character of each span."""
    return (
        _char_boxes(handle, [start for start, _ in spans]),
        _char_boxes(handle, [end - 1 for _, end in spans]),
    )


def _char_boxes(handle: Any, indexes: list[int]) -> _Boxes:
    """Give the boxes of characters; zeros for those that have none."""
    rects = (pdfium_c.FS_RECTF * len(indexes))()
    read = pdfium_c.FPDFText_GetLooseCharBox
    for index, rect in zip(indexes, rects, strict=True):
        read(handle, index, rect)
    left, top, right, bottom = np.frombuffer(rects, np.float32).reshape(-1, 4).T.astype(np.float64)
    still = np.zeros(len(indexes))
    return _Boxes(left, bottom, right, top, still, still)


def _adjacent(a: _Boxes, b: _Boxes, steps: NDArray[np.int_] | int) -> NDArray[np.bool_]:
    """Tell which characters, some steps apart, stand on one line and near enough."""
    size = np.maximum.reduce([a.right - a.left, a.high - a.low, b.right - b.left, b.high - b.low])
    gap_x = np.where(b.left > a.left, b.left - a.right, a.left - b.right)
    gap_y = np.where(b.low > a.low, b.low - a.high, a.low - b.high)
    near = _FAR * size * steps
    on_a_line = (gap_x <= 0) | (gap_y <= 0)
    return on_a_line & (gap_x <= near) & (gap_y <= near)  # type: ignore[no-any-return]


def _cut_apart(handle: Any, spans: list[Span], together: list[bool]) -> Iterator[Span]:
    """Cut the spans whose characters do not stand together where they part."""
    for (start, end), whole in zip(spans, together, strict=True):
        if whole:
            yield start, end
            continue
        boxes = _char_boxes(handle, list(range(start, end)))
        before, after = (_Boxes(*(c[:-1] for c in boxes)), _Boxes(*(c[1:] for c in boxes)))
        parted = np.flatnonzero(~_adjacent(before, after, 1)) + start + 1
        yield from pairwise([start, *parted.tolist(), end])


def _union(a: _Boxes, b: _Boxes) -> _Boxes:
    return _Boxes(
        np.minimum(a.left, b.left),
        np.minimum(a.low, b.low),
        np.maximum(a.right, b.right),
        np.maximum(a.high, b.high),
        (b.left + b.right - a.left - a.right) / 2,
        (b.low + b.high - a.low - a.high) / 2,
    )


class _Transform(NamedTuple):
    """x' = a*x + c*y + e, y' = b*x + d*y + f."""

    a: float
    b: float
    c: float
    d: float
    e: float
    f: float


def _display_transform(page: pdfium.PdfPage, scale: float) -> _Transform:
    """Map the page's own space to the pixels of the page as it is displayed."""
    left, bottom, right, top = page.get_bbox()
    s = scale
    return {
        0: _Transform(s, 0, 0, -s, -left * s, top * s),
        90: _Transform(0, s, s, 0, -bottom * s, -left * s),
        180: _Transform(-s, 0, 0, s, right * s, -bottom * s),
        270: _Transform(0, -s, -s, 0, top * s, right * s),
    }[page.get_rotation()]


def _to_pixels(boxes: _Boxes, t: _Transform) -> _Boxes:
    x = t.a * boxes.left + t.c * boxes.low + t.e, t.a * boxes.right + t.c * boxes.high + t.e
    y = t.b * boxes.left + t.d * boxes.low + t.f, t.b * boxes.right + t.d * boxes.high + t.f
    return _Boxes(
        np.minimum(*x),
        np.minimum(*y),
        np.maximum(*x),
        np.maximum(*y),
        t.a * boxes.run_x + t.c * boxes.run_y,
        t.b * boxes.run_x + t.d * boxes.run_y,
    )


def _text_rotation(words: list[str], boxes: _Boxes) -> int:
    """Give the clockwise turn that makes most of the text run from left to right."""
    lengths = np.array([len(word) for word in words])
    lengths[lengths < 2] = 0  # one character runs nowhere
    across = np.abs(boxes.run_x) >= np.abs(boxes.run_y)
    votes = {
        0: lengths[across & (boxes.run_x >= 0)].sum(),
        90: lengths[~across & (boxes.run_y < 0)].sum(),
        180: lengths[across & (boxes.run_x < 0)].sum(),
        270: lengths[~across & (boxes.run_y >= 0)].sum(),
    }
    return max(votes, key=lambda turn: votes[turn])


def _turn(boxes: _Boxes, width: float, height: float, rotation: int) -> tuple[Array, ...]:
    """Give left, top, right and bottom on the page that was turned."""
    left, top, right, bottom = boxes[:4]
    if rotation == 90:
        return height - bottom, left, height - top, right
    if rotation == 180:
        return width - right, height - bottom, width - left, height - top
    if rotation == 270:
        return top, width - right, bottom, width - left
    return left, top, right, bottom
