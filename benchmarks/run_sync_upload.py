"""Time and memory of sending 200 MB of documents to run_sync, on both sides.

Three uploads of the same four PDFs, each with one page of text and a large attachment:

* client.solutions.run_sync to a platform of this project;
* requests.post(json=...) to an endpoint that reads ``await request.json()`` and writes the files;
* requests.post(json=...) to the same platform.

Each client and each server is a fresh process. Memory is what its peak has on top of what it
held before the upload. The platform also runs a solution on the files: seconds are those from
the call to the reply, less those of the same call without the attachments.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from benchmarks.harness import (
    Figure,
    Measure,
    Measured,
    compare_all,
    forget_peak,
    free_port,
    fresh,
    main,
    memory,
    running,
    sized,
    wait_for_port,
)
from ibflow_nb.local.archives import pack_archive

TOKEN = secrets.token_hex(16)
SOLUTION = "local/my-repo/fs/Instabase Drive/benchmark.ibsolution"
DOCUMENTS = 4
MEGABYTE = 1024**2
FLOW = {
    "steps": [
        {"step_name": "process_files", "kwargs": {}},
        {"step_name": "apply_refiner", "kwargs": {"refiner_path": "total.ibrefiner"}},
    ]
}
REFINER = {
    "fields": [
        {
            "desc": {"label": "total", "outputType": "TEXT"},
            "req": {"expression": "strip(scan_right(INPUT_COL, 'Total:'))"},
        }
    ]
}
NAIVE, NAIVE_CLIENT = "requests.post, request.json()", "requests.post to this platform"
THROUGHPUT, CLIENT, SERVER = "run_sync upload", "its memory, client", "its memory, server"

# --- the documents and the solution


def make_pdf(attachment: int) -> bytes:
    """Make a PDF with one line of text and a stream of random bytes that no page uses."""
    text = b"BT /F1 14 Tf 72 700 Td (Total: 12.50) Tj ET"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources 6 0 R>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(text), text),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Font<</F1 5 0 R>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (attachment, os.urandom(attachment)),
    ]
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj%sendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    trailer = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (size, len(body))
    return body + b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table) + trailer


def lay_out(folder: Path, megabytes: int) -> None:
    """Write the documents, large and small, and the solution onto the drive of the platform."""
    for name, size in (("documents", megabytes * MEGABYTE // DOCUMENTS), ("small", 1)):
        (folder / name).mkdir()
        for number in range(DOCUMENTS):
            (folder / name / f"{number}.pdf").write_bytes(make_pdf(size))
    binary = folder / "flow.zip"
    flow, refiner = json.dumps(FLOW).encode(), json.dumps(REFINER).encode()
    pack_archive(binary, {"total.ibflow": flow, "total.ibrefiner": refiner})
    package = json.dumps({"name": "benchmark", "version": "1.0.0"}).encode()
    target = folder / "root" / SOLUTION
    target.parent.mkdir(parents=True)
    pack_archive(target, {"package.json": package, "total.ibflowbin": binary})


# --- the servers


@contextlib.contextmanager
def platform(folder: Path) -> Iterator[tuple[str, int]]:
    """Run a platform of this project; gives its address and process id."""
    ready = folder / "ready.json"
    command = [sys.executable, "-m", "ibflow_nb.local.server", "--root", str(folder / "root")]
    command += ["--workers", "1", "--ready-file", str(ready)]
    with running(command, {"IBFLOW_TOKEN": TOKEN}) as server:
        while not ready.exists():
            time.sleep(0.05)
        yield json.loads(ready.read_bytes())["url"], server.pid
    ready.unlink(missing_ok=True)


@contextlib.contextmanager
def naive_server(folder: Path) -> Iterator[tuple[str, int]]:
    """Run the naive endpoint; gives its address and process id."""
    port = free_port()
    with running([sys.executable, "-m", __spec__.name, str(port), str(folder)]) as server:
        wait_for_port(port)
        yield f"http://127.0.0.1:{port}", server.pid


def serve_naive(port: int, folder: Path) -> None:
    """Serve an endpoint that parses the body at once."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    async def run_sync(request: Request) -> JSONResponse:
        body = await request.json()
        for file in body["files"]:
            target = folder / f"naive-{file['file_name']}"
            target.write_bytes(base64.b64decode(file["file_content"]))
        return JSONResponse({"status": "OK", "records": [{} for _ in body["files"]]})

    app = Starlette(routes=[Route("/api/v1/solution/run_sync", run_sync, methods=["POST"])])
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error")


# --- the clients; each gives the number of records


def send_streamed(url: str, folder: str) -> Callable[[], object]:
    """Upload with this project's client."""
    from ibflow_nb.client import Client

    client = Client(url, os.environ["IBFLOW_TOKEN"])
    run_sync = client.solutions.run_sync
    return lambda: len(run_sync(folder, solution_path=SOLUTION, write_to_cache=False))


def send_naive(url: str, folder: str) -> Callable[[], object]:
    """Upload with requests, everything in memory."""
    import requests

    def send() -> int:
        files = [
            {
                "file_name": path.name,
                "file_content": base64.b64encode(path.read_bytes()).decode("utf-8"),
            }
            for path in sorted(Path(folder).iterdir())
        ]
        reply = requests.post(
            f"{url}/api/v1/solution/run_sync",
            json={"solution_path": SOLUTION, "files": files, "write_to_cache": False},
            headers={"Authorization": f"Bearer {os.environ['IBFLOW_TOKEN']}"},
            timeout=600,
        ).json()
        assert {record.get("status", "OK") for record in [reply, *reply["records"]]} == {"OK"}
        return len(reply["records"])

    return send


# --- the comparison

Server = Callable[[Path], contextlib.AbstractContextManager[tuple[str, int]]]
Sender = Callable[[str, str], Callable[[], object]]


def upload(server: Server, sender: Sender, folder: Path, megabytes: int) -> Measured:
    """Send the small documents, once to warm the server up, then the large ones."""
    with server(folder) as (url, pid):
        send = partial(fresh, sender, url, environment={"IBFLOW_TOKEN": TOKEN})
        send(str(folder / "small"))
        small = send(str(folder / "small"))
        before = memory(pid)
        forget_peak(pid)
        large = send(str(folder / "documents"))
        assert small.value == large.value == DOCUMENTS
        return {
            THROUGHPUT: megabytes / max(large.seconds - small.seconds, 1e-3),
            CLIENT: large.extra,
            SERVER: memory(pid, peak=True) - before,
        }


def figures() -> Iterator[Figure]:
    """Throughput, and memory on both sides."""
    megabytes = sized(200, 8)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lay_out(folder, megabytes)
        yield from compare_all(
            partial(upload, platform, send_streamed, folder, megabytes),
            {
                NAIVE: partial(upload, naive_server, send_naive, folder, megabytes),
                NAIVE_CLIENT: partial(upload, platform, send_naive, folder, megabytes),
            },
            [
                Measure(THROUGHPUT, "MB/s", "higher", {NAIVE: 3.0}, note=f"{megabytes} MB"),
                Measure(CLIENT, "MB", "lower", {NAIVE: 0.05}),
                Measure(SERVER, "MB", "lower", {NAIVE: 0.05}),
            ],
            repeats=3,
        )


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1].isdigit():
        serve_naive(int(sys.argv[1]), Path(sys.argv[2]))
    else:
        main(figures)
