"""rapidocr with the models of its wheel; nothing is ever downloaded.

The library's own word boxes are not used: they pair a word with the confidence of another and
split words at wide letters. Words are made here of the decoded characters and their positions.
"""

from __future__ import annotations

from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import rapidocr
from numpy.typing import NDArray
from rapidocr.main import RapidOCRError
from rapidocr.utils.process_img import map_boxes_to_original

from ibflow_nb.local.documents.errors import UnreadableDocument
from ibflow_nb.local.documents.record import Word, WordConfidence

_MODELS = Path(rapidocr.__file__).parent / "models"
_DETECTOR = _MODELS / "PP-OCRv6_det_small.onnx"
_RECOGNIZER = _MODELS / "PP-OCRv6_rec_small.onnx"
_DETECTOR_SIDE = 1600
READABLE_SIDE = 4000  # pages with a longer side are scaled down so far that print may vanish
_LEAST_SCORE = 0.5  # lines that the recognizer is less sure of are noise
_CJK = 0x2E80  # scripts from here on have full-width punctuation
_FULL_WIDTH = range(0xFF01, 0xFF5F)
_FULL_WIDTH_TABLE = {code: code - 0xFEE0 for code in _FULL_WIDTH}
_TALL_SHARE = 0.5  # more of the area of lines in tall ones: the page lies on its side
_SAMPLE = 5  # lines that tell whether a page stands on its head
_MAKES_SENSE = 0.8  # their mean score: 0.95 and more upright, 0.5 to 0.6 on the head
_VERTICAL = 1.5  # lines so many times taller than wide are read from top to bottom


class Lines:
    """The lines that were found on a page image; they are read when that is asked for."""

    def __init__(self, image: NDArray[np.uint8]) -> None:
        engine = _engine()
        height, width = image.shape[:2]
        small, ratios = engine.preprocess_img(np.ascontiguousarray(image[:, :, ::-1]))
        self._crops, boxes = _detect(engine, small, ratios)
        self._quads = map_boxes_to_original(boxes, ratios, height, width)

    def run_across(self) -> bool:
        """Tell whether the page lies upright: its lines are wide, and the widest make sense.

        A page without lines does.
        """
        if not self._crops:
            return True
        sides = [_sides(quad) for quad in self._quads]
        tall = sum(width * height for width, height in sides if height >= _VERTICAL * width)
        if tall > _TALL_SHARE * sum(width * height for width, height in sides):
            return False
        widest = sorted(
            zip(self._crops, self._result.scores, strict=True),
            key=lambda read: read[0].shape[1] / read[0].shape[0],
        )
        scores = [score for _, score in widest[-_SAMPLE:]]
        return bool(sum(scores) >= _MAKES_SENSE * len(scores))

    @cached_property
    def _result(self) -> Any:
        return _engine().recognize_txt(self._crops)

    def read(self) -> list[list[Word]]:
        """Read the lines.

        Returns:
            Lines of words with boxes in the image's pixels and confidences.
        """
        if not self._crops:
            return []
        read = self._result
        return [
            _line_words(quad, text, info)
            for quad, text, score, info in zip(
                self._quads, read.txts, read.scores, read.word_results, strict=True
            )
            if score >= _LEAST_SCORE and text.strip()
        ]


def _detect(
    engine: rapidocr.RapidOCR, image: NDArray[np.uint8], ratios: Any
) -> tuple[list[NDArray[np.uint8]], NDArray[np.float32]]:
    """Find lines: the parts of the image that hold one, and their corners; none if blank."""
    try:
        crops, detected = engine.detect_and_crop(image, ratios)
    except RapidOCRError:
        return [], np.empty((0, 4, 2), dtype=np.float32)
    return crops, np.asarray(detected.boxes)


@cache
def _engine() -> rapidocr.RapidOCR:
    for model in (_DETECTOR, _RECOGNIZER):
        if not model.is_file():
            raise UnreadableDocument(
                f"The OCR model {model.name} is missing; install rapidocr again."
            )
    return rapidocr.RapidOCR(
        params={
            "Global.use_cls": False,
            "Global.return_word_box": True,
            "Global.log_level": "error",
            "Det.model_path": str(_DETECTOR),
            "Det.limit_type": "max",
            "Det.limit_side_len": _DETECTOR_SIDE,
            "Rec.model_path": str(_RECOGNIZER),
            "Rec.rec_batch_num": 1,
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )


def _line_words(quad: NDArray[np.float32], text: str, info: Any) -> list[Word]:
    """Cut a line at its spaces.

    Args:
        quad: corners of the line: top left, top right, bottom right, bottom left.
        text: what was read.
        info: the recognizer's steps of the characters that are no spaces, its number of
            steps, and the confidence of each character.
    """
    steps = iter([step for word in info.word_cols for step in word])
    total = max(float(info.line_txt_len), 1.0)
    words: list[Word] = []
    pending: list[tuple[str, float, float]] = []
    for char, confidence in zip(narrow_punctuation(text) + " ", [*info.confs, 0.0], strict=True):
        if not char.isspace():
            pending.append((char, (next(steps) + 0.5) / total, confidence))
        elif pending:
            words.append(_word(quad, pending, len(text)))
            pending = []
    return words


def narrow_punctuation(text: str) -> str:
    """Write full-width punctuation as usual, unless the line is in a script that has it."""
    if any(char.isalpha() and _CJK <= ord(char) < _FULL_WIDTH.start for char in text):
        return text
    return text.translate(_FULL_WIDTH_TABLE)


def _word(
    quad: NDArray[np.float32], characters: list[tuple[str, float, float]], line_length: int
) -> Word:
    positions = [position for _, position, _ in characters]
    span = positions[-1] - positions[0]
    half = span / (2 * (len(positions) - 1)) if span > 0 else 0.5 / max(line_length, 1)
    left, right = _part_of(quad, max(positions[0] - half, 0.0), min(positions[-1] + half, 1.0))
    return Word(
        word="".join(char for char, _, _ in characters),
        start_x=float(min(left[:, 0].min(), right[:, 0].min())),
        start_y=float(min(left[:, 1].min(), right[:, 1].min())),
        end_x=float(max(left[:, 0].max(), right[:, 0].max())),
        end_y=float(max(left[:, 1].max(), right[:, 1].max())),
        confidence=WordConfidence(
            round(sum(confidence for _, _, confidence in characters) / len(characters), 4)
        ),
    )


def _part_of(
    quad: NDArray[np.float32], begin: float, end: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Give the two edges across the line at two shares of its length."""
    top_left, top_right, bottom_right, bottom_left = quad
    width, height = _sides(quad)
    if height >= _VERTICAL * width:
        near, far = np.stack([top_left, top_right]), np.stack([bottom_left, bottom_right])
    else:
        near, far = np.stack([top_left, bottom_left]), np.stack([top_right, bottom_right])
    return near + (far - near) * begin, near + (far - near) * end


def _sides(quad: NDArray[np.float32]) -> tuple[float, float]:
    """Give the width and the height of a line."""
    top_left, top_right, _, bottom_left = quad
    return float(np.linalg.norm(top_right - top_left)), float(
        np.linalg.norm(bottom_left - top_left)
    )
