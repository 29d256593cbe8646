"""Reading status replies of every shape."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ibflow_nb.api.jobs import CurStatus, JobResult, JobState, JobStatusReply
from ibflow_nb.jobs.snapshot import Snapshot, parse_status, refusal

OK_LIST = [{"status": "OK", "output_folder": "a/b/fs/D/out"}]
ERROR_LIST = [{"status": "ERROR", "msg": "no flow"}]


def cur(**values: Any) -> str:
    """Give a ``cur_status`` string."""
    return json.dumps(values)


@pytest.mark.parametrize(
    ("reply", "state"),
    [
        ({"state": "DONE", "results": OK_LIST, "cur_status": cur(status="COMPLETE")}, "COMPLETE"),
        ({"state": "COMPLETE", "results": OK_LIST}, "COMPLETE"),
        ({"state": "DONE", "results": OK_LIST[0]}, "COMPLETE"),
        ({"state": "DONE"}, "COMPLETE"),
        ({"state": "DONE", "status": "ERROR", "msg": "gone wrong"}, "FAILED"),
        ({"state": "DONE", "results": ERROR_LIST}, "FAILED"),
        ({"state": "DONE", "results": [*ERROR_LIST, *OK_LIST]}, "COMPLETE"),
        (
            {"state": "DONE", "results": ERROR_LIST, "cur_status": cur(status="CANCELLED")},
            "CANCELLED",
        ),
        ({"state": "DONE", "results": OK_LIST, "cur_status": cur(status="RUNNING")}, "COMPLETE"),
        ({"state": "DONE", "results": OK_LIST, "cur_status": cur(status="PAUSED")}, "PAUSED"),
        (
            {"state": "DONE", "cur_status": cur(status="STOPPED_AT_CHECKPOINT")},
            "STOPPED_AT_CHECKPOINT",
        ),
        ({"state": "FAILED", "status": "OK"}, "FAILED"),
        ({"state": "CANCELED"}, "CANCELLED"),
        ({"state": "PENDING"}, "PENDING"),
        ({"state": "PENDING", "cur_status": None}, "PENDING"),
        ({"state": "PENDING", "cur_status": ""}, "PENDING"),
        ({"state": "PENDING", "cur_status": '{"status": "RUN'}, "PENDING"),
        ({"state": "PENDING", "cur_status": "[1, 2]"}, "PENDING"),
        ({"state": "PENDING", "cur_status": cur(curProgress=0.3)}, "RUNNING"),
        ({"state": "PENDING", "cur_status": cur(status="RUNNING")}, "RUNNING"),
        ({"state": "PENDING", "cur_status": {"status": "PAUSED"}}, "PAUSED"),
        ({"state": "PENDING", "cur_status": cur(status="running")}, "RUNNING"),
        ({"state": "PENDING", "cur_status": cur(total=3, index=3)}, "PENDING"),
        ({"state": "WARMING_UP"}, "RUNNING"),
        ({"state": "WARMING_UP", "results": OK_LIST}, "COMPLETE"),
        ({"results": OK_LIST}, "COMPLETE"),
        ({"cur_status": cur(status="FAILED")}, "FAILED"),
        ({"status": "OK"}, "UNKNOWN"),
        ({}, "UNKNOWN"),
    ],
)
def test_the_state_is_read_from_every_shape(reply: dict[str, Any], state: str) -> None:
    """The end is found wherever the server says it, and nowhere else."""
    assert parse_status("j", {"status": "OK", **reply}).state is JobState(state)


def test_our_own_servers_reply_is_read_whole() -> None:
    """What the embedded platform sends arrives without loss."""
    detail = CurStatus(
        status="RUNNING", total=4, index=2, curMsg="Reading", curProgress=0.5, step="process_files"
    )
    reply = JobStatusReply(state="PENDING", job_id="j", cur_status=detail.to_text())
    seen = parse_status("j", _builtins(reply))
    assert seen == Snapshot(
        job_id="j",
        state=JobState.RUNNING,
        progress=0.5,
        message="Reading",
        done_files=2,
        total_files=4,
        step="process_files",
    )


def test_an_ended_job_tells_folder_reason_and_time() -> None:
    """The failed job's reason comes from its result, its folder too."""
    result = JobResult(status="ERROR", output_folder="a/b/fs/D/out", msg="Out of paper")
    detail = CurStatus(status="FAILED", curMsg="Working", finish_timestamp=1_700_000_000)
    reply = JobStatusReply(state="DONE", job_id="j", cur_status=detail.to_text(), results=[result])
    seen = parse_status("j", _builtins(reply))
    assert seen.message == "Out of paper"
    assert seen.output_folder == "a/b/fs/D/out"
    assert seen.finished == 1_700_000_000


