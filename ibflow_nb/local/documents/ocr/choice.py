"""Which engine reads a page image, when the choice is left open.

tesseract reads clean print at a quarter of rapidocr's cost and as well. On poor print it fails,
in two ways: it is unsure of what it reads, or it leaves letters out. Both can be told from its
reading. The thresholds come from 101 page images: 22 receipts, 24 other scans, and 55 digital pages
drawn at 200 dots an inch, plain and degraded (tilted, blurred, noisy, JPEG of quality 45).
On the 28 that pass, word F1 is 98.5 (rapidocr 98.2); on the other 73 it would be 83.1 (94.4).

* The confidence of its words, weighted by their length, is 0.95 to 0.97 where it reads as well as
  rapidocr. From 0.90 to 0.95 it loses up to 9 points of F1; receipts, typewriting and accents
  have 0.89 at most.
* Of the ink of letters it leaves at most 0.4 % unread where the page was read whole, and 2 to
  16 % where words are missing, however sure it is of the others.
* The probe is a tenth of the page, at 3 to 8 % of rapidocr's cost for the whole: 0.92 and more
  where the reading then passes, 0.3 to 0.85 on the worst of the others.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ibflow_nb.local.documents.ocr import tesseract
from ibflow_nb.local.documents.ocr.ink import find_ink, unread_share
from ibflow_nb.local.documents.record import Word

_SURE = 0.95  # confidence from which a reading may stand
_MOST_UNREAD = 0.01  # of the ink of letters
_PROMISING = 0.88  # confidence of the probe from which the whole page is tried
_PRINT_SIDE = 1500  # pixels of the shorter side below which letters are too small for tesseract
_PROBE_SHARE = 0.1  # of the page's height
_FEW = 20  # characters that say too little


def read_clean(image: NDArray[np.uint8]) -> list[list[Word]] | None:
    """Read a level page by tesseract, as far as it is as good at it.

    Args:
        image: rows of RGB pixels.

    Returns:
        Lines of words; ``None`` where the page is for rapidocr, or does not lie upright.
    """
    if min(image.shape[:2]) < _PRINT_SIDE or not _is_promising(image):
        return None
    lines = tesseract.recognize(image, (), "")
    return lines if is_well_read(image, lines) else None


def is_well_read(image: NDArray[np.uint8], lines: list[list[Word]]) -> bool:
    """Tell whether a reading is sure of its words and leaves none out."""
    if _confidence(lines) < _SURE:
        return False
    boxes = [[w.start_x, w.start_y, w.end_x, w.end_y] for line in lines for w in line]
    return unread_share(image, np.array(boxes)) <= _MOST_UNREAD


def _is_promising(image: NDArray[np.uint8]) -> bool:
    """Tell by the lines of a part of the page whether tesseract may read it well."""
    band = _densest_band(image)
    whole = [
        line
        for line in tesseract.recognize_block(band)
        if min(word.start_y for word in line) > 0
        and max(word.end_y for word in line) < band.shape[0]
    ]
    return _confidence(whole) >= _PROMISING


def _confidence(lines: list[list[Word]]) -> float:
    """Give the mean confidence of words weighted by their length; 0 where little was read."""
    words = [word for line in lines for word in line]
    length = sum(len(word.word) for word in words)
    if length < _FEW:
        return 0.0
    sure = (len(word.word) * word.confidence.word_confidence for word in words if word.confidence)
    return sum(sure) / length


def _densest_band(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Cut out the band over the whole width that has the most ink."""
    rows = find_ink(image).sum(axis=1, dtype=np.int64)
    height = max(int(len(rows) * _PROBE_SHARE), 1)
    sums = np.concatenate([[0], np.cumsum(rows)])
    top = int(np.argmax(sums[height:] - sums[:-height]))
    scale = image.shape[0] / len(rows)
    return image[int(top * scale) : int((top + height) * scale)]
