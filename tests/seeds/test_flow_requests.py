"""The requests of the Flow API document, as it prints them, on the paths that it prints."""

from __future__ import annotations

import json
import re
from io import BytesIO

import pytest
from flow_samples import INPUT, PREFIXES, PROJECT, RUN_FLOW, STEP_FLOW, FlowApi, body
from PIL import Image, ImageDraw, ImageFont


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
