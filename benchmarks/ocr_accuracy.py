"""Word F1 of process_files on scanned receipts, against Tesseract on the same images.

The receipts are ``NNN.jpg`` with ``NNN.lines.csv`` beside: eight corner coordinates, then the
text of the line. Words are compared as bags, in upper case.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks.harness import Figure, Measure, compare_all, main, sample, sized
from ibflow_nb.local.documents.record import load_records
from ibflow_nb.local.steps.base import Task
from ibflow_nb.local.steps.process_files import ProcessFiles

COORDINATES = 8
PUNCTUATION = ".,:;!?'\"()[]*-=#/"


class Score(NamedTuple):
    """Words in common, words read, words of the truth."""

    common: int
    read: int
    true: int

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, in percent."""
        return 200 * self.common / max(self.read + self.true, 1)


def true_words(file: Path, *, strip: bool) -> Counter[str]:
    """Give the words of a receipt as people wrote them down."""
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    return bag([line.split(",", COORDINATES)[-1] for line in lines if line.strip()], strip=strip)


def bag(texts: list[str], *, strip: bool) -> Counter[str]:
    """Count words in upper case, with or without the punctuation at their ends."""
    words = [word.upper() for text in texts for word in text.split()]
    if strip:
        words = [word for word in (word.strip(PUNCTUATION) for word in words) if word]
    return Counter(words)


def read(image: Path, page_type: str, folder: str) -> str:
    """Give the text of a receipt as the step reads it."""
    outcome = ProcessFiles().run(
        Task(
            job_id="benchmark",
            step="process_files",
            kwargs={"settings": {"ocr_page_type": page_type}},
            source=str(image),
            input=str(image),
            name=image.name,
            index=0,
            output_dir=folder,
        )
    )
    [record] = load_records(Path(outcome.output))
    return record.text


def score(text: str, truth: Path, *, strip: bool) -> Score:
    """Compare a text with the truth."""
    words, expected = bag([text], strip=strip), true_words(truth, strip=strip)
    return Score((words & expected).total(), words.total(), expected.total())


def total(scores: list[Score]) -> Score:
    """Pool the counts of several receipts."""
    return Score(*(sum(column) for column in zip(*scores, strict=True)))


def measure(images: list[Path], page_type: str) -> dict[str, float]:
    """Read all receipts; give what :func:`figures` names."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        texts = [read(image, page_type, folder) for image in images]
    seconds = (time.perf_counter() - started) / len(images)
    truths = [image.with_suffix(".lines.csv") for image in images]
    pairs = list(zip(texts, truths, strict=True))
    plain = [score(text, truth, strip=False) for text, truth in pairs]
    return {
        "word F1": total(plain).f1,
        "word F1 without punctuation": total([score(*pair, strip=True) for pair in pairs]).f1,
        "word F1 of the worst receipt": min(item.f1 for item in plain),
        "seconds a receipt": seconds,
    }


def figures() -> Iterator[Figure]:
    """How well and how fast the default engine reads, beside the other one."""
    images = sorted(sample("receipts").glob("*.jpg"))[: sized(None, 3)]
    yield from compare_all(
        partial(measure, images, "default"),
        {"tesseract": partial(measure, images, "high_quality_doc")},
        [
            Measure("word F1", "%", "higher", note=f"{len(images)} receipts"),
            Measure("word F1 without punctuation", "%", "higher"),
            Measure("word F1 of the worst receipt", "%", "higher"),
            Measure("seconds a receipt", "s", "lower"),
        ],
        repeats=1,
    )


if __name__ == "__main__":
    main(figures)