def test_an_end_without_a_time_gets_the_time_it_was_seen() -> None:
    """A server that tells no end still gives a duration."""
    assert parse_status("j", {"state": "DONE"}, now=123.0).finished == 123.0
    assert parse_status("j", {"state": "PENDING"}, now=123.0).finished is None


def test_milliseconds_are_told_from_seconds() -> None:
    """Thirteen digits are milliseconds."""
    reply = {"state": "DONE", "cur_status": cur(finish_timestamp=1_700_000_000_000)}
    assert parse_status("j", reply).finished == 1_700_000_000


def test_a_text_in_place_of_json_is_the_message() -> None:
    """Old servers put a sentence into ``cur_status``."""
    assert parse_status("j", {"state": "PENDING", "cur_status": "Queued"}).message == "Queued"


def test_counts_never_run_backwards_while_a_job_runs() -> None:
    """Progress and files done only grow, whatever the server reports."""
    before = Snapshot(job_id="j", state=JobState.RUNNING, progress=0.6, done_files=6, started=5.0)
    news = Snapshot(job_id="j", state=JobState.RUNNING, progress=0.2, done_files=2, started=9.0)
    after = news.after(before)
    assert (after.progress, after.done_files, after.started) == (0.6, 6, 5.0)


def test_a_retried_job_starts_anew() -> None:
    """After an end, progress may begin again."""
    before = Snapshot(job_id="j", state=JobState.FAILED, progress=1.0, done_files=6)
    news = Snapshot(job_id="j", state=JobState.RUNNING, progress=0.2, done_files=2)
    assert news.after(before).progress == 0.2
    assert news.after(before).done_files == 2


def test_what_the_server_leaves_out_is_kept() -> None:
    """The output folder of the submission survives replies that do not name it."""
    before = Snapshot(job_id="j", output_folder="a/out", total_files=3)
    after = parse_status("j", {"state": "PENDING"}).after(before)
    assert (after.output_folder, after.total_files) == ("a/out", 3)


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        ({"status": "ERROR", "msg": "no such job"}, "no such job"),
        ({"status": "ERROR"}, "no reason was given"),
        ({"status": "ERROR", "state": "DONE", "msg": "job failed"}, None),
        ({"status": "OK"}, None),
        ([1], "the reply is no JSON object but list"),
        (None, "the reply is no JSON object but NoneType"),
    ],
)
def test_a_refusal_is_told_from_an_answer(reply: object, sentence: str | None) -> None:
    """Only an error without a state means that the server does not answer for the job."""
    assert refusal(reply) == sentence


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
KEYS = ("status", "state", "msg", "results", "cur_status", "data", "output_folder")
INNER = ("status", "total", "index", "curMsg", "curProgress", "finish_timestamp", "run_summary")
inner_objects = st.dictionaries(st.sampled_from(INNER), json_values)


@given(
    st.dictionaries(
        st.sampled_from(KEYS), json_values | inner_objects | inner_objects.map(json.dumps)
    )
)
def test_no_reply_breaks_the_reading(reply: dict[str, Any]) -> None:
    """Any JSON object becomes a snapshot with a progress from 0 to 1."""
    seen = parse_status("j", reply, now=1.0)
    assert 0 <= seen.progress <= 1
    assert (seen.finished is not None) == seen.done


def _builtins(reply: JobStatusReply) -> dict[str, Any]:
    return msgspec.to_builtins(reply)
