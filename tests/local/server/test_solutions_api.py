"""Packages, the marketplace and run_sync over HTTP, with the real engine."""

from __future__ import annotations

import base64
import io
import json
import socket
import stat
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

SPACE = "local/my-repo/fs/Instabase Drive/solutions-api"
FLOW = json.dumps({"steps": [{"step_name": "process_files", "kwargs": {}}]})
PACKAGE = json.dumps({"name": "w2", "version": "1.0.0"})
SECONDS = 60

Entries = Callable[[zipfile.ZipFile], None]


def zipped(*write: Entries, **texts: str) -> bytes:
    """Make a zip of texts (``_`` for the dot of a suffix), then let functions add to it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts.items():
            archive.writestr(".".join(name.rsplit("_", 1)), text)
        for add in write:
            add(archive)
    return buffer.getvalue()


BINARY = zipped(flow_ibflow=FLOW)


def with_binary(archive: zipfile.ZipFile) -> None:
    """Add the flow binary."""
    archive.writestr("w2.ibflowbin", BINARY)


def entry(name: str, content: str = "") -> Entries:
    """Add an entry of any name."""
    return lambda archive: archive.writestr(zipfile.ZipInfo(name), content)


def link(archive: zipfile.ZipFile) -> None:
    """Add a symbolic link."""
    info = zipfile.ZipInfo("link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(info, "/etc/passwd")


def bomb(archive: zipfile.ZipFile) -> None:
    """Add an entry that says it unpacks to three gigabytes."""
    archive.writestr("bomb", b"0" * 100)
    archive.filelist[-1].file_size = 3 * 1024**3


def lie(archive: zipfile.ZipFile) -> None:
    """Add an entry that unpacks to more than it says."""
    archive.writestr("lie", b"0" * 1_000_000)
    archive.filelist[-1].file_size = 10


HOSTILE = {
    "zip slip": (zipped(with_binary, entry("../x"), package_json=PACKAGE), "that leaves it"),
    "absolute name": (zipped(with_binary, entry("/x"), package_json=PACKAGE), "absolute"),
    "drive letter": (zipped(with_binary, entry("C:/x"), package_json=PACKAGE), "absolute"),
    "link": (zipped(with_binary, link, package_json=PACKAGE), "symbolic link"),
    "bomb": (zipped(with_binary, bomb, package_json=PACKAGE), "would unpack to"),
    "lie": (zipped(with_binary, lie, package_json=PACKAGE), "is damaged"),
    "no zip": (b"no zip", "is not a readable zip file"),
    "no package.json": (zipped(with_binary), "has no package.json"),
    "broken package.json": (zipped(with_binary, package_json="{"), "is not valid JSON"),
    "no version": (zipped(with_binary, package_json='{"name": "w2"}'), "'version' is missing"),
    "wrong version": (
        zipped(with_binary, package_json='{"name": "w2", "version": "1"}'),
        "major.minor.patch",
    ),
    "name that leads away": (
        zipped(with_binary, package_json='{"name": "../w2", "version": "1.0.0"}'),
        "The solution name",
    ),
    "no binary": (zipped(package_json=PACKAGE), "holds no flow binary"),
    "binary is no zip": (
        zipped(package_json=PACKAGE, w2_ibflowbin="no zip"),
        "is not a zip file",
    ),
    "two binaries": (
        zipped(with_binary, package_json=PACKAGE, other_ibflowbin="x"),
        "several flow binaries",
    ),
    "two roots": (
        zipped(entry("a/package.json", PACKAGE), entry("b/package.json", PACKAGE)),
        "several roots",
    ),
}


def call(running: httpx.Client, name: str, **body: Any) -> dict[str, Any]:
    """POST a call."""
    reply = running.post(f"/api/v1/{name}", json=body)
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


def lay(running: httpx.Client, name: str, content: bytes) -> str:
    """Write a file onto the drive; give its path."""
    path = f"{SPACE}/{name}"
    assert running.put(f"/api/v2/files/{path}", content=content).is_success
    return path


def files_below(running: httpx.Client, path: str) -> list[str]:
    """Give the names in a folder; none when it does not exist."""
    reply = running.get(f"/api/v2/files/{path}", params={"expect-node-type": "folder"})
    return [node["name"] for node in reply.json()["nodes"]] if reply.is_success else []


def sent(content: bytes = b"Total 12.50\n", name: str = "a.txt") -> dict[str, str]:
    """Give an entry of ``files``."""
    return {"file_name": name, "file_content": base64.b64encode(content).decode()}


@pytest.fixture(scope="module")
def solution(running: httpx.Client) -> str:
    """Path of a good package on the drive."""
    return lay(running, "good.ibsolution", zipped(with_binary, package_json=PACKAGE))


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_package_is_refused_everywhere(running: httpx.Client, kind: str) -> None:
    """Publishing and both ways of running answer one sentence and leave nothing behind."""
    content, sentence = HOSTILE[kind]
    path = lay(running, "hostile.ibsolution", content)
    lay(running, "in/a.txt", b"text")
    before = files_below(running, SPACE)
    calls: list[tuple[str, dict[str, Any]]] = [("marketplace/publish", {"ibsolution_path": path})]
    if kind != "lie":  # it is found where the entry is read, and a run reads the binary alone
        calls += [
            ("solution/run", {"solution_path": path, "input_folder": f"{SPACE}/in"}),
            ("solution/run_sync", {"solution_path": path, "files": [sent()]}),
        ]
    unpack = {"solution_path": path, "files": [sent()], "output_dir": f"{SPACE}/unpacked"}
    for name, body in [*calls, ("solution/run_sync", unpack)]:
        reply = call(running, name, **body)
        assert reply["status"] == "ERROR", name
        assert sentence in reply["msg"]
        assert "\n" not in reply["msg"]
    assert running.get("/api/v1/marketplace/list").json()["apps"] == []
    assert files_below(running, f"{SPACE}/unpacked") == []
    assert set(files_below(running, SPACE)) <= {*before, "unpacked"}


def test_a_binary_of_a_package_that_cannot_run_is_named(running: httpx.Client) -> None:
    """A package may be whole and its flow broken; the sentence names the step."""
    flow = json.dumps({"steps": [{"step_name": "fly", "kwargs": {}}]})
    inner = zipped(flow_ibflow=flow)
    whole = zipped(lambda archive: archive.writestr("w2.ibflowbin", inner), package_json=PACKAGE)
    path = lay(running, "broken-flow.ibsolution", whole)
    reply = call(running, "solution/run_sync", solution_path=path, files=[sent()])
    assert reply["status"] == "ERROR"
    assert "Step 1 of flow.ibflow in w2.ibflowbin" in reply["msg"]


def test_compiling_answers_the_binary_and_a_job_that_is_done(running: httpx.Client) -> None:
    """The binary is there when the reply is; the address with the project's path works too."""
    lay(running, "compiled/x.ibflow", FLOW.encode())
    body = {"flow_project_root": f"{SPACE}/compiled", "settings": {"flow_file": "x.ibflow"}}
    wanted = f"{SPACE}/compiled/build/bin/x.ibflowbin"
    for name in ("flow_binary/compile", f"flow_binary/compile/{SPACE}/compiled"):
        reply = call(running, name, **body)
        assert reply["binary_path"] == wanted
        status = running.get("/jobs/status", params={"job_id": reply["job_id"], "type": "async"})
        assert status.json()["state"] == "DONE"
        assert status.json()["results"] == [{"status": "OK", "binary_path": wanted}]
    assert running.head(f"/api/v2/files/{wanted}").is_success


