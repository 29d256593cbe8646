"""Every parameter of run_flow_async, as the Flow API document describes it."""

from __future__ import annotations

import email
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from flow_samples import FLOW, INPUT, PROJECT, RUN_FLOW, FlowApi, body


def test_ibflow_path_and_input_dir_with_a_slash_or_encoded(platform: FlowApi) -> None:
    """Paths are accepted with a leading slash and percent-encoded; replies have neither."""
    path, folder = (f"/{value}".replace(" ", "%20") for value in (FLOW, INPUT))
    data, status = platform.run(RUN_FLOW, body(ibflow_path=path, input_dir=folder))
    assert status["status"] == "COMPLETE"
    assert data["output_folder"].startswith(f"{PROJECT}/data/")


def test_output_dir(platform: FlowApi) -> None:
    """The output goes into the folder that is named."""
    target = f"{PROJECT}/elsewhere"
    data, _ = platform.run(RUN_FLOW, body(output_dir=f"/{target}", output_has_run_id=False))
    assert data["output_folder"] == target
    assert (platform.root / target / "batch.ibflowresults").is_file()


def test_output_dir_defaults_to_out_beside_the_input(platform: FlowApi) -> None:
    """Without output_dir it is ``input_dir/../out``."""
    request = body()
    del request["output_has_run_id"]
    data, _ = platform.run(RUN_FLOW, request)
    assert data["output_folder"] == f"{PROJECT}/data/out"


def test_output_has_run_id(platform: FlowApi) -> None:
    """Two runs at the same time have folders of their own, also below an output_dir."""
    runs = [platform.start(RUN_FLOW, body(output_dir=f"{PROJECT}/many")) for _ in range(2)]
    for data in runs:
        assert data["output_folder"].startswith(f"{PROJECT}/many/run_local/")
        assert data["output_folder"].endswith(f"/{data['job_id']}/out")
        platform.finish(data["job_id"])
    assert runs[0]["output_folder"] != runs[1]["output_folder"]


def test_delete_out_dir(platform: FlowApi) -> None:
    """The output folder is emptied before the run; without it what is there stays."""
    target = f"{PROJECT}/deleted"
    left = platform.root / target / "left.txt"
    for delete in (False, True):
        platform.write(f"{target}/left.txt", "x")
        request = body(output_dir=target, output_has_run_id=False, delete_out_dir=delete)
        platform.run(RUN_FLOW, request)
        assert left.exists() is not delete


def test_delete_out_dir_loses_nothing_when_the_run_is_refused(platform: FlowApi) -> None:
    """A request that is refused leaves the folder alone; so does one with a run id."""
    target = f"{PROJECT}/kept"
    platform.write(f"{target}/left.txt", "x")
    refused = body(
        output_dir=target, output_has_run_id=False, delete_out_dir=True, ibflow_path=f"{FLOW}x"
    )
    assert platform.error(RUN_FLOW, refused)
    platform.run(RUN_FLOW, body(output_dir=target, delete_out_dir=True))
    assert (platform.root / target / "left.txt").is_file()


def test_log_to_timeline(platform: FlowApi) -> None:
    """Logs of steps and refiners are kept on request."""
    for wanted in (False, True):
        data, _ = platform.run(RUN_FLOW, body(log_to_timeline=wanted))
        assert ("a.txt, record 0, total: 12.50" in platform.log(data["job_id"])) is wanted


def test_notification_emails(platform: FlowApi, until: Any) -> None:
    """Without a mail server each mail is kept as a file, and the job's log says so."""
    data, _ = platform.run(RUN_FLOW, body(notification_emails=["jay@example.org", ""]))
    kept = platform.root / ".ibflow" / "outbox"
    until(lambda: list(kept.glob(f"{data['job_id']}*.eml")))
    [mail] = kept.glob(f"{data['job_id']}*.eml")
    message = email.message_from_bytes(mail.read_bytes())
    assert message["To"] == "jay@example.org"
    assert message["Subject"] == "Flow run COMPLETE: my_flow.ibflow"
    line = f"There is no mail server: the mail to jay@example.org was kept as {mail.name}."
    until(lambda: line in platform.log(data["job_id"]))


