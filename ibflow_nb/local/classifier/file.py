"""The ``.ibclassifier`` format: JSON around the parameters of one type of classifier.

Source: the platform's classifier files (keys ``classifier_text``, ``type``, ``version``,
``classes``, ``class_mapping_to_training_files``). The parameters are JSON text too; nothing in the
file is code.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.local.classifier.keywords import KeywordClassifier
from ibflow_nb.local.classifier.linear import LinearClassifier
from ibflow_nb.local.classifier.prediction import Prediction
from ibflow_nb.local.documents.record import Record

VERSION = "1.1"


class Classifier(Protocol):
    """Gives a record its class."""

    @property
    def classes(self) -> list[str]:
        """The labels it can give, besides ``other``."""

    def predict(self, record: Record) -> Prediction:
        """Classify one record."""


class ClassifierFile(msgspec.Struct):
    """Content of an ``.ibclassifier``.

    Attributes:
        type: ``linear`` (trained) or ``keywords`` (rules).
        classifier_text: parameters of the classifier, JSON as text.
        classes: its labels.
        version: of the format.
        class_mapping_to_training_files: files that each class was trained on, relative to the
            training folder.
    """

    type: str
    classifier_text: str
    classes: list[str] = []
    version: str = VERSION
    scripts_dir: str = "scripts"
    class_mapping_to_training_files: dict[str, list[str]] = {}


_TYPES: dict[str, type[LinearClassifier] | type[KeywordClassifier]] = {
    "linear": LinearClassifier,
    "keywords": KeywordClassifier,
}


def load_classifier(content: str | bytes) -> Classifier:
    """Make a classifier of the content of an ``.ibclassifier``.

    Raises:
        InvalidRequest: it is no such file, its type is not supported, or its parameters are
            broken.
    """
    try:
        file = msgspec.json.decode(content, type=ClassifierFile)
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"The classifier file cannot be read: {error}.") from error
    kind = _TYPES.get(file.type)
    if kind is None:
        raise InvalidRequest(
            f"The classifier type {file.type!r} is not supported; the types are "
            f"{' and '.join(_TYPES)}."
        )
    try:
        return msgspec.json.decode(file.classifier_text, type=kind)
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"The classifier_text cannot be read: {error}.") from error


def dump_classifier(
    classifier: LinearClassifier | KeywordClassifier, training_files: dict[str, list[str]]
) -> bytes:
    """Write a classifier as the content of an ``.ibclassifier``."""
    name = next(name for name, kind in _TYPES.items() if isinstance(classifier, kind))
    return msgspec.json.encode(
        ClassifierFile(
            type=name,
            classifier_text=msgspec.json.encode(classifier).decode(),
            classes=classifier.classes,
            class_mapping_to_training_files=training_files,
        )
    )
