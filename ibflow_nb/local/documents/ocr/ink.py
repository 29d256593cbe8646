"""Where the ink of a page image is, found on a small copy."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_SIDE = 1000
_SPECK = 4  # pixels of the small copy; smaller marks are noise
_LEAST, _MOST = 0.35, 2.5  # height of a letter, in heights of a word
_WIDEST = 8.0  # width of letters that touch, in heights of a word
_MARGIN = 2  # pixels that letters may stick out of the box of their word


def shrink(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Make an image smaller, if need be, so that its longer side has this many pixels."""
    factor = side / max(image.shape[:2])
    if factor >= 1:
        return image
    size = (max(round(image.shape[1] * factor), 1), max(round(image.shape[0] * factor), 1))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def find_ink(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Mark with 1 what is darker than its surroundings, on a copy of at most 1,000 pixels."""
    grey = cv2.cvtColor(shrink(image, _SIDE), cv2.COLOR_RGB2GRAY)
    dark = cv2.adaptiveThreshold(
        grey, 1, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, blockSize=31, C=15
    )
    return np.asarray(dark, dtype=np.uint8)


def unread_share(image: NDArray[np.uint8], boxes: NDArray[np.float64]) -> float:
    """Give the part of the ink of letters that lies outside of all words.

    Pictures, rules and frames do not count: only marks about as tall as the words are.

    Args:
        image: the page.
        boxes: left, top, right and bottom of each word, in its pixels; at least one.
    """
    ink = find_ink(image)
    boxes = boxes * (ink.shape[0] / image.shape[0])
    height = float(np.median(boxes[:, 3] - boxes[:, 1]))
    _, _, marks, centres = cv2.connectedComponentsWithStats(ink, connectivity=8)
    tall, wide, area = (
        marks[:, column] for column in (cv2.CC_STAT_HEIGHT, cv2.CC_STAT_WIDTH, cv2.CC_STAT_AREA)
    )
    letters = (tall >= _LEAST * height) & (tall <= _MOST * height)
    letters &= (wide <= _WIDEST * height) & (area >= _SPECK)
    letters[0] = False  # the paper
    x, y = centres[letters].astype(int).T
    unread = area[letters][_outside(ink.shape, boxes)[y, x]].sum()
    return float(unread / max(area[letters].sum(), 1))


def _outside(shape: tuple[int, ...], boxes: NDArray[np.float64]) -> NDArray[np.bool_]:
    outside = np.ones(shape, dtype=np.bool_)
    starts = np.maximum(boxes[:, :2].astype(int) - _MARGIN, 0).tolist()
    ends = (boxes[:, 2:].astype(int) + _MARGIN + 1).tolist()
    for (left, top), (right, bottom) in zip(starts, ends, strict=True):
        outside[top:bottom, left:right] = False
    return outside
