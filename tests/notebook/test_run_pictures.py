"""``%ibflow charts`` and ``%ibflow timeline``: pictures of a run."""

from __future__ import annotations

from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell


@pytest.fixture
def done(shell: InteractiveShell, server: Any) -> str:
    """A job that has ended, of one record; gives its id."""
    field = {"key": "total", "value": "12", "model_confidence": 0.5}
    server.records = [{"file_name": "a.pdf", "results": [field]}]
    server.set("job-0001", status="COMPLETE")
    shell.run_line_magic("ibflow", f"connect {server.url}")
    return "job-0001"


def test_charts_of_a_job(shell: InteractiveShell, done: str) -> None:
    """Values below the threshold of the line are doubtful."""
    charts = shell.run_line_magic("ibflow", f"charts {done} --threshold 0.6 --quiet")
    assert charts.to_frame().loc[0, "doubtful"] == 1
    assert "1 doubtful" in repr(charts)


def test_timeline_of_a_job(shell: InteractiveShell, server: Any, done: str) -> None:
    """The command gives what the server tells."""
    server.timelines[done] = {
        "now": 5.0,
        "steps": [{"name": "read"}],
        "units": [{"step": 0, "file_index": 0, "file_name": "a.pdf", "state": "DONE",
                   "attempts": 1, "started": 1.0, "finished": 3.0}],
    }  # fmt: skip
    timeline = shell.run_line_magic("ibflow", f"timeline {done} --quiet")
    assert repr(timeline) == "1 read: 1 DONE; median 2.00 s, longest 2.00 s"
    assert "a.pdf" in timeline._repr_html_()


def test_timeline_is_asked_by_the_job(
    shell: InteractiveShell, done: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A dry run shows the request."""
    shell.run_line_magic("ibflow", f"timeline {done} --dry-run")
    assert f"GET /api/v1/jobs/timeline?job_id={done}" in capsys.readouterr().out
