"""The choice of the OCR engine, page by page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ibflow_nb.local.documents.ocr import choice, read_page, tesseract
from ibflow_nb.local.documents.ocr.ink import unread_share
from ibflow_nb.local.documents.options import ReadOptions
from ibflow_nb.local.documents.pdf import draw_pdf_page

Pixels = NDArray[np.uint8]
DPI_200 = 2200  # pixels of the longer side of a letter page


@pytest.fixture(scope="module")
def print_page(documents: Path) -> Pixels:
    """A page of clean print at 200 dots an inch."""
    source = documents / "digital" / "cupertino_usd_4-6-16.pdf"
    page: Pixels = draw_pdf_page(source, 0, DPI_200, ReadOptions())
    return page


@pytest.fixture(scope="module")
def receipt(documents: Path) -> Pixels:
    """A receipt, enlarged to the size of a page."""
    with Image.open(documents / "receipts" / "219.jpg") as image:
        return np.asarray(image.convert("RGB").resize((1626, 2674)))


def boxes(page: Pixels) -> NDArray[np.float64]:
    """Give the boxes of the words that tesseract reads."""
    lines = tesseract.recognize(page, (), "")
    return np.array([[w.start_x, w.start_y, w.end_x, w.end_y] for line in lines for w in line])


def test_clean_print_is_read_by_tesseract(print_page: Pixels) -> None:
    """The reading stands: nothing else is asked."""
    page = read_page(print_page, 0, ReadOptions())
    assert page.engine == "tesseract"
    assert len(page.words) > 400


def test_a_receipt_is_not_left_to_tesseract(receipt: Pixels) -> None:
    """Poor print is found out by the probe, or by the whole reading."""
    assert choice.read_clean(receipt) is None
    assert not choice.is_well_read(receipt, tesseract.recognize(receipt, (), ""))


def test_small_pages_are_not_tried(print_page: Pixels, monkeypatch: pytest.MonkeyPatch) -> None:
    """Letters of a small image are too small for tesseract, however clean."""
    monkeypatch.setattr(tesseract, "recognize_block", lambda _: pytest.fail("probed"))
    assert choice.read_clean(print_page[::2, ::2]) is None


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_page_is_not_taken_as_it_lies(print_page: Pixels, quarters: int) -> None:
    """Print that does not lie upright fails the probe."""
    assert choice.read_clean(np.ascontiguousarray(np.rot90(print_page, quarters))) is None


def test_a_reading_that_leaves_words_out_does_not_stand(print_page: Pixels) -> None:
    """However sure the engine is of the words that it read."""
    lines = tesseract.recognize(print_page, (), "")
    assert choice.is_well_read(print_page, lines)
    assert not choice.is_well_read(print_page, lines[: len(lines) * 9 // 10])


def test_pictures_are_not_unread_text(print_page: Pixels) -> None:
    """A dark picture and a frame leave the share of unread letters as it is."""
    words = boxes(print_page)
    drawn = print_page.copy()
    drawn[:120, 200:900] = 40
    drawn[2190:2195, 100:1600] = 0
    assert unread_share(print_page, words) == pytest.approx(0, abs=0.005)
    assert unread_share(drawn, words) == pytest.approx(0, abs=0.005)
    assert unread_share(print_page, words[::2]) == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("quarters", [1, 2])
def test_a_turned_receipt_is_read_upright(documents: Path, quarters: int) -> None:
    """A small page that lies on its side or on its head is found by its own reading."""
    with Image.open(documents / "receipts" / "350.jpg") as image:
        upright = np.asarray(image.convert("RGB"))[:640]
    page = read_page(np.ascontiguousarray(np.rot90(upright, quarters)), 0, ReadOptions())
    assert round(page.rotation / 90) % 4 == quarters
    assert page.engine == "rapidocr"
