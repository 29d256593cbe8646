"""From the start of the embedded platform's process to its first answer, beside bare uvicorn.

Both are started as a process on a port that is known before, and asked until they answer. The
platform's root is there already, as at every start but the first.
"""

from __future__ import annotations

import contextlib
import http.client
import sys
import tempfile
import time
from collections.abc import Iterator

from benchmarks.harness import (
    Figure,
    Measure,
    Measured,
    compare_all,
    free_port,
    main,
    processor_seconds,
    running,
)

HELLO = """
import sys
import uvicorn

async def hello(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})

uvicorn.run(hello, port=int(sys.argv[1]), log_level="error", lifespan="off")
"""
PAUSE = 0.002
SECONDS = 60
UVICORN = "bare uvicorn, hello world"
NAME, PROCESSOR = "start until it answers", "its processor time"


def start(command: list[str]) -> Measured:
    """Start a server, wait for its first answer, end it."""
    port = free_port()
    began = time.perf_counter()
    with running([*command, str(port)]) as server:
        while not answers(port):
            assert server.poll() is None, "the server ended"
            assert time.perf_counter() < began + SECONDS, "the server does not answer"
            time.sleep(PAUSE)
        return {NAME: time.perf_counter() - began, PROCESSOR: processor_seconds(server.pid)}


def answers(port: int) -> bool:
    """Ask once."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    with contextlib.closing(connection), contextlib.suppress(ConnectionRefusedError):
        connection.request("GET", "/api/v1/health")
        return connection.getresponse().status == http.client.OK
    return False


def figures() -> Iterator[Figure]:
    """Ours beside the smallest server there is."""
    with tempfile.TemporaryDirectory() as root:
        platform = [sys.executable, "-m", "ibflow_nb.local.server", "--root", root, "--port"]
        start(platform)
        yield from compare_all(
            lambda: start(platform),
            {UVICORN: lambda: start([sys.executable, "-c", HELLO])},
            [
                Measure(NAME, "s", "lower", {UVICORN: 3.0}),
                Measure(PROCESSOR, "s", "lower"),
            ],
        )


if __name__ == "__main__":
    main(figures)
