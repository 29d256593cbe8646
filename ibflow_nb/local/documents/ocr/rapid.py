"""rapidocr with the models of its wheel; nothing is ever downloaded.

The library's own word boxes are not used: they pair a word with the confidence of another and
split words at wide letters. Words are made here of the decoded characters and their positions.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import rapidocr
from numpy.typing import NDArray
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
_VERTICAL = 1.5  # lines so many times taller than wide are read from top to bottom


def recognize(image: NDArray[np.uint8]) -> list[list[Word]]:
    """Read the words of an upright page.

    Args:
        image: rows of RGB pixels.

    Returns:
        Lines of words with boxes in the image's pixels and confidences.
    """
    engine = _engine()
    height, width = image.shape[:2]
    small, ratios = engine.preprocess_img(np.ascontiguousarray(image[:, :, ::-1]))
    detected, _, read, _ = engine.run_ocr_steps(small, ratios)
    if detected.boxes is None or not read.txts:
        return []
    boxes = map_boxes_to_original(detected.boxes, ratios, height, width)
    return [
        _line_words(quad, text, info)
        for quad, text, score, info in zip(
            boxes, read.txts, read.scores, read.word_results, strict=True
        )
        if score >= _LEAST_SCORE and text.strip()
    ]


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
    width = np.linalg.norm(top_right - top_left)
    height = np.linalg.norm(bottom_left - top_left)
    if height >= _VERTICAL * width:
        near, far = np.stack([top_left, top_right]), np.stack([bottom_left, bottom_right])
    else:
        near, far = np.stack([top_left, bottom_left]), np.stack([top_right, bottom_right])
    return near + (far - near) * begin, near + (far - near) * end
