"""What a classifier answers."""

from __future__ import annotations

from typing import NamedTuple

OTHER = "other"


class Prediction(NamedTuple):
    """The class of a record.

    Attributes:
        label: one of the classifier's classes, or ``other`` when none is likely enough.
        score: how sure the classifier is of this label, 0 to 1.
        probabilities: of each class, by label.
    """

    label: str
    score: float
    probabilities: dict[str, float]
