"""The timeline of a job, over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from ibflow_nb.api.errors import ApiError, NotFound
from ibflow_nb.client import Client
from ibflow_nb.testing import ScriptedServer

HOME = "local/my-repo/fs/Instabase Drive"


def page(*files: str, has_more: bool) -> dict[str, Any]:
    """A page of units."""
    units = [{"step": 0, "file_index": 0, "file_name": name} for name in files]
    steps = [{"name": "read", "folder": "s1_read"}]
    return {
        "status": "OK", "job_id": "j", "now": 1.0, "steps": steps, "units": units,
        "has_more": has_more,
    }  # fmt: skip


def test_all_pages_are_read(ibflow_server: ScriptedServer, ibflow_scripted: Client) -> None:
    """Units already read are passed over."""
    pages = page("a", "b", has_more=True), page("c", has_more=False)
    ibflow_server.answer("job_timeline", *pages)
    timeline = ibflow_scripted.jobs.timeline("j")
    assert [unit.file_name for unit in timeline.units] == ["a", "b", "c"]
    queries = ibflow_server.bodies("job_timeline")
    assert queries == [{"job_id": "j"}, {"job_id": "j", "offset": "2"}]


@pytest.mark.parametrize("status", [404, 405, 501])
def test_a_server_without_the_call_is_told_in_a_sentence(
    ibflow_server: ScriptedServer, ibflow_scripted: Client, status: int
) -> None:
    """The documented platform has none; the sentence says what there is instead."""
    ibflow_server.answer("job_timeline", httpx.Response(status, text="nothing here"))
    with pytest.raises(NotFound) as caught:
        ibflow_scripted.jobs.timeline("j")
    assert str(caught.value) == (
        "Job j: this server tells no timelines (it has no call jobs/timeline); job.logs() tells "
        "what it wrote down."
    )


def test_an_unknown_job_is_told_as_the_server_tells_it(
    ibflow_server: ScriptedServer, ibflow_scripted: Client
) -> None:
    """An error of a server that has the call stays what it is."""
    ibflow_server.answer("job_timeline", {"status": "ERROR", "msg": "There is no job 'j'."})
    with pytest.raises(ApiError, match="There is no job 'j'"):
        ibflow_scripted.jobs.timeline("j")


def test_a_run_on_the_real_platform(ibflow_client: Client) -> None:
    """From a run to a frame, through HTTP."""
    folder = f"{HOME}/timeline"
    for name in ("a.txt", "b.txt"):
        ibflow_client.files.write(f"{folder}/input/{name}", b"Total 12")
    ibflow_client.files.write(f"{folder}/f.ibflow", b'{"steps": [{"step_name": "process_files"}]}')
    job = ibflow_client.flows.run(f"{folder}/f.ibflow", f"{folder}/input").wait(60)
    frame = job.timeline().to_frame()
    assert frame["file_name"].tolist() == ["a.txt", "b.txt"]
    assert set(frame["step_name"]) == {"process_files"}
    assert (frame["seconds"] > 0).all()
