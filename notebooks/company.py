"""A company's server for the tutorial ``06_your_own_platform``, on this machine alone.

``https://flows.company.test`` is a platform of its own (``ibflow-nb serve`` on a temporary root)
behind what companies put before one: TLS with a certificate of the company's own authority, a
front that wants to know the organisation, and a proxy without which nobody gets there.
"""

from __future__ import annotations

import json
import select
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import trustme  # pip install trustme

HOST = "flows.company.test"
ORGANISATION = "acme"


class Company:
    """What a new colleague is told.

    Attributes:
        url: address of the platform.
        proxy: address of the proxy.
        ca_file: certificate of the company's authority.
        token: the colleague's token.
        asked: what the proxy was asked for.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ibflow-company-"))
        self.asked: list[str] = []
        ready = self.folder / "ready.json"
        command = [sys.executable, "-m", "ibflow_nb.cli", "serve", "--root", str(self.folder / "root")]
        self._platform = subprocess.Popen(
            [*command, "--ready-file", str(ready)], stdout=subprocess.DEVNULL
        )
        while not ready.exists():
            if self._platform.poll() is not None:
                raise RuntimeError("the platform does not start")
            time.sleep(0.05)
        told = json.loads(ready.read_text())
        authority = trustme.CA(organization_name="Company")
        self.url, self.token = f"https://{HOST}", told["token"]
        self.ca_file = str(self.folder / "company-ca.pem")
        authority.cert_pem.write_to_path(self.ca_file)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert(HOST).configure_cert(context)
        self._front = _serve(_front(told["url"].removeprefix("http://")), context)
        self._proxy = _serve(_proxy(self._front.server_address[1], self.asked))
        self.proxy = f"http://127.0.0.1:{self._proxy.server_address[1]}"

    def close(self) -> None:
        """End all of it."""
        for server in (self._proxy, self._front):
            server.shutdown()
            server.server_close()
        self._platform.terminate()
        self._platform.wait(30)
        shutil.rmtree(self.folder)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    context: ssl.SSLContext | None = None

    def get_request(self):
        """Accept; the handshake follows in the thread of the connection."""
        request, address = super().get_request()
        if self.context is not None:
            request = self.context.wrap_socket(
                request, server_side=True, do_handshake_on_connect=False
            )
        return request, address

    def handle_error(self, *_):
        """Say nothing of clients that do not trust the certificate."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Keep the notebook clean."""


def _serve(handler: type[_Handler], context: ssl.SSLContext | None = None) -> _Server:
    server = _Server(("127.0.0.1", 0), handler)
    server.context = context
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server


def _front(platform: str) -> type[_Handler]:
    """Pass requests of the organisation on to the platform."""

    class Front(_Handler):
        def handle_any(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.headers["IB-Context"] != ORGANISATION:
                sentence = "Name your organisation in the header IB-Context."
                self.reply(403, {}, json.dumps({"status": "ERROR", "msg": sentence}).encode())
                return
            headers = {name: value for name, value in self.headers.items() if name != "Host"}
            upstream = HTTPConnection(platform, timeout=60)
            upstream.request(self.command, self.path, body, headers)
            answer = upstream.getresponse()
            self.reply(answer.status, dict(answer.getheaders()), answer.read())
            upstream.close()

        def reply(self, status, headers, content):
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in {"content-length", "transfer-encoding", "connection"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = handle_any

    return Front


def _proxy(port: int, asked: list[str]) -> type[_Handler]:
    """Open tunnels to the company's front, wherever they are asked to lead."""

    class Proxy(_Handler):
        def do_CONNECT(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            with socket.create_connection(("127.0.0.1", port)) as front:
                _relay(self.connection, front)
            self.close_connection = True

    return Proxy


def _relay(one: socket.socket, other: socket.socket) -> None:
    while True:
        for ready in select.select([one, other], [], [])[0]:
            try:
                chunk = ready.recv(65536)
            except OSError:
                return
            if not chunk:
                return
            (other if ready is one else one).sendall(chunk)
