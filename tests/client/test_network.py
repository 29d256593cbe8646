"""Certificates and proxies, with real TLS and a real proxy on loopback."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme

from ibflow_nb.api.errors import AuthenticationFailed, ConfigError, ConnectionFailed
from ibflow_nb.client import Client
from ibflow_nb.client.network import RiskyConnection, proxy_to
from ibflow_nb.config.target import Network
from ibflow_nb.jobs.background import background

Start = Callable[..., str]


class Answering(BaseHTTPRequestHandler):
    """Lists no jobs; refuses the token 'wrong'."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """List nothing."""
        refused = self.headers.get("Authorization") == "Bearer wrong"
        reply = {"status": "ERROR", "msg": "no"} if refused else {"status": "OK", "jobs": []}
        content = json.dumps(reply).encode()
        self.send_response(401 if refused else 200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


class TlsServer(ThreadingHTTPServer):
    """Shakes hands in the thread of a connection, so that a refusal holds nobody up."""

    context: ssl.SSLContext | None = None

    def get_request(self) -> tuple[Any, Any]:
        """Accept a connection."""
        request, address = super().get_request()
        if self.context is not None:
            request = self.context.wrap_socket(
                request, server_side=True, do_handshake_on_connect=False
            )
        return request, address

    def shutdown_request(self, request: Any) -> None:
        """Read what is left: a socket closed before that may lose the alert it has sent."""
        with contextlib.suppress(OSError):
            request.settimeout(2)
            request.shutdown(socket.SHUT_WR)
            while socket.socket.recv(request, 65536):
                pass
        request.close()

    def handle_error(self, *_: object) -> None:
        """A refused handshake is what some tests are about."""


@pytest.fixture
def serving() -> Iterator[Callable[..., int]]:
    """Give a function that serves a handler, with TLS or without, and tells the port."""
    servers: list[ThreadingHTTPServer] = []

    def start(
        handler: type[BaseHTTPRequestHandler] = Answering, context: ssl.SSLContext | None = None
    ) -> int:
        server = TlsServer(("127.0.0.1", 0), handler)
        server.context, server.daemon_threads = context, True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return int(server.server_address[1])

    yield start
    background.stop()
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """The authority that vouches for the servers of these tests."""
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    """Its certificate."""
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def served_by(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    """Give a server's context with a certificate for these names."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*names).configure_cert(context)
    return context


@pytest.fixture
def secure(serving: Any, authority: trustme.CA) -> str:
    """Address of a server whose certificate the authority has signed."""
    return f"https://127.0.0.1:{serving(context=served_by(authority, '127.0.0.1'))}"


def refusal_of(url: str, **options: Any) -> str:
    """Give the sentence in which a check of the connection ends."""
    with (
        Client(url, "t", network=Network(**options)) as client,
        pytest.raises(ConnectionFailed) as caught,
    ):
        client.check()
    return str(caught.value)


def test_the_right_authority_is_believed(secure: str, ca_file: str) -> None:
    """With the authority's certificate the server answers over TLS."""
    with Client(secure, "t", network=Network(ca_file=ca_file)) as client:
        client.check()
        assert client.jobs.list() == []


