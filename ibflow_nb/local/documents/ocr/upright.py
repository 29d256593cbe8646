"""Turns page images upright: in quarters, then by their skew."""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ibflow_nb.local.documents.ocr import tesseract
from ibflow_nb.local.documents.ocr.ink import find_ink, shrink

_LEAST_CONFIDENCE = 5.0  # wrong directions were only seen below 0.5, right ones above 18
_ORIENTATION_SIDE = 1600
_COARSE_SIDE = 500  # is enough for whole degrees
_MOST_SKEW = 12.0  # degrees
_LEAST_SKEW = 0.3  # below it, turning costs more sharpness than it gains
_LEAST_GAIN = 1.05  # how much sharper the rows must get
_FULL = 255


class Upright(NamedTuple):
    """An upright page image and the degrees that it was turned clockwise."""

    image: NDArray[np.uint8]
    rotation: float


def make_level(image: NDArray[np.uint8], quarter: int = 0) -> Upright:
    """Turn a page image by quarters, then so that its lines are level.

    Args:
        image: rows of RGB pixels.
        quarter: degrees to turn it clockwise first: 0, 90, 180 or 270.
    """
    image = np.ascontiguousarray(np.rot90(image, -quarter // 90))
    skew = find_skew(image)
    if skew:
        image = _rotate(image, skew)
    return Upright(image, round((quarter + skew) % 360, 2))


def find_quarter(image: NDArray[np.uint8]) -> int:
    """Give the clockwise turn of 0, 90, 180 or 270 degrees that puts a page upright."""
    degrees, confidence = tesseract.find_orientation(shrink(image, _ORIENTATION_SIDE))
    return degrees if confidence >= _LEAST_CONFIDENCE else 0


def find_skew(image: NDArray[np.uint8]) -> float:
    """Give the clockwise degrees to turn a page by so that its lines are level, or 0.

    The angle is the one at which the ink of neighbouring pixel rows differs most.
    """
    ink = np.asarray(find_ink(image) * _FULL, dtype=np.uint8)
    if not ink.any():
        return 0.0
    level = _sharpness(ink, 0.0)
    coarse = shrink(ink, _COARSE_SIDE)
    best = max(np.arange(-_MOST_SKEW, _MOST_SKEW + 0.5, 1.0), key=lambda a: _sharpness(coarse, a))
    for step in (0.5, 0.25, 0.1):
        best = max((best - step, best, best + step), key=lambda a: _sharpness(ink, a))
    if abs(best) < _LEAST_SKEW or _sharpness(ink, best) < _LEAST_GAIN * level:
        return 0.0
    return float(best)


def _sharpness(ink: NDArray[np.uint8], degrees: float) -> float:
    rows = cv2.reduce(_warp(ink, degrees, 0), 1, cv2.REDUCE_SUM, dtype=cv2.CV_32F)
    return float(np.square(np.diff(rows[:, 0])).sum())


def _rotate(image: NDArray[np.uint8], degrees: float) -> NDArray[np.uint8]:
    return np.asarray(_warp(image, degrees, _FULL), dtype=np.uint8)


def _warp(image: NDArray[Any], degrees: float, border: int) -> NDArray[Any]:
    """Turn clockwise about the middle, on a canvas that keeps the corners."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0)
    cosine, sine = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = (round(height * sine + width * cosine), round(height * cosine + width * sine))
    matrix[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    return np.asarray(
        cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderValue=[border] * 3)
    )
