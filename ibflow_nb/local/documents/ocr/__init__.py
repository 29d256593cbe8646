"""Reading page images: put upright, read by one of two engines, kept beside the records."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ibflow_nb.local.atomic import write_atomic
from ibflow_nb.local.documents.layout import Page
from ibflow_nb.local.documents.ocr import rapid, tesseract
from ibflow_nb.local.documents.ocr.upright import make_upright
from ibflow_nb.local.documents.options import ReadOptions
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
    upright, rotation = make_upright(image)
    lines = _recognize(upright, options)
    return Page(
        width=upright.shape[1],
        height=upright.shape[0],
        words=[word for line in lines for word in line],
        runs=lines,
        number=number,
        is_image=True,
        image=_keep(upright, number, options),
        rotation=rotation,
    )


def _recognize(image: NDArray[np.uint8], options: ReadOptions) -> list[list[Word]]:
    lines = rapid.recognize(image) if options.ocr.engine == "rapidocr" else []
    if options.ocr.engine == "tesseract" or (not lines and max(image.shape) > rapid.READABLE_SIDE):
        lines = tesseract.recognize(image, options.ocr.languages, options.ocr.tessdata)
    return lines


def _keep(image: NDArray[np.uint8], number: int, options: ReadOptions) -> str:
    """Save the page image; gives its path relative to the record file."""
    if options.images is None:
        return ""
    name = f"{options.image_stem}_p{number}.jpg"
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=_JPEG_QUALITY)
    write_atomic(options.images / name, buffer.getvalue())
    return options.image_prefix + name
