"""The words of a PDF page's text layer, with boxes, and whether they can be trusted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from ibflow_nb.local.documents.record import Word

_HYPHENS = {0x02, 0xFFFE, 0xAD}  # what PDFium writes for a hyphen at a line's end
_SPACE = 32
_FAR = 1.5  # characters of a word may be this many times their size apart
# Letters of 1,000 in English; other languages in Latin script are near enough.
_FREQUENCY = dict(
    zip(
        "etaoinsrhldcumfpgwybvkxjqz",
        (127, 91, 82, 75, 70, 67, 63, 60, 61, 40, 43, 28, 28, 24, 22, 19, 20, 24, 20, 15, 10, 8,
         2, 2, 1, 1),
        strict=True,
    )
)  # fmt: skip
_STRANGE_SHARE = 0.1  # share of characters without a meaning in a broken text layer
_USUAL = 52  # mean frequency of the letters of a sane text layer: text has 55 to 70, codes 25 to 47
_FEW = 100  # letters below which nothing is said about them


class Box(NamedTuple):
    """A box in pixels from the top left corner, and the direction that its text runs in."""

    left: float
    top: float
    right: float
    bottom: float
    run_x: float = 0.0
    run_y: float = 0.0


_NO_BOX = Box(0, 0, 0, 0)


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


def read_text_layer(page: pdfium.PdfPage, scale: float) -> TextLayer:
    """Read the words of a page and turn it upright where its text runs otherwise.

    Args:
        page: the page.
        scale: pixels a point.
    """
    width, height = (side * scale for side in page.get_size())
    to_display = _display_transform(page, scale)
    found = [(text, _to_pixels(box, to_display)) for text, box in _raw_words(page)]
    found = [
        (text, box)
        for text, box in found
        if box.right > 0 and box.bottom > 0 and box.left < width and box.top < height
    ]
    rotation = _text_rotation(found)
    words = [_word(text, _turn(box, width, height, rotation)) for text, box in found]
    if rotation in (90, 270):
        width, height = height, width
    return TextLayer(width, height, words, rotation)


def is_sane(words: list[Word]) -> bool:
    """Tell whether words look like text of a language rather than glyph codes."""
    characters = "".join(word.word for word in words)
    strange = sum(char == "\ufffd" or "\ue000" <= char <= "\uf8ff" for char in characters)
    if strange > _STRANGE_SHARE * len(characters):
        return False
    longer = (word.word for word in words if len(word.word) >= 4 and word.word.isascii())
    letters = "".join(text.lower() for text in longer if text.isalpha())
    usual = sum(_FREQUENCY[letter] for letter in letters)
    return len(letters) < _FEW or usual >= _USUAL * len(letters)


def _raw_words(page: pdfium.PdfPage) -> Iterator[tuple[str, Box]]:
    """Yield words with boxes in the page's own space, where y grows upwards."""
    text_page = page.get_textpage()
    try:
        handle = text_page.raw
        count = pdfium_c.FPDFText_CountChars(handle)
        codes = [pdfium_c.FPDFText_GetUnicode(handle, index) for index in range(count)]
        start = 0
        for index, code in enumerate([*codes, 0]):
            if code not in _HYPHENS and (code <= _SPACE or chr(code).isspace()):
                if index > start:
                    yield from _words_between(handle, codes, start, index)
                start = index + 1
    finally:
        text_page.close()


def _words_between(
    handle: Any, codes: list[int], start: int, end: int
) -> Iterator[tuple[str, Box]]:
    """Give the characters as one word, or as several where they do not stand together."""
    first, last = _char_box(handle, start), _char_box(handle, end - 1)
    if end - start == 1 or _adjacent(first, last, end - start - 1):
        yield _text(codes, start, end), _union(first, last)
        return
    boxes = [_char_box(handle, index) for index in range(start, end)]
    begin = 0
    for index in range(1, len(boxes) + 1):
        if index == len(boxes) or not _adjacent(boxes[index - 1], boxes[index], 1):
            text = _text(codes, start + begin, start + index)
            yield text, _union(boxes[begin], boxes[index - 1])
            begin = index


def _text(codes: list[int], start: int, end: int) -> str:
    return "".join("-" if code in _HYPHENS else chr(code) for code in codes[start:end])


def _char_box(handle: Any, index: int) -> Box:
    rect = pdfium_c.FS_RECTF()
    if not pdfium_c.FPDFText_GetLooseCharBox(handle, index, rect):
        return _NO_BOX
    return Box(rect.left, rect.bottom, rect.right, rect.top)


def _adjacent(a: Box, b: Box, steps: int) -> bool:
    """Tell whether two characters, some steps apart, stand on one line and near enough."""
    size = max(a.right - a.left, a.bottom - a.top, b.right - b.left, b.bottom - b.top)
    gap_x = b.left - a.right if b.left > a.left else a.left - b.right
    gap_y = b.top - a.bottom if b.top > a.top else a.top - b.bottom
    on_a_line = gap_x <= 0 or gap_y <= 0
    return on_a_line and gap_x <= _FAR * size * steps >= gap_y


def _union(a: Box, b: Box) -> Box:
    return Box(
        a.left if a.left < b.left else b.left,
        a.top if a.top < b.top else b.top,
        a.right if a.right > b.right else b.right,
        a.bottom if a.bottom > b.bottom else b.bottom,
        (b.left + b.right - a.left - a.right) / 2,
        (b.top + b.bottom - a.top - a.bottom) / 2,
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


def _to_pixels(box: Box, t: _Transform) -> Box:
    x = sorted((t.a * box.left + t.c * box.top + t.e, t.a * box.right + t.c * box.bottom + t.e))
    y = sorted((t.b * box.left + t.d * box.top + t.f, t.b * box.right + t.d * box.bottom + t.f))
    run_x = t.a * box.run_x + t.c * box.run_y
    run_y = t.b * box.run_x + t.d * box.run_y
    return Box(x[0], y[0], x[1], y[1], run_x, run_y)


def _text_rotation(words: list[tuple[str, Box]]) -> int:
    """Give the clockwise turn that makes most of the text run from left to right."""
    votes = {0: 0, 90: 0, 180: 0, 270: 0}
    for text, box in words:
        if len(text) < 2:
            continue
        if abs(box.run_x) >= abs(box.run_y):
            votes[0 if box.run_x >= 0 else 180] += len(text)
        else:
            votes[90 if box.run_y < 0 else 270] += len(text)
    return max(votes, key=lambda turn: votes[turn])


def _turn(box: Box, width: float, height: float, rotation: int) -> Box:
    left, top, right, bottom = box[:4]
    if rotation == 90:
        return Box(height - bottom, left, height - top, right)
    if rotation == 180:
        return Box(width - right, height - bottom, width - left, height - top)
    if rotation == 270:
        return Box(top, width - right, bottom, width - left)
    return box


def _word(text: str, box: Box) -> Word:
    return Word(
        word=text,
        start_x=round(box.left, 2),
        start_y=round(box.top, 2),
        end_x=round(box.right, 2),
        end_y=round(box.bottom, 2),
    )
