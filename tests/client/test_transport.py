"""Sending requests: repeats, errors as sentences, secrets."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
import traceback
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import httpx
import pytest

from ibflow_nb.api.errors import (
    ApiError,
    AuthenticationFailed,
    BadReply,
    ConnectionFailed,
    IbflowError,
)
from ibflow_nb.client import Client
from ibflow_nb.client.transport import ATTEMPTS
from ibflow_nb.jobs.background import background

TOKEN = "secret-token-93c1"
LIST = {"status": "OK", "jobs": []}
SUBMITTED = {"status": "OK", "data": {"job_id": "j", "output_folder": "o"}}


class Script:
    """Answers requests from a list of responses and exceptions; the last one stays."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Give the next answer."""
        self.requests.append(request)
        answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, dict):
            return httpx.Response(200, json=answer)
        return httpx.Response(**vars(answer)) if isinstance(answer, Raw) else answer


class Raw:
    """What a response is made of."""

    def __init__(self, status_code: int, **parts: Any) -> None:
        self.status_code = status_code
        self.__dict__.update(parts)


def test_token_and_context_are_sent(connected: Any) -> None:
    """Each request carries both headers, and calls live under /api/v1."""
    script = Script(LIST)
    connected(script, context="my-org").jobs.list()
    request = script.requests[0]
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert request.headers["IB-Context"] == "my-org"
    assert request.url.path == "/api/v1/jobs/list"


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_safe_calls_are_repeated(connected: Any, status: int) -> None:
    """A server that is busy is asked again, later and later."""
    script = Script(Raw(status), Raw(status), LIST)
    client = connected(script)
    assert client.jobs.list() == []
    assert len(script.requests) == 3


def test_retry_after_is_obeyed(connected: Any, clock: Any) -> None:
    """The wait is as long as the server says."""
    connected(Script(Raw(503, headers={"Retry-After": "17"}), LIST)).jobs.list()
    assert clock.slept == [17.0]


def test_a_very_long_retry_after_is_told_at_once(connected: Any, clock: Any) -> None:
    """Nobody waits an hour without knowing."""
    script = Script(Raw(429, headers={"Retry-After": "3600"}))
    with pytest.raises(ApiError) as caught:
        connected(script).jobs.list()
    assert caught.value.retry_after == 3600
    assert clock.slept == []


def test_repeats_have_an_end(connected: Any) -> None:
    """After some attempts the last error is told."""
    script = Script(Raw(503))
    with pytest.raises(ApiError, match=r"^job_list: the server answered HTTP 503\.$"):
        connected(script).jobs.list()
    assert len(script.requests) == ATTEMPTS


@pytest.mark.parametrize("broken", [httpx.ReadError("reset"), httpx.ReadTimeout("slow")])
def test_broken_connections_are_repeated_where_safe(connected: Any, broken: Exception) -> None:
    """A list may be asked for twice."""
    script = Script(broken, LIST)
    connected(script).jobs.list()
    assert len(script.requests) == 2


@pytest.mark.parametrize(
    "broken", [httpx.ReadError("reset"), httpx.ReadTimeout("slow"), Raw(503), Raw(502)]
)
def test_submissions_are_not_resent_blindly(connected: Any, broken: Any) -> None:
    """A run that may have started is not started again."""
    script = Script(broken, SUBMITTED)
    with pytest.raises(IbflowError):
        connected(script).flows.run("f.ibflow", "in")
    assert len(script.requests) == 1


def test_a_broken_submission_says_what_may_have_happened(connected: Any) -> None:
    """The sentence warns of a run that may go on."""
    with pytest.raises(ConnectionFailed, match="may have been carried out, look before you send"):
        connected(Script(httpx.ReadError("reset"))).flows.run("f.ibflow", "in")


def test_submissions_that_did_not_arrive_are_resent(connected: Any) -> None:
    """A refused connection carried nothing."""
    script = Script(httpx.ConnectError("refused"), httpx.ConnectTimeout("slow"), SUBMITTED)
    client = connected(script)
    assert client.flows.run("f.ibflow", "in").id == "j"
    assert [r.url.path for r in script.requests][:3] == ["/api/v1/flow/run_flow_async"] * 3


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_says_what_to_do(connected: Any, status: int) -> None:
    """It need not come from a variable; the server's reason is repeated, the token is not."""
    body = {"status": "ERROR", "msg": f"token {TOKEN} has expired"}
    with pytest.raises(
        AuthenticationFailed, match="connect again with a valid token and"
    ) as caught:
        connected(Script(Raw(status, json=body))).jobs.list()
    assert "token *** has expired" in str(caught.value)
    assert TOKEN not in caught.value.full_traceback()


def test_v1_errors_are_errors(connected: Any) -> None:
    """HTTP 200 with status ERROR is the server's refusal in its own words."""
    script = Script({"status": "ERROR", "msg": "The flow does not exist."})
    with pytest.raises(ApiError, match=r"^run_flow_async: The flow does not exist\.$"):
        connected(script).flows.run("f.ibflow", "in")


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (Raw(200, html="<html>Log in</html>"), "answered with a web page instead of JSON"),
        (Raw(200, text="<!DOCTYPE html><p>"), "answered with a web page instead of JSON"),
        (Raw(200, content=b""), "answered with an empty body"),
        (Raw(200, content=b'{"status": "OK", "jo'), "is no valid JSON"),
        (Raw(200, json={"status": "OK"}), "the required key 'jobs' is missing"),
        (Raw(200, json=[1]), "another shape"),
        (Raw(302, headers={"Location": "https://login.test"}), "redirects to https://login.test"),
    ],
)
def test_answers_that_are_none_are_told_apart(connected: Any, answer: Raw, sentence: str) -> None:
    """Each kind of nonsense has its sentence."""
    with pytest.raises(BadReply, match=sentence):
        connected(Script(answer)).jobs.list()


