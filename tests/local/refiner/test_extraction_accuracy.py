"""Fields of real receipts, found by general rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.extraction_accuracy import DEFAULT, TRUTH, measure


def test_rules_find_fields_in_true_text(documents: Path) -> None:
    """On text without reading errors the rules find nearly all dates and totals."""
    score = measure(TRUTH, documents / "receipts")
    assert score["date"] >= 0.95
    assert score["total"] >= 0.9


@pytest.mark.slow
def test_rules_find_fields_in_scans(documents: Path, tmp_path: Path) -> None:
    """On scanned receipts, every second one of those that there are, most dates and totals."""
    for key in sorted((documents / "receipts").glob("*.key.json"))[::2]:
        for path in key.parent.glob(key.name.removesuffix("key.json") + "*"):
            (tmp_path / path.name).symlink_to(path)
    score = measure(DEFAULT, tmp_path)
    assert score["date"] >= 0.85
    assert score["total"] >= 0.75
