"""Solutions and the marketplace: what is sent, and what comes back."""

from __future__ import annotations

import base64
import io
import json
import os
import resource
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from ibflow_nb.api.errors import ApiError, BadReply, ConnectionFailed, InvalidRequest
from ibflow_nb.client import Client
from ibflow_nb.client.body import CHUNK
from ibflow_nb.client.documents import gather

RECORDS = {
    "records": [
        {
            "file_name": "a.txt",
            "file_index": 0,
            "record_index": 0,
            "results": [{"key": "first_name", "value": "Coder"}],
        }
    ],
    "binary_path": "x/build/bin/w.ibflowbin",
    "job_id": "job-1",
}
MEGABYTE = 1024 * 1024


class Server:
    """Answers every call alike, and keeps what it was sent."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.sent: list[tuple[str, Any]] = []
        self.requests: list[httpx.Request] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        """Give the answer laid ready."""
        content = await request.aread()
        self.requests.append(request)
        self.sent.append((request.url.path, json.loads(content) if content else None))
        return httpx.Response(200, json=self.answer)


@pytest.fixture
def talk(connected: Any) -> Any:
    """Give a maker of a client and the server that it talks to."""

    def make(answer: Any) -> tuple[Client, Server]:
        server = Server(answer)
        return connected(server), server

    return make


def test_a_package_is_made_published_and_installed(talk: Any) -> None:
    """Each call sends the keys of its document, and nothing that is at its default."""
    client, server = talk({"status": "OK", "output_path": "o/w-1.0.0.ibsolution", "job_id": "j"})
    assert client.solutions.create("c", "o").output_path == "o/w-1.0.0.ibsolution"
    assert client.solutions.create("c", "o", in_background=True).job_id == "j"
    client.marketplace.publish("o/w-1.0.0.ibsolution")
    client.marketplace.install("w", "1.0.0")
    client.marketplace.unpublish("w", "1.0.0")
    assert server.sent == [
        ("/api/v1/solution/create", {"content_folder": "c", "output_folder": "o"}),
        ("/api/v1/solution/create", {"content_folder": "c", "output_folder": "o", "async": True}),
        ("/api/v1/marketplace/publish", {"ibsolution_path": "o/w-1.0.0.ibsolution"}),
        ("/api/v1/marketplace/install", {"name": "w", "version": "1.0.0"}),
        ("/api/v1/marketplace/unpublish", {"name": "w", "version": "1.0.0"}),
    ]


def test_the_marketplace_is_listed(talk: Any) -> None:
    """Names with their versions."""
    client, _ = talk({"status": "OK", "apps": [{"name": "w", "available_versions": ["2.0.0"]}]})
    (app,) = client.marketplace.list()
    assert (app.name, app.available_versions, app.installed_versions) == ("w", ["2.0.0"], [])


@pytest.mark.parametrize(
    ("answer", "folder"),
    [
        ({"status": "OK", "data": {"job_id": "j", "output_folder": "o"}}, "o"),
        ({"status": "OK", "solution": {"name": "w", "version": "1.0.0", "job_id": "j"}}, ""),
    ],
)
def test_a_run_gives_a_job_from_either_reply(talk: Any, answer: Any, folder: str) -> None:
    """Both shapes that the document prints are read."""
    client, server = talk(answer)
    job = client.solutions.run("in", name="w", version="1.0.0", tags=["t"])
    assert (job.id, job.output_folder) == ("j", folder)
    assert server.sent[0] == (
        "/api/v1/solution/run",
        {"input_folder": "in", "name": "w", "version": "1.0.0", "settings": {"tags": ["t"]}},
    )


def test_a_run_without_a_job_is_a_bad_reply(talk: Any) -> None:
    """Neither shape: the error says what is missing."""
    client, _ = talk({"status": "OK"})
    with pytest.raises(BadReply, match="the reply tells no job"):
        client.solutions.run("in", solution_path="p.ibsolution")


@pytest.mark.parametrize(
    "names", [{}, {"name": "w"}, {"version": "1.0.0"}, {"name": "w", "solution_path": "p"}]
)
def test_a_solution_must_be_named_in_one_way(talk: Any, names: dict[str, str]) -> None:
    """What the server would refuse is refused before documents are sent."""
    client, server = talk(RECORDS)
    with pytest.raises(InvalidRequest, match="give 'name' and 'version', or 'solution_path'"):
        client.solutions.run_sync(b"x", **names)
    with pytest.raises(InvalidRequest, match="give 'name' and 'version', or 'solution_path'"):
        client.solutions.run("in", **names)
    assert server.sent == []


def test_documents_of_all_kinds_travel_in_base64(talk: Any, tmp_path: Path) -> None:
    """Paths, patterns, folders, pairs, bytes and open files arrive byte for byte, in order."""
    (tmp_path / "b.txt").write_bytes(b"bee")
    (tmp_path / "a.txt").write_bytes(b"")
    (tmp_path / "big.pdf").write_bytes(os.urandom(2 * CHUNK + 1))
    (tmp_path / "folder" / "below").mkdir(parents=True)
    (tmp_path / "folder" / "c.txt").write_bytes(b"sea")
    client, server = talk(RECORDS)
    seen: list[tuple[int, int]] = []
    behind = io.BytesIO(b"skipped:rest")
    behind.seek(8)
    with (tmp_path / "b.txt").open("rb") as opened:
        records = client.solutions.run_sync(
            [
                str(tmp_path / "*.txt"),
                tmp_path / "big.pdf",
                tmp_path / "folder",
                ('q"uote.txt', b"quoted"),
                b"%PDF-1.7 bare",
                opened,
                behind,
            ],
            name="w",
            version="1.0.0",
            output_dir="x",
            write_to_cache=False,
            repo_name="r",
            progress=lambda done, total: seen.append((done, total)),
        )
    (path, body), (request,) = server.sent[0], server.requests
    assert path == "/api/v1/solution/run_sync"
    assert request.headers["content-length"] == str(len(request.content))
    assert "transfer-encoding" not in request.headers
    files = body.pop("files")
    assert body == {
        "name": "w",
        "version": "1.0.0",
        "output_dir": "x",
        "write_to_cache": False,
        "repo_name": "r",
        "options": {
            "include_page_layouts": True,
            "refined_phrases_features": ["provenance_info"],
        },
    }
    assert [(one["file_name"], base64.b64decode(one["file_content"])) for one in files] == [
        ("a.txt", b""),
        ("b.txt", b"bee"),
        ("big.pdf", (tmp_path / "big.pdf").read_bytes()),
        ("c.txt", b"sea"),
        ('q"uote.txt', b"quoted"),
        ("document_6.pdf", b"%PDF-1.7 bare"),
        ("b.txt", b"bee"),
        ("document_8", b"rest"),
    ]
    assert seen[-1][0] == seen[-1][1] == sum(one.size for one in gather(tmp_path)) + 29
    assert (records.job_id, records[0].results[0].value) == ("job-1", "Coder")


def test_csv_is_text_for_pandas(talk: Any) -> None:
    """The text becomes a frame."""
    client, server = talk({"status": "OK", "job_id": "j", "csv_text": "file_name,total\na,1\n"})
    text = client.solutions.run_sync_csv({"a.txt": b"x"}, solution_path="p.ibsolution")
    assert pd.read_csv(io.StringIO(text)).to_dict("records") == [{"file_name": "a", "total": 1}]
    assert server.sent[0][1]["options"] == {"result_format": "csv"}


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ([], "There is no file to send"),
        ("nowhere/*.pdf", r"There is no local file 'nowhere/\*\.pdf'\."),
        ([3], "A int is no document"),
        (3, "A int is no document"),
        (io.StringIO("x"), "is open as text; open it with mode 'rb'"),
    ],
)
def test_what_is_no_document_is_refused(talk: Any, files: Any, sentence: str) -> None:
    """One sentence, and nothing is sent."""
    client, server = talk(RECORDS)
    with pytest.raises(InvalidRequest, match=sentence):
        client.solutions.run_sync(files, solution_path="p.ibsolution")
    assert server.sent == []


def test_a_refusal_is_told(talk: Any) -> None:
    """The server's sentence, with the call's name before it."""
    client, _ = talk({"status": "ERROR", "msg": "There is no solution w 1.0.0."})
    with pytest.raises(ApiError, match=r"^solution_run_sync: There is no solution w 1\.0\.0\.$"):
        client.solutions.run_sync(b"x", name="w", version="1.0.0")


def test_a_pipe_is_sent_whole() -> None:
    """What cannot be read twice is copied first, and short reads leave no padding behind."""
    reading, writing = os.pipe()
    content = os.urandom(300_000)

    def write() -> None:
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(content)

    thread = threading.Thread(target=write)
    thread.start()
    with os.fdopen(reading, "rb") as pipe:
        (document,) = gather(pipe)
    thread.join()
    assert b"".join(document.blocks()) == content
    assert b"".join(document.blocks()) == content


@pytest.mark.parametrize("changed", [b"longer than before", b""])
def test_a_file_that_changes_is_not_sent_in_part(tmp_path: Path, changed: bytes) -> None:
    """A length that was promised cannot be kept."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"before")
    (document,) = gather(path)
    path.write_bytes(changed)
    with pytest.raises(ConnectionFailed, match=r"'a\.txt' changed while it was sent"):
        list(document.blocks())


