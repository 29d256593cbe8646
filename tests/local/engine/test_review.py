"""Reviewed values for a job that stopped at a checkpoint, with the platform's own steps."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.api.flow import ReviewJob


@pytest.fixture
def stopped(make_platform: Any) -> tuple[Any, str]:
    """Give a platform and a job that stopped because a total is no number."""
    platform = make_platform(steps_module="ibflow_nb.local.steps.registry")
    field = {
        "desc": {"label": "total"},
        "req": {"expression": "regex_search(INPUT_COL, 'Total: (\\S+)', group=1)"},
    }
    (platform.project / "r.ibrefiner").write_text(json.dumps({"fields": [field]}))
    platform.flow(
        {"name": "process_files", "process_type": "auto_to_txt"},
        {"name": "apply_refiner", "refiner_path": "r.ibrefiner"},
        {
            "name": "apply_checkpoint",
            "validations": [{"expression": "validate(total == '12', 'no total')"}],
        },
    )
    platform.files(a="Total: 12", b="Total: l2")
    return platform, platform.run()


def review(job_id: str, **record: Any) -> ReviewJob:
    """Give a review of one record."""
    return msgspec.convert({"job_id": job_id, "reviewer": "ann", "records": [record]}, ReviewJob)


def test_reviewed_values_let_the_job_go_on(stopped: tuple[Any, str]) -> None:
    """After a review and resume the job completes, with the reviewed value in its record."""
    platform, job_id = stopped
    status = platform.status(job_id)
    assert (status.status, status.review_state) == ("STOPPED_AT_CHECKPOINT", "NOT_COMPLETED")
    platform.engine.review(review(job_id, file_index=1, values={"total": "12"}))
    assert platform.status(job_id).review_state == "IN REVIEW"
    platform.engine.resume(job_id)
    assert platform.engine.wait(job_id, 20)
    status = platform.status(job_id)
    assert (status.status, status.reviewer, status.review_state) == (
        "COMPLETE",
        "ann",
        "COMPLETED",
    )
    assert [r.results[0].value for r in platform.records(job_id)] == ["12", "12"]


def test_a_record_that_does_not_exist_cannot_be_reviewed(stopped: tuple[Any, str]) -> None:
    """The sentence names file and record."""
    platform, job_id = stopped
    with pytest.raises(InvalidRequest, match="no record 0 of file 7"):
        platform.engine.review(review(job_id, file_index=7))


def test_a_job_that_did_not_stop_cannot_be_reviewed(platform: Any) -> None:
    """There is nothing to review in a complete job."""
    platform.files(a="x")
    job_id = platform.run()
    with pytest.raises(InvalidRequest, match="has not stopped at a checkpoint"):
        platform.engine.review(review(job_id, file_index=0))
