"""Pictures of pages: asked of the server, or read from the drive where it draws none."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest

from ibflow_nb.client import Client

HOME = "local/my-repo/fs/Instabase Drive"
RECORD = {
    "file_name": "a.pdf",
    "record_index": 0,
    "output_file_path": "out/a.pdf.ibdoc",
    "results": [],
    "layout": {
        "page_layouts": [
            {"page_number": 0, "width": 10, "height": 20, "processed_image_path": "out/p0.png"}
        ]
    },
}


def shown(connected: Any, **answers: Any) -> str:
    """Show the one record of a server with these answers; give the HTML."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("results"):
            return httpx.Response(200, json={"status": "OK", "records": [RECORD]})
        if request.url.path.endswith("page_image"):
            return answers["page_image"]
        headers = {"content-type": "application/octet-stream"}
        return httpx.Response(200, headers=headers, content=answers["image"])

    client: Client = connected(answer)
    return client.results.get("out", job_id="job-1").show()._repr_html_()


def test_the_server_draws_the_page(connected: Any) -> None:
    """Its picture is shown as it comes."""
    content = base64.b64encode(b"drawn").decode()
    reply = {"status": "OK", "media_type": "image/webp", "content": content}
    html = shown(connected, page_image=httpx.Response(200, json=reply))
    assert f"data:image/webp;base64,{content}" in html


def test_a_server_that_draws_none_may_have_kept_an_image(connected: Any) -> None:
    """The image that the record names is read from the drive."""
    html = shown(connected, page_image=httpx.Response(404), image=b"kept")
    assert f"data:image/png;base64,{base64.b64encode(b'kept').decode()}" in html


def test_an_image_that_is_too_large_is_not_fetched(connected: Any) -> None:
    """Its size is told in place of the picture."""
    html = shown(connected, page_image=httpx.Response(404), image=b"x" * 2_000_001)
    assert "2,000,001 bytes" in html


def test_a_page_of_a_text_file_on_the_real_platform(platform: Client) -> None:
    """From a run to a picture of its words, through HTTP and a worker."""
    folder = f"{HOME}/pages"
    platform.files.write(f"{folder}/input/a.txt", b"Total 12")
    platform.files.write(f"{folder}/f.ibflow", b'{"steps": [{"step_name": "process_files"}]}')
    job = platform.flows.run(f"{folder}/f.ibflow", f"{folder}/input")
    html = job.records(60).show()._repr_html_()
    (picture,) = [part for part in html.split('"') if part.startswith("data:image/svg+xml")]
    assert b">Total</text>" in base64.b64decode(picture.partition(",")[2])


def test_records_of_run_sync_have_pictures_too(platform: Client) -> None:
    """The platform keeps the output of the run, so its pages can be drawn afterwards."""
    content = f"{HOME}/pages_sync"
    package = {"name": "pages", "version": "1.0.0", "flow_path": "f.ibflow"}
    platform.files.write(f"{content}/package.json", json.dumps(package).encode())
    platform.files.write(f"{content}/f.ibflow", b'{"steps": [{"step_name": "process_files"}]}')
    packed = platform.solutions.create(content, content).output_path
    records = platform.solutions.run_sync([("a.txt", b"Total 12")], solution_path=packed)
    html = records.show()._repr_html_()
    (picture,) = [part for part in html.split('"') if part.startswith("data:image/svg+xml")]
    assert b">Total</text>" in base64.b64decode(picture.partition(",")[2])


@pytest.mark.parametrize("part", ["slice", "errors"])
def test_parts_of_a_run_keep_the_way_to_their_pictures(connected: Any, part: str) -> None:
    """A slice, and the records with errors, can be shown as the run can."""
    failed = RECORD | {"results": [{"key": "x", "value": "ERROR"}]}
    drawn = {"status": "OK", "media_type": "image/webp", "content": "AAAA"}

    def answer(request: httpx.Request) -> httpx.Response:
        results = {"status": "OK", "records": [failed]}
        return httpx.Response(200, json=drawn if "page" in request.url.path else results)

    records = connected(answer).results.get("out")
    some = records[:1] if part == "slice" else records.errors
    assert "data:image/webp;base64,AAAA" in some.show()._repr_html_()