def test_a_binary_runs_over_http(running: httpx.Client) -> None:
    """run_binary_async answers as run_flow_async does."""
    path = lay(running, "run/x.ibflowbin", BINARY)
    lay(running, "run/in/a.txt", b"text")
    body = {"input_dir": f"{SPACE}/run/in", "binary_path": path}
    reply = call(running, "flow/run_binary_async", **body, settings={"tags": ["over-http"]})
    assert reply["data"]["output_folder"] == f"{SPACE}/run/out"
    listed = running.get("/api/v1/jobs/list", params={"tags": "over-http"}).json()["jobs"]
    assert [(job["job_id"], job["kind"]) for job in listed] == [(reply["data"]["job_id"], "binary")]


def test_names_that_lead_elsewhere_stay_in_the_input_folder(
    running: httpx.Client, solution: str
) -> None:
    """Records keep the names as sent; what lies on disk are safe names of their own."""
    files = [sent(name="../../x.txt"), sent(name="x.txt"), sent(name="/etc/x.txt")]
    reply = call(running, "solution/run_sync", solution_path=solution, files=files)
    told = [(record["file_name"], record["status"]) for record in reply["records"]]
    assert told == [("../../x.txt", "OK"), ("x.txt", "OK"), ("/etc/x.txt", "OK")]
    folders = {record["output_file_path"].rsplit("/", 1)[0] for record in reply["records"]}
    assert len(folders) == 1


