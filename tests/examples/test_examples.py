"""The example flows read from the example documents what these say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ibflow_nb.examples import WORKSPACE
from ibflow_nb.frames.html import DOUBTFUL
from ibflow_nb.local.classifier.file import load_classifier
from ibflow_nb.local.documents.layout import compose
from ibflow_nb.local.documents.options import ReadOptions
from ibflow_nb.local.documents.readers import read_document
from ibflow_nb.local.documents.record import Record

RunFlow = Callable[[Path, Path], tuple[list[Record], str]]
SCANS = {".jpg", ".png", ".tif"}
CLASSIFIER = WORKSPACE / "mixed/classifier/documents.ibclassifier"
MISPRINTED = "port-ellery-glaziers.pdf"


def documents_of(*folders: str) -> list[Any]:
    """The documents of some folders, those that need OCR marked as slow."""
    return [
        pytest.param(
            folder,
            path.name,
            id=path.name,
            marks=[pytest.mark.slow] if path.suffix in SCANS or "polder" in path.name else [],
        )
        for folder in folders
        for path in sorted((WORKSPACE / folder / "input").iterdir())
    ]


def truth_of(folder: str) -> dict[str, Any]:
    """What the documents of a folder hold."""
    truth: dict[str, Any] = msgspec.json.decode((WORKSPACE / folder / "truth.json").read_bytes())
    return truth


def fields_of(record: Record) -> dict[str, str]:
    """The fields that were found, by label."""
    return {phrase.label: phrase.word for phrase in record.refined_phrases}


@pytest.mark.parametrize(("folder", "name"), documents_of("receipts", "invoices", "statements"))
def test_fields_equal_the_truth(folder: str, name: str, run_flow: RunFlow) -> None:
    """Every field of the document is found as it is printed, in normal form."""
    flow = WORKSPACE / folder / f"{folder}.ibflow"
    (record,), _ = run_flow(flow, WORKSPACE / folder / "input" / name)
    assert fields_of(record) == truth_of(folder)[name]


@pytest.mark.slow
def test_smudged_date_is_right_and_doubtful(run_flow: RunFlow) -> None:
    """One scan has a value that is read with little confidence, so that marking can be seen."""
    source = WORKSPACE / "receipts/input/northgate-hardware.png"
    (record,), _ = run_flow(WORKSPACE / "receipts/receipts.ibflow", source)
    doubtful = [
        phrase.label for phrase in record.refined_phrases if (phrase.confidence or 1) < DOUBTFUL
    ]
    assert doubtful == ["date"]


@pytest.mark.parametrize(("folder", "name"), documents_of("mixed"))
def test_flow_of_its_class_reads_each_mixed_document(
    folder: str, name: str, run_flow: RunFlow
) -> None:
    """The flow that has the name of the document's class finds its fields."""
    expected = truth_of(folder)[name]
    flow = WORKSPACE / folder / "flows" / f"{expected.pop('class_label')}.ibflow"
    (record,), _ = run_flow(flow, WORKSPACE / folder / "input" / name)
    assert fields_of(record) == expected


@pytest.mark.parametrize(("folder", "name"), documents_of("mixed"))
def test_classifier_knows_each_mixed_document(folder: str, name: str) -> None:
    """The classifier gives receipts and invoices their class, and finds the letter neither."""
    pages = read_document(WORKSPACE / folder / "input" / name, ReadOptions())
    prediction = load_classifier(CLASSIFIER.read_bytes()).predict(compose(pages))
    assert prediction.label == truth_of(folder)[name]["class_label"]


def test_post_keeps_the_invoices(run_flow: RunFlow) -> None:
    """Of a bundle of four documents the invoices are kept, one record each."""
    records, _ = run_flow(WORKSPACE / "post/post.ibflow", WORKSPACE / "post/input/monday.pdf")
    found = [
        {"class_label": record.classification_payload.class_label, **fields_of(record)}
        for record in records
        if record.classification_payload
    ]
    assert found == truth_of("post")["monday.pdf"]


@pytest.mark.parametrize(("folder", "name"), documents_of("checked"))
def test_checkpoint_stops_at_the_misprint(folder: str, name: str, run_flow: RunFlow) -> None:
    """An invoice whose total is wrong is held up with the reason; the others pass as they are."""
    records, reason = run_flow(
        WORKSPACE / "checked/checked.ibflow", WORKSPACE / "checked/input" / name
    )
    if name == MISPRINTED:
        assert f"{name}, record 0: Subtotal and tax do not add up to the total" in reason
    else:
        assert [fields_of(record) for record in records] == [truth_of(folder)[name]]
