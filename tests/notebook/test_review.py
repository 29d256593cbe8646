"""``%ibflow review``: the documents of a run beside their fields."""

from __future__ import annotations

from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from ibflow_nb.api.errors import CommandError


@pytest.fixture
def done(shell: InteractiveShell, server: Any) -> str:
    """A job that has ended, of two records; gives its id."""
    server.records = [
        {"file_name": name, "file_index": index, "results": [{"key": "total", "value": "12"}]}
        for index, name in enumerate(["a.pdf", "b.pdf"])
    ]
    server.set("job-0001", status="COMPLETE")
    shell.run_line_magic("ibflow", f"connect {server.url}")
    return "job-0001"


def test_review_shows_the_records_of_a_job(shell: InteractiveShell, done: str) -> None:
    """It gives a view, beginning with the record asked for."""
    review = shell.run_line_magic("ibflow", f"review {done} --first 1 --quiet")
    assert "b.pdf" in repr(review)
    assert "a.pdf" not in repr(review)
    assert "total" in review._repr_html_()


def test_a_record_that_is_not_there_is_told(shell: InteractiveShell, done: str) -> None:
    """The sentence says how many there are."""
    shell.run_line_magic("ibflow", f"results {done} --quiet")
    with pytest.raises(CommandError, match="no record 2: the run has 2"):
        shell.run_line_magic("ibflow", f"review {done} --first 2 --quiet")
