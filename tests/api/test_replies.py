"""What replies always carry on the wire."""

from __future__ import annotations

import json

import msgspec
import pytest

from ibflow_nb.api.jobs import CurStatus, JobResult, JobStatusReply
from ibflow_nb.api.results import SentField, SentRecord
from ibflow_nb.api.schema import Reply


@pytest.mark.parametrize(
    "reply", [JobResult(), JobStatusReply(state="PENDING", job_id="j", cur_status="{}")]
)
def test_ok_is_always_said(reply: Reply) -> None:
    """A status of OK is sent, though it is the default."""
    assert msgspec.to_builtins(reply)["status"] == "OK"


def test_a_running_job_says_so() -> None:
    """cur_status carries its status and progress also where they are the defaults."""
    assert json.loads(CurStatus().to_text())["status"] == "RUNNING"


def test_results_are_there_only_at_the_end() -> None:
    """A pending job has no results key at all, as clients expect."""
    reply = JobStatusReply(state="PENDING", job_id="j", cur_status="{}")
    assert set(msgspec.to_builtins(reply)) == {"status", "state", "job_id", "cur_status"}


def test_the_record_of_a_failed_file_is_whole() -> None:
    """It names its file, index and status, has an empty list of results, and no null."""
    record = SentRecord(
        file_name="f.pdf",
        file_index=0,
        record_index=0,
        results=[],
        output_file_path="",
        status="ERROR",
        error_msg="No.",
    )
    assert msgspec.to_builtins(record) == {
        "file_name": "f.pdf",
        "file_index": 0,
        "record_index": 0,
        "results": [],
        "output_file_path": "",
        "status": "ERROR",
        "error_msg": "No.",
    }


def test_a_field_without_place_and_confidence_sends_neither() -> None:
    """Key, value, type and error are always there, and there is no null."""
    field = SentField(key="date", value="", field_type="ANY", error_msg="")
    assert msgspec.to_builtins(field) == {
        "key": "date",
        "value": "",
        "field_type": "ANY",
        "error_msg": "",
    }
