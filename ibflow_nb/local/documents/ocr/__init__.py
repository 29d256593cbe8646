"""Reading page images: put upright, read by one of two engines, kept beside the records."""

from __future__ import annotations

import io
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ibflow_nb.local.atomic import write_atomic
from ibflow_nb.local.documents.layout import Page
from ibflow_nb.local.documents.ocr import rapid, tesseract
from ibflow_nb.local.documents.ocr.choice import read_clean
from ibflow_nb.local.documents.ocr.upright import find_quarter, make_level
from ibflow_nb.local.documents.options import Engine, OcrConfig, ReadOptions
from ibflow_nb.local.documents.record import Word

_JPEG_QUALITY = 80


def read_page(image: NDArray[np.uint8], number: int, options: ReadOptions) -> Page:
    """Read a page image.

    Args:
        image: rows of RGB pixels.
        number: page of the file, from 0.
        options: engine, languages, and where the upright image is kept.

    Returns:
        The upright page; its boxes are pixels of the image that was kept.
    """
    read = _read(image, options.ocr)
    return Page(
        width=read.image.shape[1],
        height=read.image.shape[0],
        words=[word for line in read.lines for word in line],
        runs=read.lines,
        number=number,
        is_image=True,
        engine=read.engine,
        image=_keep(read.image, number, options),
        rotation=read.rotation,
    )


class _Reading(NamedTuple):
    """Lines of words, the upright image that an engine read them from, and its clockwise turn."""

    engine: Engine
    image: NDArray[np.uint8]
    rotation: float
    lines: list[list[Word]]


def _read(image: NDArray[np.uint8], config: OcrConfig) -> _Reading:
    if config.engine == "tesseract":
        return _by_tesseract(image, config)
    return _by_best(image, config, 0)


def _by_tesseract(image: NDArray[np.uint8], config: OcrConfig) -> _Reading:
    upright, rotation = make_level(image, find_quarter(image))
    lines = tesseract.recognize(upright, config.languages, config.tessdata)
    return _Reading("tesseract", upright, rotation, lines)


def _by_best(image: NDArray[np.uint8], config: OcrConfig, quarter: int) -> _Reading:
    """Read a page by rapidocr, or by whichever engine is the better choice.

    The direction of a page is looked for only where its text makes no sense as it lies: that
    takes a sixth of the time of reading it.
    """
    level, rotation = make_level(image, quarter)
    if config.engine == "auto" and (lines := read_clean(level)) is not None:
        return _Reading("tesseract", level, rotation, lines)
    found = rapid.Lines(level)
    if not quarter and not found.run_across() and (turn := find_quarter(image)):
        return _by_best(image, config, turn)
    lines = found.read()
    if not lines and max(level.shape) > rapid.READABLE_SIDE:
        return _by_tesseract(image, config)
    return _Reading("rapidocr", level, rotation, lines)


def _keep(image: NDArray[np.uint8], number: int, options: ReadOptions) -> str:
    """Save the page image; gives its path relative to the record file."""
    if options.images is None:
        return ""
    name = f"{options.image_stem}_p{number}.jpg"
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=_JPEG_QUALITY)
    write_atomic(options.images / name, buffer.getvalue())
    return options.image_prefix + name
