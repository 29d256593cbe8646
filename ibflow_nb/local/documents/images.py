"""Image files: PNG, JPEG, TIFF with several pages, BMP, GIF, WebP; all are read by OCR."""

from __future__ import annotations

import contextlib
import math
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from ibflow_nb.local.documents import ocr
from ibflow_nb.local.documents.errors import UnreadableDocument
from ibflow_nb.local.documents.layout import Page
from ibflow_nb.local.documents.options import ReadOptions

Image.MAX_IMAGE_PIXELS = None  # the limits of the platform take its place

_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP")
_PAGED = frozenset({"TIFF"})
_SCALABLE = frozenset({"JPEG", "MPO"})  # decoded at a lower resolution where that is enough
_BAND_ROWS = 512
_FOUR_BYTES = frozenset({"RGB", "RGBA", "RGBX", "RGBa", "CMYK", "YCbCr", "LAB", "HSV", "I", "F",
                         "LA", "PA", "La"})  # fmt: skip
_DEEP = frozenset({"I", "I;16", "I;16L", "I;16B", "I;16N", "F"})


def read_image(path: Path, options: ReadOptions) -> list[Page]:
    """Read the wanted pages of an image file.

    Raises:
        UnreadableDocument: it is no image, damaged, or beyond the limits.
        ManyScans: it has more pages than are to be read at once.
    """
    with _open(path) as image:
        pages = _wanted(image, options)
        options.check_scans(pages, pages)
        return [ocr.read_page(_frame(image, number, options), number, options) for number in pages]


@contextlib.contextmanager
def _open(path: Path) -> Iterator[Image.Image]:
    """Open an image file; whatever is wrong with its content becomes one sentence."""
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(path, formats=_FORMATS) as image:
            yield image
    except UnidentifiedImageError as error:
        raise UnreadableDocument(
            "The file is not a readable image: it is damaged or of an unknown format."
        ) from error
    except (OSError, ValueError, SyntaxError, EOFError, TypeError) as error:
        raise UnreadableDocument(f"The image is damaged or cut off: {error}.") from error


def _wanted(image: Image.Image, options: ReadOptions) -> list[int]:
    """Give the pages to read, from 0; only TIFF files have several."""
    count = getattr(image, "n_frames", 1) if image.format in _PAGED else 1
    return options.choose(count, "image")


def _frame(image: Image.Image, number: int, options: ReadOptions) -> NDArray[np.uint8]:
    """Decode a page as it is meant to be seen; an array of rows of RGB pixels."""
    if number:
        image.seek(number)
    _check_size(image, options)
    factor = math.ceil(math.sqrt(image.width * image.height / options.limits.page_pixels))
    if factor > 1 and image.format in _SCALABLE:
        image.draft(image.mode, (image.width // factor, image.height // factor))
        factor = math.ceil(math.sqrt(image.width * image.height / options.limits.page_pixels))
    orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    plain = _flatten(image) if factor <= 1 else _shrink(image, factor)
    plain.getexif()[ExifTags.Base.Orientation] = orientation
    return np.asarray(ImageOps.exif_transpose(plain), dtype=np.uint8)


def _check_size(image: Image.Image, options: ReadOptions) -> None:
    limits = options.limits
    pixels = image.width * image.height
    if pixels > limits.image_pixels:
        raise UnreadableDocument(
            f"The image has {image.width:,} x {image.height:,} pixels, the limit is"
            f" {limits.image_pixels:,}."
        )
    size = pixels * (4 if image.mode in _FOUR_BYTES else 1)
    if size > limits.worker_bytes // 2 and image.format not in _SCALABLE:
        raise UnreadableDocument(
            f"The image of {image.width:,} x {image.height:,} pixels needs {size:,} bytes, the"
            f" limit is {limits.worker_bytes // 2:,}; save it at a lower resolution."
        )


def _shrink(image: Image.Image, factor: int) -> Image.Image:
    """Reduce an image by a whole factor, in bands so that no second full copy is made."""
    small = Image.new("RGB", (-(-image.width // factor), -(-image.height // factor)))
    for top in range(0, image.height, _BAND_ROWS * factor):
        bottom = min(top + _BAND_ROWS * factor, image.height)
        band = _flatten(image.crop((0, top, image.width, bottom)))
        small.paste(band.reduce(factor), (0, top // factor))
    return small


def _flatten(image: Image.Image) -> Image.Image:
    """Convert any mode to RGB; what is transparent becomes white paper."""
    if image.mode in _DEEP:
        return _eight_bits(image)
    if image.has_transparency_data:
        paper = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(paper, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Bring grey values of 16 or 32 bits to 8, by the range of their type or what they use."""
    values = np.asarray(image, dtype=np.float32)
    brightest = float(values.max(initial=0.0))
    full = next((top for top in (1.0, 255.0, 65535.0) if brightest <= top), brightest)
    return Image.fromarray((values.clip(0) * (255.0 / full)).astype(np.uint8)).convert("RGB")
