"""Runs from submission to records."""

from __future__ import annotations

from typing import Any

import pytest


def test_a_run_gives_a_record_for_each_file(platform: Any) -> None:
    """Each input file goes through all steps and ends as a record with its fields."""
    platform.files(a="one", b="three")
    job_id = platform.run()
    assert platform.status(job_id).status == "COMPLETE"
    records = platform.records(job_id)
    assert [(r.file_name, r.file_index, r.results[0].value) for r in records] == [
        ("a.txt", 0, "3"),
        ("b.txt", 1, "5"),
    ]
