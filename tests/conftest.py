"""Fixtures that all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Examples are counted, not timed, and the same in every run: a failure repeats.
settings.register_profile("project", deadline=None, derandomize=True, database=None)
settings.load_profile("project")

pytest_plugins = ["ibflow_nb.testing"]
PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def documents() -> Path:
    """Folder of real documents: ``IBFLOW_NB_TEST_DATA``, default ``../shared/data``."""
    folder = Path(os.environ.get("IBFLOW_NB_TEST_DATA", PROJECT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no documents for tests at {folder} (set IBFLOW_NB_TEST_DATA)")
    return folder
