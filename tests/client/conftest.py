"""Scripted transports, a small real server, and a faulty one."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from ibflow_nb.client import Client
from ibflow_nb.jobs.background import background
from ibflow_nb.testing import FakeClock

TOKEN = "secret-token-93c1"


@pytest.fixture
def clock(ibflow_clock: FakeClock) -> FakeClock:
    """A clock on which waiting takes no time."""
    return ibflow_clock


@pytest.fixture
def connected(clock: FakeClock) -> Iterator[Callable[..., Client]]:
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
def closed_port() -> Iterator[int]:
    """A port on which nobody listens, kept from others meanwhile."""
    with socket.socket() as keeper:
        keeper.bind(("127.0.0.1", 0))
        yield int(keeper.getsockname()[1])


@pytest.fixture
def platform(ibflow_client: Client) -> Client:
    """A client of the real embedded platform."""
    return ibflow_client