def test_the_variable_names_the_authority(
    secure: str, ca_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """IBFLOW_CA_FILE, or SSL_CERT_FILE of the standard library, is enough."""
    for variable in ("IBFLOW_CA_FILE", "SSL_CERT_FILE"):
        with monkeypatch.context() as patch:
            patch.setenv(variable, ca_file)
            with Client(secure, "t") as client:
                client.check()


def test_an_unknown_authority_is_told_with_the_way_out(secure: str) -> None:
    """The sentence names the server and the setting, and nothing is repeated."""
    sentence = refusal_of(secure)
    assert f"no secure connection to {secure}: its certificate is vouched for by nobody" in sentence
    assert "let 'ca_file' name the certificate of its authority" in sentence
    assert sentence.count("\n") == 0


def test_a_wrong_authority_is_named(secure: str, tmp_path: Path) -> None:
    """A ca_file that does not fit is named itself."""
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    assert f"nobody that the authorities in {other} know" in refusal_of(secure, ca_file=str(other))


def test_a_certificate_for_another_name_is_refused(
    serving: Any, authority: trustme.CA, ca_file: str
) -> None:
    """The right authority does not help a server that is somebody else."""
    port = serving(context=served_by(authority, "flows.example.com"))
    sentence = refusal_of(f"https://127.0.0.1:{port}", ca_file=ca_file)
    assert "its certificate does not fit: IP address mismatch" in sentence


def test_a_server_without_tls_is_told(serving: Any) -> None:
    """https:// to a plain server says so."""
    assert "it does not speak TLS" in refusal_of(f"https://127.0.0.1:{serving()}")


def test_an_unchecked_certificate_is_warned_of(secure: str) -> None:
    """With verify off it connects, with a warning that names the server."""
    with pytest.warns(RiskyConnection, match=f"The certificate of {secure} is not checked"):
        client = Client(secure, "t", network=Network(verify=False))
    with client:
        client.check()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_certificate_is_asked_for_and_given(
    serving: Any, authority: trustme.CA, ca_file: str, tmp_path: Path, version: ssl.TLSVersion
) -> None:
    """Without a certificate the sentence names the setting; with one the server answers."""
    context = served_by(authority, "127.0.0.1")
    context.verify_mode, context.maximum_version = ssl.CERT_REQUIRED, version
    authority.configure_trust(context)
    url = f"https://127.0.0.1:{serving(context=context)}"
    assert "it asks for a certificate of yours; let 'client_cert' name it" in refusal_of(
        url, ca_file=ca_file
    )
    mine = authority.issue_cert("me@example.com")
    mine.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    mine.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    pair = {"client_cert": str(tmp_path / "cert.pem"), "client_key": str(tmp_path / "key.pem")}
    with Client(url, "t", network=Network(ca_file=ca_file, **pair)) as client:
        client.check()
    strange = trustme.CA().issue_cert("me@example.com")
    strange.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "strange.pem"))
    path = str(tmp_path / "strange.pem")
    assert f"it does not accept the certificate in {path}" in refusal_of(
        url, ca_file=ca_file, client_cert=path
    )


@pytest.mark.parametrize(
    ("option", "content", "sentence"),
    [
        ("ca_file", None, "cannot be read: No such file"),
        ("ca_file", "no certificate", "holds no certificates in PEM form ('ca_file')"),
        ("client_cert", None, "cannot be read: No such file"),
        ("client_cert", "no certificate", "no certificate and its private key in PEM form"),
    ],
)
def test_files_that_are_no_certificates_are_named(
    tmp_path: Path, option: str, content: str | None, sentence: str
) -> None:
    """One sentence names the file and the setting; nothing is sent."""
    path = tmp_path / "x.pem"
    if content is not None:
        path.write_text(content)
    with (
        Client("https://127.0.0.1:9", "t", network=Network(**{option: str(path)})) as client,
        pytest.raises(ConfigError) as caught,
    ):
        client.check()
    assert str(path) in str(caught.value)
    assert sentence in str(caught.value)


def test_a_key_with_a_passphrase_asks_nobody(authority: trustme.CA, tmp_path: Path) -> None:
    """OpenSSL would ask on a terminal that a kernel does not have."""
    from cryptography.hazmat.primitives import serialization

    mine = authority.issue_cert("me@example.com")
    key = serialization.load_pem_private_key(mine.private_key_pem.bytes(), None)
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"word"),
    )
    path = tmp_path / "locked.pem"
    path.write_bytes(locked + mine.cert_chain_pems[0].bytes())
    network = Network(client_cert=str(path))
    with (
        Client("https://127.0.0.1:9", "t", network=network) as client,
        pytest.raises(ConfigError, match="has a passphrase"),
    ):
        client.check()


