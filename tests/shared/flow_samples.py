"""The samples of the Flow API document, and the calls that send them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

PROJECT = "jaydoe/my_repo/fs/Instabase Drive/flow_proj"
STEP_FLOW = "instabase/path/to/flow/file.ibflow"
FLOW = f"{PROJECT}/my_flow.ibflow"
INPUT = f"{PROJECT}/data/input"
RUN_FLOW = "flow/run_flow_async"
PREFIXES = pytest.mark.parametrize("prefix", ["", "/api/v1"])
READ = {"option": {"internalName": "process_files", "name": "Process Files"}, "kwargs": {}}
REFINE = {"step_name": "apply_refiner", "kwargs": {"refiner_path": "total.ibrefiner"}}


def flow_of(*steps: dict[str, Any]) -> str:
    """Write a flow file."""
    return json.dumps({"rootDir": ".", "steps": steps})


def refiner(label: str, expression: str) -> str:
    """Write a refiner with one field."""
    field = {"desc": {"label": label}, "req": {"expression": expression}}
    return json.dumps({"fields": [field]})


def body(**options: Any) -> dict[str, Any]:
    """Give the document's request to run a flow, with its output in a folder of its own."""
    return {"input_dir": INPUT, "ibflow_path": FLOW, "output_has_run_id": True, **options}


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


def lay_samples(platform: FlowApi) -> None:
    """Lay the files that the samples name onto the drive."""
    rules = {"rules": [{"class": "receipt", "any": ["Total"]}, {"class": "note", "any": ["Note"]}]}
    classifier = {"type": "keywords", "classifier_text": json.dumps(rules)}
    total = refiner("total", "regex_search(INPUT_COL, 'Total (\\S+)', group=1)")
    never = refiner("never", "regex_search(INPUT_COL, '(a|aa)+$')")
    for folder in (PROJECT, "instabase/path/to/flow"):
        platform.write(f"{folder}/total.ibrefiner", total)
        platform.write(f"{folder}/data/input/a.txt", "Total 12.50")
        platform.write(f"{folder}/data/input/b.txt", "Note of a day")
    platform.write(FLOW, flow_of(READ, REFINE))
    platform.write(STEP_FLOW, flow_of(READ, REFINE))
    for name in ("receipt", "note"):
        platform.write(f"{PROJECT}/workflows/{name}.ibflow", flow_of(READ, REFINE))
    platform.write(f"{PROJECT}/workflows/total.ibrefiner", total)
    platform.write(f"{PROJECT}/classifiers/my_classifier.ibclassifier", json.dumps(classifier))
    platform.write(f"{PROJECT}/endless.ibrefiner", never)
    endless = {"step_name": "apply_refiner", "kwargs": {"refiner_path": "endless.ibrefiner"}}
    platform.write(f"{PROJECT}/endless.ibflow", flow_of(READ, endless))
    platform.write(f"{PROJECT}/long/a.txt", "a" * 60 + "!")
