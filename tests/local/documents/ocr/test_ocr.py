"""Scans of every direction and slant, read by both engines."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ibflow_nb.local.documents.layout import Page, compose
from ibflow_nb.local.documents.ocr import read_page
from ibflow_nb.local.documents.ocr.rapid import narrow_punctuation
from ibflow_nb.local.documents.ocr.upright import find_quarter, find_skew, make_level
from ibflow_nb.local.documents.options import OcrConfig, PageRanges, ReadOptions
from ibflow_nb.local.documents.pdf import read_pdf
from ibflow_nb.local.limits import Limits

RAPID = ReadOptions(ocr=OcrConfig(engine="rapidocr"))
TESSERACT = ReadOptions(ocr=OcrConfig(engine="tesseract"))


def bag(text: str) -> Counter[str]:
    """Count words, without case and punctuation."""
    return Counter(re.findall(r"\w+", text.lower()))


def word_f1(pages: list[Page], truth: str) -> float:
    """Compare the words of pages with the true ones."""
    read, true = bag(compose(pages).text), bag(truth)
    return 2 * (read & true).total() / (read.total() + true.total())


@pytest.fixture(scope="module")
def receipt(documents: Path) -> NDArray[np.uint8]:
    """The upper half of a receipt, upright."""
    with Image.open(documents / "receipts" / "003.jpg") as image:
        return np.asarray(image.convert("RGB").crop((0, 0, 461, 460)))


@pytest.mark.parametrize("engine", ["rapidocr", "tesseract"])
def test_boxes_surround_their_words(receipt: NDArray[np.uint8], engine: str) -> None:
    """Inside a word's box there is ink, and words of a line do not overlap."""
    page = read_page(receipt, 0, ReadOptions(ocr=OcrConfig(engine=engine)))  # type: ignore[arg-type]
    record = compose([page])
    sure = [w for w in page.words if w.confidence and w.confidence.word_confidence > 0.9]
    assert len(sure) > 10
    for word in sure:
        box = receipt[int(word.start_y) : int(word.end_y) + 1, int(word.start_x) : int(word.end_x)]
        assert box.min() < 150 < box.max(), word.word
    for line in record.lines:
        for before, after in pairwise(line):
            assert before.end_x - after.start_x < 12, (before.word, after.word)


def test_a_word_has_the_confidence_of_its_letters(receipt: NDArray[np.uint8]) -> None:
    """A smudged word is less sure than the rest of its line."""
    smudged = receipt.copy()
    page = read_page(receipt, 0, RAPID)
    date = next(word for word in page.words if word.word == "25/12/2018")
    top, bottom = int(date.start_y), int(date.end_y)
    left, right = int(date.start_x), int(date.end_x)
    smudged[top:bottom, left:right] = cv2.blur(smudged[top:bottom, left:right], (9, 9))
    again = read_page(smudged, 0, RAPID)
    confidence = {w.word: w.confidence.word_confidence for w in again.words if w.confidence}
    blurred = min(
        (w for w in again.words if w.confidence),
        key=lambda w: abs(w.start_x - left) + abs(w.start_y - top),
    )
    assert blurred.confidence is not None
    assert blurred.confidence.word_confidence < confidence["CS00031663"]


@pytest.mark.parametrize("angle", [-7.0, -2.5, 1.0, 5.0])
def test_skew_is_found(receipt: NDArray[np.uint8], angle: float) -> None:
    """A slanted page gives the angle that levels it, to a quarter of a degree."""
    height, width = receipt.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    slanted = cv2.warpAffine(receipt, matrix, (width, height), borderValue=(255, 255, 255))
    found = find_skew(np.asarray(slanted, dtype=np.uint8))
    assert found - find_skew(receipt) == pytest.approx(angle, abs=0.4)


@pytest.mark.parametrize("shade", [0, 255])
def test_a_blank_page_is_left_as_it_is(shade: int) -> None:
    """A page without ink is not turned and has no words."""
    blank = np.full((300, 200, 3), shade, dtype=np.uint8)
    assert find_quarter(blank) == make_level(blank).rotation == 0
    for options in (RAPID, TESSERACT):
        assert read_page(blank, 0, options).words == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options", "floor"),
    [
        *((name, TESSERACT, 0.95) for name in ("linn", "skew", "rotated_skew", "ccitt")),
        *((name, RAPID, 0.97) for name in ("linn", "rotated_skew", "ccitt")),
    ],
)
def test_the_brochure_is_read_whole(
    documents: Path, name: str, options: ReadOptions, floor: float
) -> None:
    """Straight, slanted and turned scans of one page give its words."""
    pages = read_pdf(documents / "scans" / f"{name}.pdf", options)
    assert word_f1(pages, (documents / "scans" / "linn.txt").read_text()) >= floor


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "quarters"),
    [(TESSERACT, [0, 3, 2, 1]), (ReadOptions(pages=PageRanges.parse("2-3")), [3, 2])],
)
def test_pages_of_all_four_directions_are_turned_upright(
    documents: Path, options: ReadOptions, quarters: list[int]
) -> None:
    """Each page tells by how much it was turned; all have the same words."""
    pages = read_pdf(documents / "scans" / "cardinal.pdf", options)
    assert [round(page.rotation / 90) % 4 for page in pages] == quarters
    truth = (documents / "scans" / "linn.txt").read_text()
    assert min(word_f1([page], truth) for page in pages) >= 0.95


@pytest.mark.slow
def test_accents_are_kept(documents: Path) -> None:
    """French is read with its accents by the default engine."""
    text = compose(read_pdf(documents / "scans" / "francais.pdf", RAPID)).text
    assert {"île", "intérieure", "bûches", "ovoïde", "ambiguë"} <= bag(text).keys()


@pytest.mark.slow
def test_mixed_pages_are_read_one_by_one(documents: Path) -> None:
    """A file of pages of every size and kind has a page for each, here drawn small."""
    coarse = ReadOptions(ocr=TESSERACT.ocr, limits=Limits(page_pixels=150_000))
    pages = read_pdf(documents / "scans" / "multipage.pdf", coarse)
    assert [page.number for page in pages] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("text", "narrow"),
    [
        ("TEL\uff1a03\uff08A\uff09", "TEL:03(A)"),
        ("合計\uff1a10", "合計\uff1a10"),
        ("Total: 10", "Total: 10"),
    ],
)
def test_full_width_punctuation_is_kept_to_its_scripts(text: str, narrow: str) -> None:
    """A colon that the model wrote full-width becomes a usual one in a Latin line."""
    assert narrow_punctuation(text) == narrow
