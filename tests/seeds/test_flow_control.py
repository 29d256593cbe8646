"""Controlling jobs: cancel, pause, resume, retry, review, restart of every kind."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flow_samples import (
    INPUT,
    PREFIXES,
    PROJECT,
    READ,
    REFINE,
    RUN_FLOW,
    STEP_FLOW,
    FlowApi,
    body,
    flow_of,
)


@pytest.fixture
def endless(platform: FlowApi, until: Any) -> dict[str, Any]:
    """Start a run whose second step takes for ever, and wait until it is at it."""
    request = body(ibflow_path=f"{PROJECT}/endless.ibflow", input_dir=f"{PROJECT}/long")
    data = platform.start(RUN_FLOW, request)
    until(lambda: current(platform, data)["step"] == "apply_refiner")
    return data


def current(platform: FlowApi, data: dict[str, Any]) -> dict[str, Any]:
    """Give ``cur_status`` of a started job."""
    return dict(json.loads(platform.get("jobs/status", job_id=data["job_id"])["cur_status"]))


@PREFIXES
def test_cancel(platform: FlowApi, endless: dict[str, Any], prefix: str) -> None:
    """A cancel stops a worker in the middle of its work."""
    reply = platform.under(prefix).post("jobs/cancel", {"job_id": endless["job_id"]})
    assert (reply["status"], reply["state"]) == ("OK", "DONE")
    assert current(platform, endless)["status"] == "CANCELLED"


@PREFIXES
def test_pause_and_resume(platform: FlowApi, prefix: str) -> None:
    """A paused job is pending until it is resumed, then it goes on to its end."""
    client = platform.under(prefix)
    data = client.start(RUN_FLOW, body())
    paused = client.post("jobs/pause", {"job_id": data["job_id"]})
    assert (paused["status"], paused["state"]) == ("OK", "PENDING")
    assert current(client, data)["status"] == "PAUSED"
    assert client.post("jobs/resume", {"job_id": data["job_id"]})["status"] == "OK"
    assert client.finish(data["job_id"])["status"] == "COMPLETE"


@PREFIXES
def test_retry(platform: FlowApi, prefix: str) -> None:
    """A file that failed is run again when its fault is mended; the job is COMPLETE then."""
    client = platform.under(prefix)
    folder = f"{PROJECT}/retried{len(prefix)}/input"
    client.write(f"{folder}/a.txt", b"\x7fELF\x02\x01\x01\x00\x00\xff\xfe\x00")
    data, status = client.run(RUN_FLOW, body(input_dir=folder))
    assert status["status"] == "FAILED"
    client.write(f"{folder}/a.txt", "Total 3.00")
    assert client.post("jobs/retry", {"job_id": data["job_id"]})["status"] == "OK"
    assert client.finish(data["job_id"])["status"] == "COMPLETE"
    assert client.records(data["output_folder"])[0]["results"][0]["value"] == "3.00"


@PREFIXES
def test_review(platform: FlowApi, prefix: str) -> None:
    """A job that stopped at a checkpoint goes on with reviewed values."""
    client = platform.under(prefix)
    check = {
        "step_name": "apply_checkpoint",
        "kwargs": {"validations": [{"expression": "validate(total == '12.50', 'no total')"}]},
    }
    client.write(f"{PROJECT}/checked.ibflow", flow_of(READ, REFINE, check))
    data, status = client.run(RUN_FLOW, body(ibflow_path=f"{PROJECT}/checked.ibflow"))
    assert status["status"] == "STOPPED_AT_CHECKPOINT"
    assert status["results"][0]["status"] == "ERROR"
    reviewed = {"file_index": 1, "record_index": 0, "values": {"total": "12.50"}}
    review = {"job_id": data["job_id"], "records": [reviewed]}
    assert client.post("flow/review", review) == {"status": "OK"}
    client.post("jobs/resume", {"job_id": data["job_id"]})
    assert client.finish(data["job_id"])["status"] == "COMPLETE"
    record = client.records(data["output_folder"])[1]
    assert (record["results"][0]["value"], record["is_manually_reviewed"]) == ("12.50", True)


@PREFIXES
@pytest.mark.parametrize("kind", ["step", "metaflow", "flows", "binary"])
def test_every_kind_of_job_restarts(platform: FlowApi, prefix: str, kind: str) -> None:
    """A restart repeats the request of the job, whatever its kind, under a new id."""
    client = platform.under(prefix)
    binary = f"{PROJECT}/build/my_flow.ibflowbin"
    compiled = {
        "flow_project_root": PROJECT,
        "predefined_binary_path": binary,
        "settings": {"flow_file": "my_flow.ibflow"},
    }
    assert client.post("flow_binary/compile", compiled)["status"] == "OK"
    flows = {"flow_root_dir": f"{PROJECT}/workflows", "input_dir": INPUT, "output_has_run_id": True}
    classifier = f"{PROJECT}/classifiers/my_classifier.ibclassifier"
    settings = {"output_has_run_id": True}
    path, request = {
        "step": ("run_step_async", {"ibflow_path": STEP_FLOW, "step_index": 0}),
        "metaflow": ("run_metaflow_async", {**flows, "classifier_file_path": classifier}),
        "flows": ("run_flows_async", flows),
        "binary": (
            "run_binary_async",
            {"input_dir": INPUT, "binary_path": binary, "settings": settings},
        ),
    }[kind]
    first, _ = client.run(f"flow/{path}", request)
    again, status = client.run("flow/restart", {"job_id": first["job_id"]})
    assert again["job_id"] != first["job_id"]
    assert status["status"] == "COMPLETE"
    listed = client.get("jobs/list", limit="1")["jobs"][0]
    assert (listed["job_id"], listed["kind"]) == (again["job_id"], kind)
