"""Memory and time of run_sync with 200 MB of documents, on both sides.

    python benchmarks/run_sync_memory.py [MEGABYTES]

Three uploads of the same four PDFs (each with one page of text and a large attachment):

* client.solutions.run_sync to a platform of this project;
* requests.post(json=...) with base64 in memory to the same platform;
* requests.post(json=...) to an endpoint that reads ``await request.json()`` and writes the files.

Each client and each server is a fresh process; memory is its peak resident size, and how much of
that came on top of what it held before the upload. Linux only (reads /proc).
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

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


class Memory(NamedTuple):
    """Resident memory of a process, in MB: before the upload, and at its peak."""

    before: float
    peak: float

    def __str__(self) -> str:
        """Show both and their difference."""
        return f"{self.before:5.0f} {self.peak:5.0f} {self.peak - self.before:+6.0f}"


def memory(pid: int, key: str) -> float:
    """Read ``VmRSS`` (now) or ``VmHWM`` (peak) of a process, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) / 1024
    return 0.0


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
    """Write the documents, and the solution onto the drive of the platform."""
    (folder / "documents").mkdir()
    for number in range(DOCUMENTS):
        content = make_pdf(megabytes * MEGABYTE // DOCUMENTS)
        (folder / "documents" / f"{number}.pdf").write_bytes(content)
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
    with process([*command, "--workers", "1", "--ready-file", str(ready)]) as server:
        while not ready.exists():
            time.sleep(0.05)
        yield json.loads(ready.read_bytes())["url"], server.pid
        server.terminate()


@contextlib.contextmanager
def naive_server(folder: Path) -> Iterator[tuple[str, int]]:
    """Run the naive endpoint; gives its address and process id."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "naive").mkdir(exist_ok=True)
    with process([sys.executable, __file__, "serve-naive", str(port), str(folder)]) as server:
        while not reachable(port):
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}", server.pid


def serve_naive(port: str, folder: str) -> None:
    """Serve an endpoint that parses the body at once."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    async def run_sync(request: Request) -> JSONResponse:
        body = await request.json()
        for file in body["files"]:
            target = Path(folder) / "naive" / file["file_name"]
            target.write_bytes(base64.b64decode(file["file_content"]))
        return JSONResponse({"status": "OK", "records": [{} for _ in body["files"]]})

    app = Starlette(routes=[Route("/api/v1/solution/run_sync", run_sync, methods=["POST"])])
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="error")


@contextlib.contextmanager
def process(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command; it is ended afterwards."""
    environment = {**os.environ, "IBFLOW_TOKEN": TOKEN}
    running = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield running
    finally:
        running.terminate()
        running.wait()


def reachable(port: int) -> bool:
    """Tell whether something listens on a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


# --- the clients: each prints memory before and at its peak, seconds, and records


def send_streamed(url: str, folder: str) -> None:
    """Upload with this project's client."""
    from ibflow_nb.client import Client

    client = Client(url, os.environ["IBFLOW_TOKEN"])
    pattern = f"{folder}/documents/*.pdf"
    report(
        lambda: len(
            client.solutions.run_sync(pattern, solution_path=SOLUTION, write_to_cache=False)
        )
    )


def send_naive(url: str, folder: str) -> None:
    """Upload with requests, everything in memory."""
    import requests

    def send() -> int:
        files = [
            {
                "file_name": path.name,
                "file_content": base64.b64encode(path.read_bytes()).decode("utf-8"),
            }
            for path in sorted(Path(folder, "documents").iterdir())
        ]
        reply = requests.post(
            f"{url}/api/v1/solution/run_sync",
            json={"solution_path": SOLUTION, "files": files, "write_to_cache": False},
            headers={"Authorization": f"Bearer {os.environ['IBFLOW_TOKEN']}"},
            timeout=600,
        ).json()
        assert {record.get("status", "OK") for record in [reply, *reply["records"]]} == {"OK"}
        return len(reply["records"])

    report(send)


def report(send: Callable[[], int]) -> None:
    """Run an upload and print what it cost as JSON."""
    before, start = memory(os.getpid(), "VmRSS"), time.perf_counter()
    records = send()
    seconds = time.perf_counter() - start
    peak = memory(os.getpid(), "VmHWM")
    sys.stdout.write(json.dumps([before, peak, seconds, records]))


# --- the comparison


def measure(name: str, client: str, url: str, pid: int, folder: Path) -> None:
    """Upload once and print a row."""
    before = memory(pid, "VmRSS")
    Path(f"/proc/{pid}/clear_refs").write_text("5")  # forget the peak of the start
    told = subprocess.run(
        [sys.executable, __file__, client, url, str(folder)],
        env={**os.environ, "IBFLOW_TOKEN": TOKEN},
        stdout=subprocess.PIPE,
        check=True,
    )
    client_before, client_peak, seconds, records = json.loads(told.stdout)
    assert records == DOCUMENTS
    server = Memory(before, memory(pid, "VmHWM"))
    row = f"{name:46} {Memory(client_before, client_peak)}   {server}   {seconds:6.1f}"
    sys.stdout.write(f"{row}\n")
    sys.stdout.flush()


def main(megabytes: int) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lay_out(folder, megabytes)
        sys.stdout.write(f"{megabytes} MB in {DOCUMENTS} files; memory in MB: before, peak, more\n")
        sys.stdout.write(f"{'':46} {'client':^18}   {'server':^18}  seconds\n")
        for label, client in (
            ("run_sync of this client, this platform", "send-streamed"),
            ("requests.post(json=...), this platform", "send-naive"),
        ):
            with platform(folder) as (url, pid):
                measure(label, client, url, pid, folder)
            (folder / "ready.json").unlink(missing_ok=True)
        with naive_server(folder) as (url, pid):
            measure("requests.post(json=...), await request.json()", "send-naive", url, pid, folder)


PARTS = {"serve-naive": serve_naive, "send-streamed": send_streamed, "send-naive": send_naive}

if __name__ == "__main__":
    if sys.argv[1:] and sys.argv[1] in PARTS:
        PARTS[sys.argv[1]](*sys.argv[2:])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