def test_a_request_that_surely_did_not_arrive_is_sent_anew(connected: Any) -> None:
    """The second attempt has the whole body; a broken connection is not tried again."""
    bodies: list[bytes] = []
    troubles: list[type[httpx.TransportError]] = [httpx.ConnectError]

    async def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(await request.aread())
        if troubles:
            raise troubles.pop()("no")
        return httpx.Response(200, json=RECORDS)

    client = connected(answer)
    client.solutions.run_sync(io.BytesIO(b"twice"), solution_path="p")
    assert len(bodies) == 2
    assert bodies[0] == bodies[1]
    troubles.append(httpx.ReadError)
    with pytest.raises(ConnectionFailed, match="may have been carried out"):
        client.solutions.run_sync(b"once", solution_path="p")
    assert len(bodies) == 3


def test_the_reply_may_take_as_long_as_it_takes(connected: Any) -> None:
    """There is no limit on reading, unless one is asked for."""
    limits: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        limits.append(request.extensions["timeout"]["read"])
        return httpx.Response(200, json=RECORDS)

    client = connected(answer)
    client.solutions.run_sync(b"x", solution_path="p")
    client.solutions.run_sync(b"x", solution_path="p", timeout=900)
    assert limits == [None, 900]


@pytest.mark.slow
def test_200_megabytes_cost_less_than_32(serve: Any, tmp_path: Path) -> None:
    """The document is never in memory as a whole; the server gets all of it."""
    big = tmp_path / "big.pdf"
    with big.open("wb") as file:
        for _ in range(200):
            file.write(os.urandom(MEGABYTE))
    received: list[int] = []

    def discard(request: BaseHTTPRequestHandler) -> None:
        rest = length = int(request.headers["Content-Length"])
        while rest:
            rest -= len(request.rfile.read(min(rest, 64 * 1024)))
        received.append(length)
        content = json.dumps(RECORDS).encode()
        request.send_response(200)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    with Client(serve(discard), "token") as client:
        client.solutions.run_sync(b"warm up", solution_path="p")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        client.solutions.run_sync(big, solution_path="p")
        extra = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert received[1] > 200 * MEGABYTE * 4 / 3
    assert extra < 32