class Proxy:
    """A proxy that leads every address to one port, and notes what it was asked."""

    def __init__(self, port: int) -> None:
        self.asked: list[str] = []
        self.logins: list[str | None] = []
        noted = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                """Fetch from the one port; the rest of the connection is passed through."""
                noted.note(self)
                path = "/" + self.path.split("/", 3)[3]
                head = f"GET {path} HTTP/1.1\r\n{self.headers}\r\n".encode()
                relay(self.connection, port, head)
                self.close_connection = True

            def do_CONNECT(self) -> None:
                """Open a tunnel."""
                noted.note(self)
                self.send_response(200)
                self.end_headers()
                relay(self.connection, port)
                self.close_connection = True

            def log_message(self, *_: object) -> None:
                """Stay silent."""

        self.handler = Handler

    def note(self, request: BaseHTTPRequestHandler) -> None:
        """Note a request."""
        self.asked.append(f"{request.command} {request.path.split('?')[0]}")
        self.logins.append(request.headers["Proxy-Authorization"])


def relay(client: socket.socket, port: int, head: bytes = b"") -> None:
    """Pass bytes to and fro until one side closes."""
    with socket.create_connection(("127.0.0.1", port)) as server:
        server.sendall(head)
        ways = {client: server, server: client}
        while True:
            for ready in select.select(list(ways), [], [], 10)[0]:
                if not (chunk := ready.recv(65536)):
                    return
                ways[ready].sendall(chunk)


def test_a_proxy_leads_to_the_server(serving: Any) -> None:
    """The proxy is asked for the server's name, which nobody else could resolve."""
    proxy = Proxy(serving())
    network = Network(proxy=f"http://me:word@127.0.0.1:{serving(proxy.handler)}")
    with Client("http://flows.test", "t", network=network) as client:
        client.check()
    assert proxy.asked == ["GET http://flows.test/api/v1/jobs/list"]
    assert proxy.logins == ["Basic bWU6d29yZA=="]
    assert "word" not in repr(client.connection)


def test_tls_goes_through_the_tunnel_of_a_proxy(
    serving: Any, authority: trustme.CA, ca_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTPS_PROXY is obeyed, and the certificate is checked for the server behind it."""
    proxy = Proxy(serving(context=served_by(authority, "flows.test")))
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{serving(proxy.handler)}")
    with Client("https://flows.test", "t", network=Network(ca_file=ca_file)) as client:
        client.check()
    assert proxy.asked == ["CONNECT flows.test:443"]


def test_a_wrong_token_is_refused_behind_a_proxy(serving: Any) -> None:
    """An answer that comes through a proxy is the server's own."""
    proxy = Proxy(serving())
    network = Network(proxy=f"127.0.0.1:{serving(proxy.handler)}")
    with (
        Client("http://flows.test", "wrong", network=network) as client,
        pytest.raises(AuthenticationFailed),
    ):
        client.check()


def test_a_proxy_that_is_not_there_is_named(
    closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence tells the proxy and the variable that names it."""
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port}")
    sentence = refusal_of("http://flows.test")
    way = f"by way of the proxy http://127.0.0.1:{closed_port} (the variable http_proxy)"
    assert way in sentence


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("https://flows.example.com", "http://p:3128"),
        ("https://flows.intern.example.com", "none"),
        ("https://127.0.0.1:8000", "none"),
        ("http://localhost:8000", "none"),
        ("http://flows.example.com", "none"),
    ],
)
def test_the_environment_leads_past_the_proxy(
    url: str, proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NO_PROXY is obeyed, and this machine is never asked for through a proxy."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", "p:3128")
    monkeypatch.setenv("no_proxy", ".intern.example.com")
    assert str(proxy_to(url, Network()).value) == proxy


def test_a_proxy_that_is_given_beats_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it is the word for no proxy at all."""
    monkeypatch.setenv("HTTPS_PROXY", "http://p:3128")
    for given in ("http://q:1", "none"):
        network = Network(proxy=given)
        assert str(proxy_to("https://flows.example.com", network).value) == given


def test_no_answer_in_time_is_told(serving: Any) -> None:
    """A server that accepts and says nothing holds nobody up."""
    silent = threading.Event()

    class Silent(Answering):
        def do_GET(self) -> None:
            silent.wait(20)

    url = f"http://127.0.0.1:{serving(Silent)}"
    sentence = refusal_of(url, connect_timeout=0.3)
    silent.set()
    assert sentence.startswith(f"No answer from {url} within 0.3 s; ")
