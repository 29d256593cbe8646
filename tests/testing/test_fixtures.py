"""The fixtures that users' tests get."""

from __future__ import annotations

import os
from typing import Any

import httpx
import pytest

from ibflow_nb import ApiError, Client
from ibflow_nb.api.jobs import JobState
from ibflow_nb.testing import EmbeddedPlatform, FakeClock, ScriptedServer

SUBMITTED = {"status": "OK", "data": {"job_id": "job-7", "output_folder": "out"}}


def status(word: str, **more: Any) -> dict[str, Any]:
    """A reply of ``jobs/status``."""
    return {"status": "OK", "state": "DONE" if word == "COMPLETE" else "PENDING",
            "cur_status": {"status": word, **more}}  # fmt: skip


def test_a_run_is_scripted_from_start_to_end(
    ibflow_scripted: Client, ibflow_server: ScriptedServer
) -> None:
    """Answers come one after the other; what was sent can be looked at."""
    ibflow_server.answer("run_flow_async", SUBMITTED)
    ibflow_server.answer("job_status", status("RUNNING"), status("COMPLETE"))
    job = ibflow_scripted.flows.run("f.ibflow", "in").wait(60)
    assert job.state is JobState.COMPLETE
    assert ibflow_server.bodies("run_flow_async") == [
        {"ibflow_path": "f.ibflow", "input_dir": "in"}
    ]
    assert len(ibflow_server.bodies("job_status")) == 2


def test_the_last_answer_stays_and_functions_see_the_body(
    ibflow_scripted: Client, ibflow_server: ScriptedServer
) -> None:
    """A function decides by what was sent."""
    ibflow_server.answer(
        "flow_results",
        lambda body: {"status": "OK", "records": [{"file_name": body["ibresults_path"]}]},
    )
    for path in ("a", "b"):
        (record,) = ibflow_scripted.results.get(path)
        assert record.file_name == f"{path}/batch.ibflowresults"


def test_a_call_without_an_answer_says_so(ibflow_scripted: Client) -> None:
    """The error names the call that the test forgot."""
    with pytest.raises(ApiError, match="no answer to run_flow_async"):
        ibflow_scripted.flows.run("f.ibflow", "in")


def test_an_unknown_call_is_refused(ibflow_server: ScriptedServer) -> None:
    """With the name that is nearest."""
    with pytest.raises(ValueError, match="'job_status'"):
        ibflow_server.answer("job_statu", {})


def test_drive_paths_are_told_from_the_calls_beside_them(
    ibflow_scripted: Client, ibflow_server: ScriptedServer
) -> None:
    """``files/copy`` is no file of that name; bytes come as they were sent."""
    ibflow_server.answer("file_write", {"status": "OK"})
    ibflow_scripted.files.write("a/copy", b"\xff")
    (sent,) = ibflow_server.sent
    assert (sent.call, sent.path, sent.body) == ("file_write", "/api/v2/files/a/copy", b"\xff")


def test_repeats_wait_on_the_fake_clock(
    ibflow_scripted: Client, ibflow_server: ScriptedServer, ibflow_clock: FakeClock
) -> None:
    """Exceptions stand for a network that fails; the pause after one takes no time."""
    ibflow_server.answer(
        "flow_results", httpx.ConnectError("refused"), {"status": "OK", "records": []}
    )
    assert len(ibflow_scripted.results.get("out")) == 0
    assert ibflow_clock.slept
    assert ibflow_clock.now() > 0


def test_the_platform_is_real(ibflow_platform: EmbeddedPlatform, ibflow_client: Client) -> None:
    """A file that is written through the client lies below the root."""
    path = "local/my-repo/fs/Instabase Drive/fixture.txt"
    ibflow_client.files.write(path, b"x")
    assert (ibflow_platform.root / path).read_bytes() == b"x"


def test_the_display_is_static(ibflow_static: None) -> None:
    """The environment says so for the length of the test."""
    assert os.environ["IBFLOW_NB_DISPLAY"] == "static"
