"""Reviewed values for a job that stopped at a checkpoint, with the platform's own steps."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.api.flow import ReviewJob
from ibflow_nb.api.results import ResultsOptions, ResultsQuery


@pytest.fixture
def checked(make_platform: Any) -> Any:
    """Give a platform with a flow that checks totals, and two files of which one fails."""
    platform = make_platform(steps_module="ibflow_nb.local.steps.registry")
    field = {
        "desc": {"label": "total"},
        "req": {"expression": "regex_search(INPUT_COL, 'Total: (\\S+)', group=1)"},
    }
    (platform.project / "r.ibrefiner").write_text(json.dumps({"fields": [field]}))
    lay_flow(platform)
    platform.files(a="Total: 12", b="Total: l2")
    return platform


def lay_flow(platform: Any, *then: Any, **settings: str) -> None:
    """Write a flow with a checkpoint of these settings, and steps after it."""
    platform.flow(
        {"name": "process_files", "process_type": "auto_to_txt"},
        {"name": "apply_refiner", "refiner_path": "r.ibrefiner"},
        {
            "name": "apply_checkpoint",
            "validations": [{"expression": "validate(total == '12', 'no total')"}],
            "settings": settings,
        },
        *then,
    )


@pytest.fixture
def stopped(checked: Any) -> tuple[Any, str]:
    """Give a platform and a job that stopped because a total is no number."""
    return checked, checked.run()


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
    assert platform.engine.wait(job_id, 60)
    status = platform.status(job_id)
    assert (status.status, status.reviewer, status.review_state) == (
        "COMPLETE",
        "ann",
        "COMPLETED",
    )
    assert [r.results[0].value for r in platform.records(job_id)] == ["12", "12"]


def test_a_stopped_job_shows_the_records_that_were_checked(stopped: tuple[Any, str]) -> None:
    """Its status is ERROR with the reason; its results hold all records and can_resume."""
    platform, job_id = stopped
    reply = platform.engine.status(job_id)
    assert (reply.state, reply.results[0].status) == ("DONE", "ERROR")
    assert reply.results[0].msg == (
        "Stopped at the checkpoint until these are reviewed: b.txt, record 0: no total."
    )
    output = platform.drive.path_of(platform.output(job_id))
    query = ResultsQuery(
        ibresults_path=output, options=ResultsOptions(include_checkpoint_results=True)
    )
    results = platform.engine.results(query)
    assert results.can_resume
    assert [
        (r.output_file_path, r.results[0].value, r.checkpoint_results["passed"])
        for r in results.records
    ] == [
        (f"{output}/s3_apply_checkpoint/a.txt.ibdoc", "12", True),
        (f"{output}/s3_apply_checkpoint/b.txt.ibdoc", "l2", False),
    ]


def test_reviewed_records_are_marked(stopped: tuple[Any, str]) -> None:
    """is_manually_reviewed tells which records a reviewer corrected."""
    platform, job_id = stopped
    platform.engine.review(review(job_id, file_index=1, values={"total": "12"}))
    platform.engine.resume(job_id)
    assert platform.engine.wait(job_id, 60)
    assert [r.is_manually_reviewed for r in platform.records(job_id)] == [False, True]


def test_an_approved_record_passes_as_it_is(stopped: tuple[Any, str]) -> None:
    """A reviewer may approve what the validations refuse."""
    platform, job_id = stopped
    platform.engine.review(review(job_id, file_index=1, approved=True))
    platform.engine.resume(job_id)
    assert platform.engine.wait(job_id, 60)
    record = platform.records(job_id)[1]
    assert (record.results[0].value, record.is_manually_reviewed) == ("l2", True)


def test_a_resume_without_a_review_stops_again(stopped: tuple[Any, str]) -> None:
    """Nothing has changed, so the checkpoint stops the job again."""
    platform, job_id = stopped
    platform.engine.resume(job_id)
    assert platform.engine.wait(job_id, 60)
    assert platform.status(job_id).status == "STOPPED_AT_CHECKPOINT"


def test_files_that_pass_go_straight_through(checked: Any) -> None:
    """With straight_through the passing file ends, then the job stops; resume does the other."""
    lay_flow(checked, {"name": "merge_files"}, straight_through="yes")
    job_id = checked.run()
    assert checked.status(job_id).status == "STOPPED_AT_CHECKPOINT"
    assert checked.status(job_id).index == 0, "merge_files waits for both"
    checked.engine.review(review(job_id, file_index=1, values={"total": "12"}))
    checked.engine.resume(job_id)
    assert checked.engine.wait(job_id, 60)
    assert [r.results[0].value for r in checked.records(job_id)] == ["12", "12"]


def test_a_file_that_passed_is_not_run_again(checked: Any) -> None:
    """The step after the checkpoint runs once for the file that went straight through."""
    lay_flow(checked, {"name": "map_records", "map_type": "page"}, straight_through="yes")
    job_id = checked.run()
    done = checked.output(job_id) / "s4_map_records" / "a.txt.ibdoc"
    before = done.stat().st_mtime_ns
    assert checked.status(job_id).index == 1
    checked.engine.review(review(job_id, file_index=1, values={"total": "12"}))
    checked.engine.resume(job_id)
    assert checked.engine.wait(job_id, 60)
    assert checked.status(job_id).status == "COMPLETE"
    assert done.stat().st_mtime_ns == before


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