def test_a_server_error_repeats_its_reason(connected: Any) -> None:
    """A v2 error body and plain text are shown, a web page is not."""
    with pytest.raises(ApiError, match=r"HTTP 500 \(disk full\)"):
        connected(Script(Raw(500, json={"message": "disk full."}))).jobs.list()
    with pytest.raises(ApiError, match=r"HTTP 500 \(Boom\)"):
        connected(Script(Raw(500, text="Boom"))).jobs.list()
    with pytest.raises(ApiError, match=r"HTTP 500 \(a web page, not the API\)"):
        connected(Script(Raw(500, html="<html><body>x</body></html>"))).jobs.list()


def test_nobody_listening_is_one_sentence(closed_port: int, clock: Any) -> None:
    """A refused connection names the address."""
    client = Client(f"http://127.0.0.1:{closed_port}", TOKEN, clock=clock)
    with pytest.raises(ConnectionFailed, match=f"no server answers at .*:{closed_port}") as caught:
        client.jobs.list()
    assert len(caught.value._render_traceback_()) == 1
    assert TOKEN not in repr(client) + caught.value.full_traceback()


def test_no_tls_where_it_is_expected_is_one_sentence(serve: Any, clock: Any) -> None:
    """A plain server at an https address is told as such, without repeats."""
    url = serve(lambda handler: None).replace("http:", "https:")
    with pytest.raises(ConnectionFailed, match="no secure connection to https"):
        Client(url, TOKEN, clock=clock).jobs.list()
    assert clock.slept == []


@pytest.fixture
def faulty() -> Iterator[Any]:
    """Give a server that spoils its first connections with raw bytes, then resets them."""
    listener = socket.create_server(("127.0.0.1", 0))
    hits: list[bytes] = []

    def start(*spoils: bytes) -> str:
        def work() -> None:
            for spoil in spoils:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                hits.append(connection.recv(65536))
                connection.sendall(spoil)
                linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                connection.close()

        threading.Thread(target=work, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    start.hits = hits  # type: ignore[attr-defined]
    yield start
    listener.close()
    background.stop()


GOOD = b'HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\n{"status":"OK","jobs":[]  }'
HALF = b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"status":"OK","jo'


def test_half_replies_and_resets_are_repeated(faulty: Any, clock: Any) -> None:
    """Over a real socket: cut off, reset, nonsense, then good."""
    url = faulty(HALF, b"", b"nonsense\r\n\r\n", GOOD)
    assert Client(url, TOKEN, clock=clock).jobs.list() == []
    assert len(faulty.hits) == 4


def test_half_a_reply_to_a_submission_is_not_resent(faulty: Any, clock: Any) -> None:
    """Over a real socket: the server may have taken it."""
    client = Client(faulty(HALF, GOOD), TOKEN, clock=clock)
    with pytest.raises(ConnectionFailed, match="broke"):
        client.flows.run("f.ibflow", "in")
    assert len(faulty.hits) == 1


def test_a_slow_server_is_interruptible(serve: Any) -> None:
    """A call that hangs can be given up from another thread's cancel at once."""
    arrived, release = threading.Event(), threading.Event()

    def slow(handler: BaseHTTPRequestHandler) -> None:
        arrived.set()
        release.wait(60)
        handler.close_connection = True

    client = Client(serve(slow), TOKEN)
    future = background.submit(client.jobs.list.aio())
    assert arrived.wait(60)
    begin = time.monotonic()
    assert future.cancel()
    background.stop()
    assert time.monotonic() - begin < 5
    release.set()


def test_a_client_survives_a_stop_of_the_thread(serve: Any) -> None:
    """After the extension was unloaded, the same client connects anew."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        body = json.dumps(LIST).encode()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    client = Client(serve(answer), TOKEN)
    assert client.jobs.list() == []
    background.stop()
    assert client.jobs.list() == []


def test_nothing_of_the_client_stays_after_a_stop(serve: Any) -> None:
    """No thread is left, and no connection is left open for a warning to find."""
    before = set(threading.enumerate())
    url = serve(lambda handler: handler.send_error(500))
    with Client(url, TOKEN) as client, pytest.raises(ApiError):
        client.jobs.list()
    background.stop()
    left = {t for t in set(threading.enumerate()) - before if t.name.startswith("ibflow")}
    assert left == set()


def test_no_log_and_no_traceback_holds_the_token(
    connected: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """At the most talkative log level, and with every local variable shown."""
    caplog.set_level(logging.DEBUG)
    client = connected(Script(httpx.ReadError("reset")))
    with pytest.raises(ConnectionFailed) as caught:
        client.jobs.list()
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert TOKEN not in "".join(shown.format())
    assert TOKEN not in caplog.text
