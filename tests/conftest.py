"""Fixtures that all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def documents() -> Path:
    """Folder of real documents: ``IBFLOW_NB_TEST_DATA``, default ``../shared/data``."""
    folder = Path(os.environ.get("IBFLOW_NB_TEST_DATA", PROJECT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no documents for tests at {folder} (set IBFLOW_NB_TEST_DATA)")
    return folder