def test_a_large_file_is_answered_like_a_small_one(running: httpx.Client, solution: str) -> None:
    """Contents beyond the spooling threshold are decoded on their way to disk."""
    content = b"Total 12.50 and more\n" * 1_000
    reply = call(running, "solution/run_sync", solution_path=solution, files=[sent(content)])
    assert [record["status"] for record in reply["records"]] == ["OK"]


@pytest.mark.parametrize("size", [10, 20_000])
def test_a_name_that_is_endless_is_refused(running: httpx.Client, solution: str, size: int) -> None:
    """A name is never mistaken for a content that was spooled."""
    file = sent() | {"file_name": "n" * size}
    reply = call(running, "solution/run_sync", solution_path=solution, files=[file])
    assert reply["status"] == ("OK" if size == 10 else "ERROR")
    if size > 10:
        assert reply["msg"] == "solution_run_sync: a name or a path is too long."


@pytest.mark.parametrize("body", [b"", b"[]", b'{"files": [{"file_name": "a', b'{"files": 1}'])
def test_a_body_that_is_no_request_is_refused(running: httpx.Client, body: bytes) -> None:
    """Cut off, no object, or of a wrong shape."""
    reply = running.post("/api/v1/solution/run_sync", content=body)
    assert reply.status_code == 200
    assert reply.json()["status"] == "ERROR"
    assert "\n" not in reply.json()["msg"]


def test_a_caller_that_hangs_up_stops_nothing(running: httpx.Client, solution: str) -> None:
    """The run goes on: who asks the same gets the answer of the same job."""
    file = sent(b"Total 99.00 for the one who left\n")
    body = json.dumps({"solution_path": solution, "files": [file]}).encode()
    before = {job["job_id"] for job in jobs(running)}
    started: set[str] = set()
    end = time.monotonic() + SECONDS
    with sending(running, body):
        while not started:
            assert time.monotonic() < end
            started = {job["job_id"] for job in jobs(running)} - before
    reply = running.post("/api/v1/solution/run_sync", content=body).json()
    assert {reply["job_id"]} == started
    assert {job["job_id"] for job in jobs(running)} - before == started
    assert reply["records"][0]["status"] == "OK"


def jobs(running: httpx.Client) -> list[dict[str, Any]]:
    """List the latest jobs."""
    return list(running.get("/api/v1/jobs/list", params={"limit": 200}).json()["jobs"])


@contextmanager
def sending(running: httpx.Client, body: bytes) -> Iterator[None]:
    """Send a run_sync request; afterwards close the connection without reading the reply."""
    address = urlsplit(str(running.base_url))
    head = (
        f"POST /api/v1/solution/run_sync HTTP/1.1\r\nHost: {address.netloc}\r\n"
        f"Authorization: {running.headers['Authorization']}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(head.encode() + body)
        yield
