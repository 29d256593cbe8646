"""The requests of the Flow API document, as it prints them, on the paths that it prints."""

from __future__ import annotations

import email
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

PROJECT = "jaydoe/my_repo/fs/Instabase Drive/flow_proj"
STEP_FLOW = "instabase/path/to/flow/file.ibflow"
FLOW = f"{PROJECT}/my_flow.ibflow"
INPUT = f"{PROJECT}/data/input"
RUN_FLOW = "flow/run_flow_async"
SECONDS = 60
PREFIXES = pytest.mark.parametrize("prefix", ["", "/api/v1"])


def flow_of(*steps: dict[str, Any]) -> str:
    """Write a flow file."""
    return json.dumps({"rootDir": ".", "steps": steps})


def refiner(label: str, expression: str) -> str:
    """Write a refiner with one field."""
    field = {"desc": {"label": label}, "req": {"expression": expression}}
    return json.dumps({"fields": [field]})


class FlowApi:
    """The calls of a platform below one of its roots: nothing, or ``/api/v1``."""

    def __init__(self, platform: Any, prefix: str = "/api/v1") -> None:
        self.platform = platform
        self.root: Path = platform.root
        self.prefix = prefix

    def under(self, prefix: str) -> FlowApi:
        """Give the same calls below another root."""
        return FlowApi(self.platform, prefix)

    def write(self, path: str, content: str | bytes) -> None:
        """Lay a file onto the drive."""
        self.platform.write(path, content.encode() if isinstance(content, str) else content)

    def post(self, path: str, body: Any) -> dict[str, Any]:
        """POST a body as JSON text, without a Content-Type."""
        return dict(self.platform.post(f"{self.prefix}/{path}", body))

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """GET with a query."""
        return dict(self.platform.get(f"{self.prefix}/{path}", **query))

    def start(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Start a job; give ``data`` of the reply, whose shape is that of the document."""
        reply = self.post(path, body)
        assert reply["status"] == "OK", reply
        assert set(reply["data"]) == {"job_id", "output_folder"}
        return dict(reply["data"])

    def finish(self, job_id: str) -> dict[str, Any]:
        """Wait for a job's end; give the content of ``cur_status``, and ``results``."""
        told = self.platform.finish(job_id)
        return {**json.loads(told["cur_status"]), "results": told["results"]}

    def run(self, path: str, body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Start a job and wait for its end; give its ``data`` and its status."""
        data = self.start(path, body)
        return data, self.finish(data["job_id"])

    def records(self, output_folder: str) -> list[dict[str, Any]]:
        """Give the records of a run."""
        body = {"ibresults_path": f"{output_folder}/batch.ibflowresults"}
        return list(self.post("flow_binary/results", body)["records"])

    def log(self, job_id: str) -> list[str]:
        """Give the lines of a job's log."""
        return [entry["log"] for entry in self.get("jobs/logs", job_id=job_id)["logs"]]

    def error(self, path: str, body: Any) -> str:
        """Give the sentence that a request is refused with."""
        reply = self.post(path, body)
        assert set(reply) == {"status", "msg"}, reply
        assert reply["status"] == "ERROR"
        return str(reply["msg"])


@pytest.fixture(scope="module")
def platform(seed_platform: FlowApi) -> FlowApi:
    """Give the calls of a running platform."""
    return FlowApi(seed_platform)


READ = {"option": {"internalName": "process_files", "name": "Process Files"}, "kwargs": {}}
REFINE = {"step_name": "apply_refiner", "kwargs": {"refiner_path": "total.ibrefiner"}}
TOTAL = refiner("total", "regex_search(INPUT_COL, 'Total (\\S+)', group=1)")
ENDLESS = refiner("never", "regex_search(INPUT_COL, '(a|aa)+$')")


@pytest.fixture(scope="module", autouse=True)
def project(platform: FlowApi) -> None:
    """Lay the files that the samples name onto the drive."""
    rules = {"rules": [{"class": "receipt", "any": ["Total"]}, {"class": "note", "any": ["Note"]}]}
    classifier = {"type": "keywords", "classifier_text": json.dumps(rules)}
    for folder in (PROJECT, "instabase/path/to/flow"):
        platform.write(f"{folder}/total.ibrefiner", TOTAL)
        platform.write(f"{folder}/data/input/a.txt", "Total 12.50")
        platform.write(f"{folder}/data/input/b.txt", "Note of a day")
    platform.write(FLOW, flow_of(READ, REFINE))
    platform.write(STEP_FLOW, flow_of(READ, REFINE))
    for name in ("receipt", "note"):
        platform.write(f"{PROJECT}/workflows/{name}.ibflow", flow_of(READ, REFINE))
    platform.write(f"{PROJECT}/workflows/total.ibrefiner", TOTAL)
    platform.write(f"{PROJECT}/classifiers/my_classifier.ibclassifier", json.dumps(classifier))
    platform.write(f"{PROJECT}/endless.ibrefiner", ENDLESS)
    endless = {"step_name": "apply_refiner", "kwargs": {"refiner_path": "endless.ibrefiner"}}
    platform.write(f"{PROJECT}/endless.ibflow", flow_of(READ, endless))
    platform.write(f"{PROJECT}/long/a.txt", "a" * 60 + "!")


def body(**options: Any) -> dict[str, Any]:
    """Give the document's request to run a flow, with its output in a folder of its own."""
    return {"input_dir": INPUT, "ibflow_path": FLOW, "output_has_run_id": True, **options}


# --- the document's own requests


@PREFIXES
def test_run_a_flow(platform: FlowApi, prefix: str) -> None:
    """The sample's run: its output folder is named as in the sample's reply."""
    client = platform.under(prefix)
    data, status = client.run(RUN_FLOW, body())
    stamp = r"\d{4}-\d\d-\d\d-\d\d:\d\d:\d\d"
    pattern = f"{PROJECT}/data/run_local/{stamp}/{data['job_id']}/out"
    assert re.fullmatch(pattern, data["output_folder"])
    assert status["status"] == "COMPLETE"
    assert status["results"] == [{"status": "OK", "output_folder": data["output_folder"]}]
    records = client.records(data["output_folder"])
    assert [(r["file_name"], r["results"][0]["value"]) for r in records] == [
        ("a.txt", "12.50"),
        ("b.txt", ""),
    ]


@PREFIXES
def test_run_a_step(platform: FlowApi, prefix: str) -> None:
    """The sample's step 1 reads what step 0 wrote."""
    client = platform.under(prefix)
    client.run("flow/run_step_async", {"ibflow_path": STEP_FLOW, "step_index": 0})
    request = {"ibflow_path": STEP_FLOW, "step_index": 1}
    data, status = client.run("flow/run_step_async", request)
    assert data["output_folder"] == "instabase/path/to/flow/data/out"
    assert status["status"] == "COMPLETE"
    records = client.records(data["output_folder"])
    assert records[0]["output_file_path"].endswith("data/out/s2_apply_refiner/a.txt.ibdoc")
    assert records[0]["results"][0]["value"] == "12.50"


def scan(text: str) -> bytes:
    """Draw a page with a line of text."""
    page = Image.new("L", (900, 200), 255)
    ImageDraw.Draw(page).text((40, 60), text, fill=0, font=ImageFont.load_default(64))
    content = BytesIO()
    page.save(content, "png")
    return content.getvalue()


@PREFIXES
def test_run_a_fully_configured_step(platform: FlowApi, prefix: str) -> None:
    """The sample's step reads an image by OCR, into the folder that it names."""
    client = platform.under(prefix)
    client.write("owner/repo/drive/fs/files/input/scan.png", scan("Total 12.50"))
    step = {
        "step_name": "process_files",
        "kwargs": {
            "input_folder": "/owner/repo/drive/fs/files/input",
            "output_folder": "owner/repo/drive/fs/files/out",
            "process_type": "images_to_txt",
            "settings": {
                "ocr_page_type": "high_quality_doc",
                "output_format_layout": "layout_per_page",
                "page_range_str": "",
                "encryption_config": "",
                "ocr_config": "",
            },
        },
    }
    data, status = client.run("flow/run_step_async", {"step_json_str": json.dumps(step)})
    assert data["output_folder"] == "owner/repo/drive/fs/files/out"
    assert status["status"] == "COMPLETE", status
    ibdoc = client.root / data["output_folder"] / "s1_process_files" / "scan.png.ibdoc"
    assert "12.50" in json.loads(ibdoc.read_text())[0]["text"]


@PREFIXES
def test_restart_a_flow(platform: FlowApi, prefix: str) -> None:
    """A new job id, and the output folder is that of the new job."""
    client = platform.under(prefix)
    first, _ = client.run(RUN_FLOW, body(tags=["restarted"]))
    data, status = client.run("flow/restart", {"job_id": first["job_id"]})
    assert data["job_id"] != first["job_id"]
    assert data["job_id"] in data["output_folder"]
    assert status["status"] == "COMPLETE"


@PREFIXES
def test_run_a_metaflow(platform: FlowApi, prefix: str) -> None:
    """The sample's paths begin with a slash; the results of both flows are merged."""
    client = platform.under(prefix)
    request = {
        "input_dir": f"/{PROJECT}/data/input",
        "flow_root_dir": f"/{PROJECT}/workflows",
        "classifier_file_path": f"/{PROJECT}/classifiers/my_classifier.ibclassifier",
        "delete_out_dir": False,
        "output_has_run_id": True,
    }
    data, status = client.run("flow/run_metaflow_async", request)
    assert data["output_folder"].startswith(f"{PROJECT}/data/run_local/")
    assert status["status"] == "COMPLETE"
    records = client.records(data["output_folder"])
    assert [(r["file_name"], r["classification_label"]) for r in records] == [
        ("a.txt", "receipt"),
        ("b.txt", "note"),
    ]


@PREFIXES
def test_run_all_flows_of_a_folder(platform: FlowApi, prefix: str) -> None:
    """Each flow writes into its own folder; the results are one list."""
    request = {
        "flow_root_dir": f"{PROJECT}/workflows",
        "input_dir": INPUT,
        "delete_out_dir": False,
        "output_has_run_id": True,
        "post_flow_fn": "",
    }
    client = platform.under(prefix)
    data, status = client.run("flow/run_flows_async", request)
    assert status["run_summary"]["numFiles"] == 4
    assert len(client.records(data["output_folder"])) == 4
    assert (client.root / data["output_folder"] / "note" / "s2_apply_refiner").is_dir()


@pytest.mark.parametrize("suffix", ["", "/out.ibocr"])
def test_export_flow_output(platform: FlowApi, suffix: str) -> None:
    """The records of a run as CSV, by its output folder or a file in it."""
    data, _ = platform.run(RUN_FLOW, body())
    path = f"{data['output_folder']}{suffix}"
    text = platform.post("flow/export/review_batch", {"path": path})["csv_text"]
    assert text.splitlines()[:2] == [
        "file_name,file_index,record_index,class_label,error_msg,total",
        "a.txt,0,0,,,12.50",
    ]


# --- every parameter of run_flow_async


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


# --- control of jobs


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


# --- every error is one sentence

STEP = "flow/run_step_async"
METAFLOW = "flow/run_metaflow_async"
NO_FLOW = f"{PROJECT}/none.ibflow"
UNREADABLE = f"{PROJECT}/unreadable.ibflow"
SAMPLE = body()
META_SAMPLE = {
    "input_dir": INPUT,
    "flow_root_dir": f"{PROJECT}/workflows",
    "classifier_file_path": f"{PROJECT}/classifiers/my_classifier.ibclassifier",
}
ERRORS = [
    # a missing key
    (RUN_FLOW, {}, "run_flow_async: the required key 'ibflow_path' is missing."),
    (
        RUN_FLOW,
        {"ibflow_path": FLOW},
        "run_flow_async: the required key 'input_dir' is missing.",
    ),
    (STEP, {"ibflow_path": FLOW}, "run_step_async: the required key 'step_index' is missing."),
    (
        STEP,
        {"step_json_str": '{"kwargs": {}, "step_name": "process_files"}'},
        "run_step_async: the kwargs of the step lack 'input_folder'.",
    ),
    (
        METAFLOW,
        {"input_dir": INPUT, "flow_root_dir": PROJECT},
        "run_metaflow_async: the required key 'classifier_file_path' is missing.",
    ),
    ("flow/restart", {}, "restart: the required key 'job_id' is missing."),
    # a wrong type
    (
        RUN_FLOW,
        {**SAMPLE, "tags": 7},
        "run_flow_async: 'tags' must be a list, not an integer.",
    ),
    (
        RUN_FLOW,
        {**SAMPLE, "delete_out_dir": "perhaps"},
        "run_flow_async: 'delete_out_dir' must be true or false, not a string.",
    ),
    (
        RUN_FLOW,
        {**SAMPLE, "webhook_config": "http://x"},
        "run_flow_async: 'webhook_config' must be an object or null, not a string.",
    ),
    (
        RUN_FLOW,
        {**SAMPLE, "webhook_config": {"url": "ftp://x"}},
        "webhook_config.url must be a complete http:// or https:// URL.",
    ),
    (
        RUN_FLOW,
        {**SAMPLE, "notification_emails": ["nobody"]},
        "notification_emails: 'nobody' is not a mail address.",
    ),
    (
        RUN_FLOW,
        {**SAMPLE, "step_timeout": -2},
        "step_timeout must be a number of seconds, 0 (the platform picks) or -1 (none).",
    ),
    (
        STEP,
        {"ibflow_path": FLOW, "step_index": "first"},
        "run_step_async: 'step_index' must be an integer or null, not a string.",
    ),
    ("flow/restart", {"job_id": 7}, "restart: 'job_id' must be a string, not an integer."),
    (RUN_FLOW, [], "run_flow_async: the body must be a JSON object."),
    # an unknown path
    (
        RUN_FLOW,
        {**SAMPLE, "ibflow_path": NO_FLOW},
        f"There is no file or folder '{NO_FLOW}' on the drive.",
    ),
    (
        RUN_FLOW,
        {**SAMPLE, "input_dir": f"{PROJECT}/none"},
        f"There is no file or folder '{PROJECT}/none' on the drive.",
    ),
    (RUN_FLOW, {**SAMPLE, "input_dir": FLOW}, f"The input '{FLOW}' is a file, not a folder."),
    (
        RUN_FLOW,
        {**SAMPLE, "input_dir": "../etc"},
        "The path '../etc' must not contain '..'.",
    ),
    (
        STEP,
        {"ibflow_path": NO_FLOW, "step_index": 0},
        f"There is no file or folder '{NO_FLOW}' on the drive.",
    ),
    (
        METAFLOW,
        {**META_SAMPLE, "classifier_file_path": f"{PROJECT}/none.ibclassifier"},
        f"There is no file or folder '{PROJECT}/none.ibclassifier' on the drive.",
    ),
    (
        METAFLOW,
        {**META_SAMPLE, "flow_root_dir": INPUT},
        f"The folder '{INPUT}' holds no flow (.ibflow).",
    ),
    (
        "flow/export/review_batch",
        {"path": INPUT},
        (
            f"There are no results at '{INPUT}/batch.ibflowresults': the run has not ended, or"
            " the path is wrong."
        ),
    ),
    # an unknown job
    *(
        (name, {"job_id": "nope"}, "There is no job 'nope' on this platform.")
        for name in (
            "flow/restart",
            "flow/review",
            "jobs/cancel",
            "jobs/pause",
            "jobs/resume",
            "jobs/retry",
            "jobs/pipelines",
        )
    ),
    # a bad index
    *(
        (
            STEP,
            {"ibflow_path": FLOW, "step_index": index},
            (
                f"run_step_async: step_index {index} is outside of my_flow.ibflow, whose steps"
                " are 0 to 1."
            ),
        )
        for index in (-1, 2)
    ),
]


@PREFIXES
@pytest.mark.parametrize(("path", "request_", "sentence"), ERRORS)
def test_an_error_is_one_sentence(
    platform: FlowApi, prefix: str, path: str, request_: Any, sentence: str
) -> None:
    """HTTP 200, status ERROR, and a sentence that names the key, path, job or index."""
    assert platform.under(prefix).error(path, request_) == sentence


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            "{",
            "The flow file unreadable.ibflow is not valid JSON (Input data was truncated).",
        ),
        ("{}", "The flow file unreadable.ibflow is no flow: the required key 'steps' is missing."),
        ('{"steps": []}', "The flow file unreadable.ibflow has no steps."),
        (
            '{"steps": [{"kwargs": {}}]}',
            "Step 1 of unreadable.ibflow has no option.internalName and no step_name.",
        ),
        (
            '{"steps": [{"step_name": "dance"}]}',
            (
                "Step 1 of unreadable.ibflow: There is no flow step 'dance'; the steps are"
                " process_files, map_records, apply_classifier, apply_refiner, apply_checkpoint,"
                " filter, merge_files."
            ),
        ),
        (
            flow_of(READ, {"step_name": "apply_refiner", "kwargs": {"refiner_path": "no.x"}}),
            (
                "Step 2 of unreadable.ibflow: its refiner_path 'no.x' does not exist under the"
                " flow's root folder."
            ),
        ),
    ],
)
@pytest.mark.parametrize(
    ("call", "more"), [(RUN_FLOW, {"input_dir": INPUT}), (STEP, {"step_index": 0})]
)
def test_a_flow_that_cannot_be_read_is_told(
    platform: FlowApi, call: str, more: dict[str, Any], content: str, sentence: str
) -> None:
    """Broken JSON, no steps, an unknown step, a missing module: the sentence names the file."""
    platform.write(UNREADABLE, content)
    assert platform.error(call, {"ibflow_path": UNREADABLE, **more}) == sentence


def test_an_unknown_job_has_no_status_and_no_log(platform: FlowApi) -> None:
    """The queries about a job answer ERROR with the same sentence."""
    for path in ("jobs/status", "jobs/logs"):
        reply = platform.get(path, job_id="nope")
        assert reply == {"status": "ERROR", "msg": "There is no job 'nope' on this platform."}
