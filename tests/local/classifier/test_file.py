"""The ``.ibclassifier`` format and the classifier of rules."""

from __future__ import annotations

import json

import pytest

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.local.classifier.file import dump_classifier, load_classifier
from ibflow_nb.local.classifier.keywords import KeywordClassifier
from ibflow_nb.local.documents.record import Record

RULES = {
    "rules": [
        {"class": "credit", "any": ["credit note"], "none": ["draft"]},
        {"class": "invoice", "any": ["invoice", "rechnung"], "all": ["total"]},
    ]
}


def rules_file(**changes: object) -> str:
    """Give the text of a classifier file with rules."""
    content = {"type": "keywords", "version": "1.1", "classifier_text": json.dumps(RULES)}
    return json.dumps(content | changes)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("RECHNUNG 5\nTotal 3", "invoice"),
        ("Invoice without a sum", "other"),
        ("Invoice total, Credit\n  Note", "credit"),
        ("Invoice total, credit note, DRAFT", "invoice"),
        ("", "other"),
    ],
)
def test_the_first_rule_that_matches_gives_the_class(text: str, label: str) -> None:
    """Phrases are found in any case and across line ends; ``all`` and ``none`` restrict."""
    assert load_classifier(rules_file()).predict(Record(text=text)).label == label


def test_a_written_file_reads_back() -> None:
    """What is written is what was there."""
    classifier = load_classifier(rules_file())
    assert isinstance(classifier, KeywordClassifier)
    again = load_classifier(dump_classifier(classifier, {}))
    assert again.classes == ["credit", "invoice"]
    assert again == classifier


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("not json", "cannot be read"),
        ("{}", "classifier_text|type"),
        (rules_file(type="model-service:x"), "'model-service:x' is not supported"),
        (rules_file(classifier_text="{}"), "classifier_text cannot be read"),
        (rules_file(type="linear"), "classifier_text cannot be read"),
    ],
)
def test_a_broken_file_is_refused_with_its_fault(content: str, reason: str) -> None:
    """The sentence names what is wrong."""
    with pytest.raises(InvalidRequest, match=reason):
        load_classifier(content)


def test_parameters_that_do_not_fit_each_other_are_refused() -> None:
    """A weight too few is found when the file is loaded, not when a document comes."""
    block = {"scale": 1.0, "unknown": 1.0, "terms": ["a", "b"], "idf": [1.0, 1.0]}
    parameters = {
        "classes": ["x", "y"],
        "threshold": 0.5,
        "text": block | {"weights": [[1.0, 2.0], [1.0]]},
        "layout": block | {"weights": [[0.0, 0.0], [0.0, 0.0]]},
    }
    with pytest.raises(InvalidRequest, match="different lengths"):
        load_classifier(rules_file(type="linear", classifier_text=json.dumps(parameters)))
