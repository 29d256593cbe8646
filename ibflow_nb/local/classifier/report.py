"""What a training run tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec


class ClassFigures(msgspec.Struct, frozen=True):
    """How well one class was recognised in documents that were held back.

    Attributes:
        label: the class.
        documents: documents of the class that were read.
        precision: share of those given the label that have it; 0 to 1.
        recall: share of those that have the label and were given it; 0 to 1.
        f1: harmonic mean of both.
    """

    label: str
    documents: int
    precision: float = 0.0
    recall: float = 0.0
    f1: float = 0.0


class TrainingReport(msgspec.Struct, frozen=True, kw_only=True):
    """Result of training.

    Attributes:
        output: the ``.ibclassifier`` that was written.
        classes: figures of each class, cross-validated.
        folds: parts of the cross-validation; 0 when a class has a single document, so that
            there are no figures.
        accuracy: share of held-back documents with the right label.
        macro_f1: mean of the classes' F1.
        rejected: share of held-back documents below ``threshold``, which become ``other``.
        threshold: probability below which a document is ``other``.
        confusion: for each class, how many of its documents were given which label.
        skipped: files that could not be read, with the reason.
    """

    output: Path
    classes: list[ClassFigures]
    folds: int
    threshold: float
    accuracy: float = 0.0
    macro_f1: float = 0.0
    rejected: float = 0.0
    confusion: dict[str, dict[str, int]] = {}
    skipped: dict[str, str] = {}

    def __str__(self) -> str:
        """Lay the figures out as a small table for a terminal."""
        width = max(len("class"), *(len(figures.label) for figures in self.classes))
        lines = [f"{'class':{width}}  documents  precision  recall     F1"]
        lines += [
            f"{item.label:{width}}  {item.documents:9}  {item.precision:9.3f}  {item.recall:6.3f}"
            f"  {item.f1:5.3f}"
            if self.folds
            else f"{item.label:{width}}  {item.documents:9}"
            for item in self.classes
        ]
        lines.append(self._summary())
        lines += [f"not read: {name}: {reason}" for name, reason in self.skipped.items()]
        lines.append(f"written: {self.output}")
        return "\n".join(lines)

    def _summary(self) -> str:
        if not self.folds:
            return "no cross-validation: a class has only one document"
        return (
            f"{self.folds}-fold cross-validation: accuracy {self.accuracy:.3f}, "
            f"macro F1 {self.macro_f1:.3f}, {self.rejected:.1%} below the threshold of "
            f"{self.threshold:.2f}"
        )


def figures_of(
    truth: Sequence[str], given: Sequence[str]
) -> tuple[list[ClassFigures], dict[str, dict[str, int]]]:
    """Compare true labels with given ones: figures and confusion of each class."""
    pairs = Counter(zip(truth, given, strict=True))
    labels = sorted(set(truth))
    confusion = {
        label: {other: pairs[label, other] for other in labels if pairs[label, other]}
        for label in labels
    }
    figures = []
    for label in labels:
        right, count, chosen = pairs[label, label], truth.count(label), given.count(label)
        figures.append(
            ClassFigures(
                label,
                documents=count,
                precision=right / chosen if chosen else 0.0,
                recall=right / count,
                f1=2 * right / (count + chosen),
            )
        )
    return figures, confusion
