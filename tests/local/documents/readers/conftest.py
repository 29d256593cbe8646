"""Helpers for the tests of readers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ibflow_nb.local.documents.layout import compose
from ibflow_nb.local.documents.options import ReadOptions
from ibflow_nb.local.documents.readers import read_document


@pytest.fixture
def page_texts() -> Callable[..., list[str]]:
    """Read a file as the platform does and give the layout text of each page."""

    def read(path: Path, **options: object) -> list[str]:
        return compose(read_document(path, ReadOptions(**options))).text.split("\f")

    return read


@pytest.fixture
def write_file(tmp_path: Path) -> Callable[[str, bytes | str], Path]:
    """Write a small document and give its path."""

    def write(name: str, content: bytes | str) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write
