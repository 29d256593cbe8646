"""The classifier of rules: a class for each set of words."""

from __future__ import annotations

import msgspec

from ibflow_nb.local.classifier.prediction import OTHER, Prediction
from ibflow_nb.local.documents.record import Record


class KeywordRule(msgspec.Struct, rename={"label": "class"}):
    """When a record is of a class.

    Phrases are looked for without regard to case and with any white space between their words.

    Attributes:
        label: the class; ``class`` in the file.
        any: at least one of these phrases is in the text.
        all: each of these is.
        none: none of these is.
    """

    label: str
    any: list[str] = []
    all: list[str] = []
    none: list[str] = []

    def matches(self, text: str) -> bool:
        """Tell whether a text (folded by :func:`fold`) is of the class."""
        found = {phrase: fold(phrase) in text for phrase in (*self.any, *self.all, *self.none)}
        return (
            (not self.any or any(found[phrase] for phrase in self.any))
            and all(found[phrase] for phrase in self.all)
            and not any(found[phrase] for phrase in self.none)
        )


class KeywordClassifier(msgspec.Struct):
    """A classifier that people write: the first rule that matches gives the class."""

    rules: list[KeywordRule]

    @property
    def classes(self) -> list[str]:
        """The labels of the rules, in order."""
        return list(dict.fromkeys(rule.label for rule in self.rules))

    def predict(self, record: Record) -> Prediction:
        """Classify one record; the score is 1, because a rule leaves no doubt."""
        text = fold(record.text)
        label = next((rule.label for rule in self.rules if rule.matches(text)), OTHER)
        return Prediction(label, 1.0, {name: float(name == label) for name in self.classes})


def fold(text: str) -> str:
    """Bring text to lower case with single spaces."""
    return " ".join(text.casefold().split())
