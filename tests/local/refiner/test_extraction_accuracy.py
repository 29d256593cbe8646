"""Fields of real receipts, found by general rules."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).resolve().parents[3] / "benchmarks" / "extraction_accuracy.py"


def measure(reader: str, documents: Path) -> dict[str, float]:
    """Run the benchmark for one reader."""
    command = [sys.executable, str(BENCHMARK), "--json", "--reader", reader]
    data = str(documents / "receipts")
    done = subprocess.run([*command, "--data", data], capture_output=True, text=True, check=True)
    scores: dict[str, dict[str, float]] = json.loads(done.stdout.splitlines()[-1])
    return scores[reader]


def test_rules_find_fields_in_true_text(documents: Path) -> None:
    """On text without reading errors the rules find nearly all dates and totals."""
    score = measure("truth", documents)
    assert score["date"] >= 0.95
    assert score["total"] >= 0.9


@pytest.mark.slow
def test_rules_find_fields_in_scans(documents: Path) -> None:
    """On scanned receipts the rules find most dates and totals."""
    score = measure("default", documents)
    assert score["date"] >= 0.85
    assert score["total"] >= 0.75
