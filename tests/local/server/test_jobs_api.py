"""Flows and jobs over HTTP, with the real engine."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import fields

from ibflow_nb.api.endpoints import ENDPOINTS, Endpoint

SPACE = "local/my-repo/fs/Instabase Drive/work"
FLOW = {"rootDir": ".", "steps": [{"step_name": "process_files", "kwargs": {}}]}
SECONDS = 60


@pytest.fixture(scope="module", autouse=True)
def workspace(running: httpx.Client) -> None:
    """Lay a flow and a document onto the drive."""
    running.put(f"/api/v2/files/{SPACE}/f.ibflow", content=json.dumps(FLOW))
    running.put(f"/api/v2/files/{SPACE}/in/a.txt", content=b"Total 12.50\n")


def run(running: httpx.Client, **options: Any) -> str:
    """Run the flow to its end; give the job's id."""
    body = {"ibflow_path": f"{SPACE}/f.ibflow", "input_dir": f"{SPACE}/in"} | options
    reply = running.post("/api/v1/flow/run_flow_async", json=body | {"output_has_run_id": True})
    assert reply.json()["status"] == "OK", reply.text
    return finish(running, reply.json()["data"]["job_id"])


def finish(running: httpx.Client, job_id: str) -> str:
    """Wait for a job's end."""
    end = time.monotonic() + SECONDS
    while status(running, job_id)["state"] == "PENDING":
        assert time.monotonic() < end
        time.sleep(0.02)
    return job_id


def status(running: httpx.Client, job_id: str) -> dict[str, Any]:
    """Ask how a job stands."""
    return dict(running.get("/jobs/status", params={"job_id": job_id, "type": "flow"}).json())


def call(running: httpx.Client, name: str, **body: Any) -> dict[str, Any]:
    """POST a call of the Job or Flow API."""
    return dict(running.post(f"/api/v1/{name}", json=body).json())


def test_a_run_ends_with_its_output_folder(running: httpx.Client) -> None:
    """State DONE, one OK result with the folder, and the truth in cur_status."""
    told = status(running, run(running))
    assert (told["status"], told["state"]) == ("OK", "DONE")
    assert told["results"][0]["status"] == "OK"
    assert told["results"][0]["output_folder"].startswith("local/my-repo/")
    current = json.loads(told["cur_status"])
    assert (current["status"], current["curProgress"]) == ("COMPLETE", 1.0)
    assert current["run_summary"]["numFiles"] == 1


def test_jobs_are_found_by_tag_and_paged(running: httpx.Client) -> None:
    """next_page is followed as it stands until it is null; each job comes once."""
    wanted = {run(running, tags=["paged", f"n{number}"]) for number in range(3)}
    found: list[str] = []
    url: str | None = "/api/v1/jobs/list?tags=paged&limit=2"
    while url:
        page = running.get(url).json()
        found += [job["job_id"] for job in page["jobs"]]
        url = page["next_page"]
    assert len(found) == 3
    assert set(found) == wanted


def test_a_restart_has_a_new_id(running: httpx.Client) -> None:
    """The same request runs again under another id."""
    first = run(running)
    second = call(running, "flow/restart", job_id=first)["data"]["job_id"]
    assert second != first
    assert (
        json.loads(status(running, finish(running, second))["cur_status"])["status"] == "COMPLETE"
    )


def test_a_jobs_log_is_read(running: httpx.Client) -> None:
    """Lines have a time and a text."""
    job_id = run(running, log_to_timeline=True)
    logs = running.get("/api/v1/jobs/logs", params={"job_id": job_id}).json()
    assert logs["status"] == "OK"
    assert all({"ts", "log", "step"} <= set(line) for line in logs["logs"])


@pytest.mark.parametrize("path", ["flow/pipeline", "jobs/pipelines"])
def test_pipelines_are_listed_at_both_addresses(running: httpx.Client, path: str) -> None:
    """A pipeline is listed while a job belongs to it; setting an empty list clears it."""
    job_id = run(running, pipeline_ids=["p-1"])

    def listed() -> list[str]:
        return [p["id"] for p in running.get(f"/api/v1/{path}").json()["pipelines"]]

    assert "p-1" in listed()
    assert call(running, "jobs/pipelines", job_id=job_id, pipeline_ids=["p-2"])["status"] == "OK"
    assert "p-2" in listed()
    call(running, "jobs/pipelines", job_id=job_id, pipeline_ids=[])
    assert "p-2" not in listed()


@pytest.mark.parametrize("verb", ["pause", "resume", "retry"])
def test_an_ended_job_cannot_be_controlled(running: httpx.Client, verb: str) -> None:
    """Pausing, resuming or retrying a job that completed is told in a sentence."""
    reply = call(running, f"jobs/{verb}", job_id=run(running))
    assert reply["status"] == "ERROR"
    assert reply["msg"].endswith(".")


@pytest.mark.parametrize(
    "name",
    ["jobs/cancel", "jobs/pause", "jobs/resume", "jobs/retry", "flow/restart", "flow/review"],
)
def test_an_unknown_job_is_named(running: httpx.Client, name: str) -> None:
    """Every call about a job names the id it does not know."""
    reply = call(running, name, job_id="nope")
    assert reply["status"] == "ERROR"
    assert "nope" in reply["msg"]


def test_an_input_folder_that_is_absent_is_named(running: httpx.Client) -> None:
    """A run is refused before it starts when a path of its request is wrong."""
    body = {"ibflow_path": f"{SPACE}/f.ibflow", "input_dir": f"{SPACE}/absent"}
    reply = call(running, "flow/run_flow_async", **body)
    assert reply["status"] == "ERROR"
    assert "absent" in reply["msg"]


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from([f"{SPACE}/f.ibflow", f"{SPACE}/in", f"{SPACE}/in/a.txt", "..", "/", "\0"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
JSON_CALLS = [e for e in ENDPOINTS if e.version == 1 and e.request and "{path}" not in e.path]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), endpoint=st.sampled_from(JSON_CALLS))
def test_no_request_breaks_a_call(
    running: httpx.Client, data: st.DataObject, endpoint: Endpoint
) -> None:
    """Whatever its keys hold, a call answers OK or ERROR with a sentence, never a failure."""
    assert endpoint.request is not None
    keys = st.sampled_from([field.encode_name for field in fields(endpoint.request)] or ["other"])
    body = data.draw(st.dictionaries(keys, VALUES))
    if endpoint.method == "GET":
        reply = running.get(endpoint.url, params={key: str(body[key]) for key in body})
    else:
        reply = running.post(endpoint.url, content=json.dumps(body))
    assert reply.status_code == 200, reply.text
    told = reply.json()
    assert told["status"] == "OK" or told["msg"].endswith(".")
