"""The example documents are those that the generator draws."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import msgspec
import pypdfium2
import pytest

from ibflow_nb.examples import WORKSPACE
from ibflow_nb.local.classifier.file import load_classifier
from ibflow_nb.local.classifier.linear import LinearClassifier

FOLDERS = sorted(path.parent.name for path in WORKSPACE.glob("*/truth.json"))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace drawn anew."""
    pytest.importorskip("reportlab", reason="reportlab (extra dev) draws the examples")
    pytest.importorskip("sklearn", reason="scikit-learn (extra train) trains their classifier")
    folder = tmp_path_factory.mktemp("drawn")
    command = [sys.executable, "-m", "ibflow_nb.examples.generator", str(folder)]
    subprocess.run(command, check=True, timeout=120)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("kind", FOLDERS)
def test_package_holds_what_is_drawn(drawn: Path, kind: str) -> None:
    """The committed documents have the names and the truth that the generator gives."""
    committed = WORKSPACE / kind
    assert (drawn / kind / "truth.json").read_text() == (committed / "truth.json").read_text()
    names = sorted(path.name for path in (drawn / kind / "input").iterdir())
    assert sorted(path.name for path in (committed / "input").iterdir()) == names
    assert sorted(msgspec.json.decode((committed / "truth.json").read_bytes())) == names


@pytest.mark.slow
def test_copies_equal_their_originals(drawn: Path) -> None:
    """Files that lie in several folders, the classifier too, are the same everywhere."""
    from ibflow_nb.examples.generator.__main__ import COPIES

    for source, targets in COPIES.items():
        for target in targets:
            original = (WORKSPACE / source).read_bytes()
            assert (WORKSPACE / target).read_bytes() == original
            assert (drawn / target).is_file()


@pytest.mark.slow
def test_trained_anew_the_classifier_has_the_same_terms(drawn: Path) -> None:
    """The committed classifier knows the classes and the words of the one trained now."""
    name = "mixed/classifier/documents.ibclassifier"
    committed, trained = (
        load_classifier((root / name).read_bytes()) for root in (WORKSPACE, drawn)
    )
    assert isinstance(committed, LinearClassifier)
    assert isinstance(trained, LinearClassifier)
    assert committed.classes == trained.classes == ["invoice", "receipt"]
    assert committed.text.terms == trained.text.terms
    assert committed.threshold == pytest.approx(trained.threshold, abs=0.01)


def test_printed_documents_hold_their_truth() -> None:
    """The text layer of each printed document holds its total as the truth has it."""
    checked = 0
    for kind in ("receipts", "invoices"):
        truth = msgspec.json.decode((WORKSPACE / kind / "truth.json").read_bytes())
        for path in (WORKSPACE / kind / "input").glob("*.pdf"):
            with pypdfium2.PdfDocument(path) as document:
                text = document[0].get_textpage().get_text_range()
            if text:
                digits = "".join(sign for sign in text if sign.isdigit() or sign == "\n")
                assert truth[path.name]["total"].replace(".", "") in digits
                checked += 1
    assert checked == 5


def test_sums_are_right() -> None:
    """Subtotal and tax of each invoice add up to its total, but for the one with the misprint."""
    wrong = [
        name
        for kind in ("invoices", "checked")
        for name, fields in msgspec.json.decode(
            (WORKSPACE / kind / "truth.json").read_bytes()
        ).items()
        if Decimal(fields["subtotal"]) + Decimal(fields["tax"]) != Decimal(fields["total"])
    ]
    assert wrong == ["port-ellery-glaziers.pdf"]


def test_workspace_is_small() -> None:
    """What every installation carries stays below 2.5 MB."""
    size = sum(path.stat().st_size for path in WORKSPACE.rglob("*") if path.is_file())
    assert size < 2_500_000
