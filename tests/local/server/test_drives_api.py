"""Filesystem API v1, its basics, over HTTP."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import httpx
import pytest

DRIVES = "/api/v1/drives"


def arguments(**values: object) -> dict[str, str]:
    """Give the header that carries the arguments of a call."""
    return {"Instabase-API-Args": json.dumps(values)}


def test_a_folder_is_made(api: httpx.Client, root: Path) -> None:
    """POST with type folder makes it with its parents; again is fine."""
    for _ in range(2):
        reply = api.post(f"{DRIVES}/u/r/fs/D/new", headers=arguments(type="folder"))
        assert reply.json() == {"status": "OK"}
    assert (root / "u/r/fs/D/new").is_dir()


def test_a_file_is_written_in_chunks_and_read(api: httpx.Client) -> None:
    """Cursor 0 starts, another one appends; the read sends bytes and its metadata."""
    url = f"{DRIVES}/u/r/fs/D/chunks \u00e9.bin"
    for cursor, chunk in [(0, b"one"), (-1, b"two"), (1, b"three")]:
        reply = api.post(url, content=chunk, headers=arguments(type="file", cursor=cursor))
        assert reply.json() == {"status": "OK"}
    reply = api.get(url, headers=arguments(type="file", get_content=True))
    assert reply.content == b"onetwothree"
    metadata = json.loads(reply.headers["Instabase-API-Resp"])
    assert metadata["metadata"]["size"] == 11
    assert metadata["metadata"]["name"] == "chunks \u00e9.bin"


def test_a_range_of_a_file_is_read(api: httpx.Client, root: Path) -> None:
    """The range may stand in the arguments."""
    (root / "range").write_bytes(b"0123456789")
    reply = api.get(f"{DRIVES}/range", headers=arguments(type="file", range="bytes=2-4"))
    assert reply.content == b"234"


def test_metadata_alone(api: httpx.Client, root: Path) -> None:
    """Without get_content only metadata comes."""
    (root / "meta").write_bytes(b"0123456789")
    reply = api.get(f"{DRIVES}/meta", headers=arguments(type="file", get_content=False))
    assert reply.json()["metadata"]["type"] == "file"


def test_an_existing_file_is_kept_when_asked(api: httpx.Client, root: Path) -> None:
    """if_exists other than overwrite leaves the file as it is."""
    (root / "kept").write_text("old")
    keep = arguments(type="file", if_exists="fail")
    assert api.post(f"{DRIVES}/kept", content=b"new", headers=keep).json()["status"] == "ERROR"
    assert (root / "kept").read_text() == "old"
    replace = arguments(type="file", if_exists="overwrite")
    assert api.post(f"{DRIVES}/kept", content=b"new", headers=replace).json()["status"] == "OK"
    assert (root / "kept").read_text() == "new"


@pytest.mark.parametrize("place", ["header", "query"])
def test_a_folder_is_listed(api: httpx.Client, place: str, root: Path) -> None:
    """Nodes have name, full path and type; arguments may come in the query."""
    (root / "listed" / "sub").mkdir(parents=True, exist_ok=True)
    (root / "listed" / "f").touch()
    values: dict[str, str | bool] = {"type": "folder", "get_content": True, "start_page_token": ""}
    if place == "header":
        reply = api.get(f"{DRIVES}/listed", headers=arguments(**values)).json()
    else:
        reply = api.get(f"{DRIVES}/listed", params=values).json()
    assert (reply["status"], reply["has_more"], reply["next_page_token"]) == ("OK", False, "")
    found = [(node["name"], node["full_path"], node["type"]) for node in reply["nodes"]]
    assert found == [("f", "listed/f", "file"), ("sub", "listed/sub", "folder")]


def test_a_node_is_deleted(api: httpx.Client, root: Path) -> None:
    """DELETE removes a folder with all in it."""
    (root / "gone" / "sub").mkdir(parents=True)
    reply = api.request("DELETE", f"{DRIVES}/gone", json={"force": True})
    assert reply.json() == {"status": "OK"}
    assert not (root / "gone").exists()


def test_a_zip_is_unpacked_and_its_job_is_done(api: httpx.Client, root: Path) -> None:
    """The job id that comes back can be polled and is done."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("in/side.txt", "x")
    (root / "zips").mkdir()
    (root / "zips" / "z.zip").write_bytes(buffer.getvalue())
    body = {"zip_file": "z.zip", "destination": "/zips/out"}
    reply = api.post(f"{DRIVES}/zips/unzip", json=body, headers=arguments(type="folder")).json()
    assert (root / "zips/out/in/side.txt").read_text() == "x"
    status = api.get("/api/v1/jobs/status", params={"job_id": reply["job_id"]}).json()
    assert (status["state"], status["results"]) == ("DONE", [{"status": "OK"}])
    assert json.loads(status["cur_status"])["status"] == "COMPLETE"


def test_a_node_is_copied(api: httpx.Client, root: Path) -> None:
    """The copy goes to the full path in the body."""
    (root / "orig").write_text("x")
    reply = api.post(f"{DRIVES}/orig/copy?is_v2=true", json={"new_full_path": "co/py"})
    assert reply.json()["status"] == "OK"
    assert (root / "co/py").read_text() == "x"


@pytest.mark.parametrize(
    "headers", [arguments(type="link"), {"Instabase-API-Args": "{"}, arguments(type="file")]
)
def test_errors_are_in_the_body(api: httpx.Client, headers: dict[str, str]) -> None:
    """Wrong arguments and absent files give HTTP 200, status ERROR and a sentence."""
    reply = api.get(f"{DRIVES}/absent", headers=headers)
    assert reply.status_code == 200
    assert reply.json()["status"] == "ERROR"
    assert reply.json()["msg"].endswith(".")
