"""Scripted transports, a small real server, and a faulty one."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from ibflow_nb.client import Client
from ibflow_nb.connecting import connect
from ibflow_nb.jobs.background import background
from ibflow_nb.local.launch import stop_platform

TOKEN = "secret-token-93c1"


class InstantClock:
    """Time that passes only, and at once, when somebody sleeps."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> float:
        """Give the time slept."""
        return sum(self.slept)

    async def sleep(self, seconds: float, until: asyncio.Event | None = None) -> None:
        """Let the time pass, but not the poller's."""
        if until is not None:
            await asyncio.sleep(0.001)
            return
        self.slept.append(seconds)


@pytest.fixture
def clock() -> InstantClock:
    """A clock on which waiting takes no time."""
    return InstantClock()


@pytest.fixture
def connected(clock: InstantClock) -> Iterator[Callable[..., Client]]:
    """Give a maker of clients whose network is a function from request to response."""

    def connect(handler: Callable[[httpx.Request], Any], **options: Any) -> Client:
        options.setdefault("url", "http://server.test")
        return Client(token=TOKEN, transport=httpx.MockTransport(handler), clock=clock, **options)

    yield connect
    background.stop()


Serve = Callable[[Callable[[BaseHTTPRequestHandler], None]], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Give a function that serves a handler on loopback and tells its URL."""
    servers: list[ThreadingHTTPServer] = []

    def start(answer: Callable[[BaseHTTPRequestHandler], None]) -> str:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                answer(self)

            do_GET = do_POST = do_PUT = do_HEAD = handle_any  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Stay silent."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    background.stop()
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def platform_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The root of a real embedded platform that runs while the tests do."""
    root = tmp_path_factory.mktemp("platform")
    connect("local", root=root).close()
    yield root
    stop_platform(root)


@pytest.fixture
def platform(platform_root: Path) -> Iterator[Client]:
    """A client of the real embedded platform."""
    with connect("local", root=platform_root) as client:
        yield client
    background.stop()
