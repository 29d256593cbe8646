"""Records as the wire brings them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from ibflow_nb.frames import Records

Build = Callable[..., Records]


@pytest.fixture
def build() -> Build:
    """Give a function that makes Records from records as JSON objects, by way of the wire."""

    def build(*records: dict[str, Any], job_id: str = "job-1") -> Records:
        reply = {"records": records, "job_id": job_id, "binary_path": ""}
        return Records.from_json(msgspec.json.encode(reply))

    return build
