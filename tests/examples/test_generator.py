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


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace drawn anew."""
    pytest.importorskip("reportlab", reason="reportlab (extra dev) draws the examples")
    folder = tmp_path_factory.mktemp("drawn")
    command = [sys.executable, "-m", "ibflow_nb.examples.generator", str(folder)]
    subprocess.run(command, check=True, timeout=120)
    return folder


@pytest.mark.parametrize("kind", ["receipts", "invoices"])
def test_package_holds_what_is_drawn(drawn: Path, kind: str) -> None:
    """The committed documents have the names and the truth that the generator gives."""
    committed = WORKSPACE / kind
    assert (drawn / kind / "truth.json").read_text() == (committed / "truth.json").read_text()
    names = sorted(path.name for path in (drawn / kind / "input").iterdir())
    assert sorted(path.name for path in (committed / "input").iterdir()) == names
    assert sorted(msgspec.json.decode((committed / "truth.json").read_bytes())) == names


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
    """Subtotal and tax of each invoice add up to its total."""
    truth = msgspec.json.decode((WORKSPACE / "invoices" / "truth.json").read_bytes())
    for fields in truth.values():
        assert Decimal(fields["subtotal"]) + Decimal(fields["tax"]) == Decimal(fields["total"])


def test_workspace_is_small() -> None:
    """What every installation carries stays below 2.5 MB."""
    size = sum(path.stat().st_size for path in WORKSPACE.rglob("*") if path.is_file())
    assert size < 2_500_000
