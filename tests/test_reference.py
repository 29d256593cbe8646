"""The page of the Python API is that of the docstrings."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import ibflow_nb

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE = DOCS / "python.md"


def test_the_page_is_up_to_date() -> None:
    """docs/python.md is what docs/reference.py prints."""
    pytest.importorskip("griffe", reason="griffe is not installed")
    command = [sys.executable, str(DOCS / "reference.py")]
    written = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert written.stdout == PAGE.read_text(encoding="utf-8"), "run: make docs"


def test_every_public_name_is_on_the_page() -> None:
    """Nothing that the package gives is left out."""
    text = PAGE.read_text(encoding="utf-8")
    heads = re.findall(r"^#{3,4} (?:ibflow_nb\.)?(\S+)$", text, re.MULTILINE)
    assert set(ibflow_nb.__all__) <= set(heads)


def test_the_page_is_markdown() -> None:
    """No markup of docstrings is left, and every block of code is closed."""
    text = PAGE.read_text(encoding="utf-8")
    assert not re.findall(r":\w+:`|^====|(?<!`)``(?!`)", text, re.MULTILINE)
    assert text.count("```") % 2 == 0