def test_tags(platform: FlowApi) -> None:
    """Runs are found by their tags."""
    data, _ = platform.run(RUN_FLOW, body(tags=["march", "for jay"]))
    jobs = platform.get("jobs/list", tags="for jay,march")["jobs"]
    assert [job["job_id"] for job in jobs] == [data["job_id"]]
    assert jobs[0]["tags"] == ["for jay", "march"]
    assert platform.get("jobs/list", tags="april")["jobs"] == []


def test_step_timeout(platform: FlowApi) -> None:
    """A step that takes longer is stopped and the run fails with that reason."""
    request = body(
        ibflow_path=f"{PROJECT}/endless.ibflow", input_dir=f"{PROJECT}/long", step_timeout=1
    )
    _, status = platform.run(RUN_FLOW, request)
    assert status["status"] == "FAILED"
    assert status["results"][0]["msg"] == (
        "apply_refiner on a.txt was stopped after 1 s, step_timeout."
    )


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "the platform lets each step take 300 s for each page (step_timeout 0)"),
        (-1, "steps have no time limit (step_timeout -1)"),
    ],
)
def test_step_timeout_of_the_platform_or_none(platform: FlowApi, value: int, said: str) -> None:
    """0 lets the platform pick, -1 is none; the job's log says which it is."""
    data, status = platform.run(RUN_FLOW, body(step_timeout=value))
    assert status["status"] == "COMPLETE"
    assert platform.log(data["job_id"])[0] == f"Submitted with 2 files; {said}."


def test_pipeline_ids(platform: FlowApi) -> None:
    """A run belongs to its pipelines, which are listed; the set can be replaced."""
    data, _ = platform.run(RUN_FLOW, body(pipeline_ids=["p-1", "p-2"]))

    def listed() -> set[str]:
        return {entry["id"] for entry in platform.get("flow/pipeline")["pipelines"]}

    assert {"p-1", "p-2"} <= listed()
    platform.post("jobs/pipelines", {"job_id": data["job_id"], "pipeline_ids": ["p-3"]})
    assert "p-3" in listed()
    assert not {"p-1", "p-2"} & listed()


@pytest.mark.parametrize("wanted", [None, False])
def test_save_binary_to_output(platform: FlowApi, wanted: bool | None) -> None:
    """The binary is kept beside the output by default, and not when that is not wanted."""
    data, _ = platform.run(RUN_FLOW, body(save_binary_to_output=wanted))
    binary = platform.root / data["output_folder"] / "my_flow.ibflowbin"
    assert binary.is_file() is (wanted is None)


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[tuple[dict[str, Any], Any]]]]:
    """Receive webhooks: the first is not accepted; gives the URL and what was received."""
    received: list[tuple[dict[str, Any], Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((json.loads(content), self.headers))
            self.send_response(503 if len(received) == 1 else 204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", received
    server.shutdown()
    server.server_close()


def test_webhook_config(platform: FlowApi, receiver: Any, until: Any) -> None:
    """The event has the documented keys and headers, and is sent again until it is received."""
    url, received = receiver
    config = {"url": url, "headers": {"X-Key": "secret"}}
    data, _ = platform.run(RUN_FLOW, body(webhook_config=config))
    until(lambda: len(received) == 2)
    for event, headers in received:
        assert event == {
            "status": "OK",
            "job_id": data["job_id"],
            "input_dir": INPUT,
            "output": data["output_folder"],
        }
        assert headers["X-Key"] == "secret"


@pytest.mark.parametrize("config", [None, {}, {"headers": {}}, {"url": "", "headers": {"a": "b"}}])
def test_webhook_config_without_a_url_is_none(platform: FlowApi, config: Any) -> None:
    """No url means no webhook: the run completes and its log tells of none."""
    data, status = platform.run(RUN_FLOW, body(webhook_config=config))
    assert status["status"] == "COMPLETE"
    assert not [line for line in platform.log(data["job_id"]) if "webhook" in line]


def test_values_as_strings_and_unknown_keys(platform: FlowApi) -> None:
    """Booleans and numbers as strings, empty optional values and unknown keys are tolerated."""
    request = body(
        output_has_run_id="true", step_timeout="60", output_dir="", tags="", enable_ibdoc=True
    )
    data, status = platform.run(RUN_FLOW, request)
    assert status["status"] == "COMPLETE"
    assert "/run_local/" in data["output_folder"]
