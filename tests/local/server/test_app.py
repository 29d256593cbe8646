"""Who may call, how errors look, where calls are served."""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from ibflow_nb.api.endpoints import COMPILE, ENDPOINTS, RUN_FLOW
from ibflow_nb.api.flow import RunFlow
from ibflow_nb.local.engine.descriptions import describe_steps
from ibflow_nb.local.server import guard
from ibflow_nb.local.server.app import FAMILIES, addresses, collect_handlers
from ibflow_nb.local.server.handlers import Handlers
from ibflow_nb.local.server.log import log_to_file

RUN = {"ibflow_path": "a/f.ibflow", "input_dir": "a/in"}


def test_every_call_of_the_table_has_a_handler() -> None:
    """The table and the handlers match, both ways."""
    assert set(collect_handlers(FAMILIES)) == set(ENDPOINTS)


def test_a_table_without_a_handler_does_not_start() -> None:
    """A forgotten call is named when the server is built."""
    with pytest.raises(RuntimeError, match="run_flow_async"):
        collect_handlers((Handlers(),))


@pytest.mark.parametrize("prefix", ["", "/api/v1"])
def test_v1_calls_are_served_bare_and_rooted(api: httpx.Client, prefix: str) -> None:
    """Both addresses answer the same."""
    reply = api.post(f"{prefix}/flow/run_flow_async", json=RUN)
    assert reply.status_code == 200
    assert reply.json() == {"status": "OK", "data": {"job_id": "job-1", "output_folder": "a/out"}}


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_json_is_read_whatever_its_content_type(
    api: httpx.Client, content_type: str, asked: list[Any]
) -> None:
    """Clients send JSON without saying so."""
    headers = {"Content-Type": content_type} if content_type else {}
    reply = api.post("/flow/run_flow_async", content=json.dumps(RUN), headers=headers)
    assert reply.json()["status"] == "OK"
    assert isinstance(asked[-1], RunFlow)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"input_dir": "a"}', "'ibflow_path' is missing"),
        (b'{"ibflow_path": 5, "input_dir": "a"}', "'ibflow_path' must be a string"),
        (b"{", "not valid JSON"),
        (b"[]", "must be a JSON object"),
        (b"\xff\xfe", "not valid JSON"),
    ],
)
def test_a_wrong_v1_body_is_told_in_one_sentence(api: httpx.Client, body: bytes, said: str) -> None:
    """HTTP 200 with status ERROR and a message that names the key."""
    reply = api.post("/api/v1/flow/run_flow_async", content=body)
    assert reply.status_code == 200
    assert reply.json()["status"] == "ERROR"
    assert said in reply.json()["msg"]


def test_an_unknown_job_is_an_error_in_the_body(api: httpx.Client) -> None:
    """v1 tells of an unknown id with HTTP 200 and ERROR, v2 with 404."""
    reply = api.get("/api/v1/jobs/status", params={"job_id": "nope", "type": "flow"})
    assert (reply.status_code, reply.json()["status"]) == (200, "ERROR")
    assert "nope" in reply.json()["msg"]
    second = api.get("/api/v2/jobs/nope")
    assert (second.status_code, list(second.json())) == (404, ["message"])


def test_a_jobs_state_in_v2_words(api: httpx.Client) -> None:
    """The v2 address tells state and message."""
    assert api.get("/api/v2/jobs/job-1").json() == {"state": "COMPLETE", "message": "Done."}


def test_the_next_page_is_a_whole_url(api: httpx.Client, asked: list[Any]) -> None:
    """Clients GET next_page as it stands; repeated query keys are joined."""
    reply = api.get("/api/v1/jobs/list", params={"limit": "1", "tags": ["a", "b"]}).json()
    assert reply["next_page"] == str(api.base_url.join("/api/v1/jobs/list?offset=1"))
    assert (asked[-1].limit, asked[-1].tags) == (1, "a,b")


def test_cancel_answers_the_jobs_state(api: httpx.Client, asked: list[Any]) -> None:
    """A job is stopped by id, and its status comes back."""
    reply = api.post("/api/v1/jobs/cancel", json={"job_id": "job-1"})
    assert reply.json()["state"] == "DONE"
    assert asked[-1] == ("cancel", "job-1")


@pytest.mark.parametrize(
    "shown", [None, b"Bearer wrong", b"Basic a-token-for-tests", b"Bearer", b"Bearer \xe4"]
)
@pytest.mark.parametrize(
    ("path", "key"), [("/flow/run_flow_async", "msg"), ("/api/v2/files/a", "message")]
)
def test_a_wrong_token_is_a_401(
    anyone: httpx.Client, shown: bytes | None, path: str, key: str
) -> None:
    """Every call needs the token; the body has the shape of its version."""
    headers = {b"Authorization": shown} if shown is not None else {}
    reply = anyone.post(path, json=RUN, headers=headers)
    assert reply.status_code == 401
    assert "token" in reply.json()[key]
    assert reply.json().get("status", "ERROR") == "ERROR"


def test_tokens_are_compared_in_constant_time(
    anyone: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How long it takes to refuse a token tells nothing of the right one."""
    compared = []

    def compare(left: bytes, right: bytes) -> bool:
        compared.append(left)
        return hmac.compare_digest(left, right)

    monkeypatch.setattr(guard, "hmac", SimpleNamespace(compare_digest=compare))
    for token in ("x", "a-token", "a-token-for-tests-and-more"):
        headers = {"Authorization": f"Bearer {token}"}
        assert anyone.get("/jobs/list", headers=headers).status_code == 401
    assert compared == [b"x", b"a-token", b"a-token-for-tests-and-more"]


def test_health_needs_no_token(anyone: httpx.Client) -> None:
    """Anyone may ask whether the platform is up."""
    assert anyone.get("/api/v1/health").json()["status"] == "OK"


def test_the_context_is_accepted_however_it_is_spelt(api: httpx.Client) -> None:
    """IB-Context does not disturb any call."""
    reply = api.get("/jobs/status?job_id=job-1", headers={"ib-context": "my-org"})
    assert reply.json()["status"] == "OK"


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "",
        "[::1",
        "127.0.0.1/health?",
        "localhost#",
        "a@b",
    ],
)
def test_a_foreign_host_is_refused(api: httpx.Client, host: str) -> None:
    """A name that was rebound to loopback does not reach the platform."""
    reply = api.get("/api/v1/jobs/status?job_id=job-1", headers={"Host": host})
    assert reply.status_code == 403 or (host == "" and reply.status_code == 400)


@pytest.mark.parametrize("host", ["127.0.0.1/health?x=", "127.0.0.1/api/v1/health#"])
def test_a_host_that_holds_a_path_opens_nothing(anyone: httpx.Client, host: str) -> None:
    """The Host header cannot make a call look like one that needs no token."""
    reply = anyone.get("/jobs/status?job_id=job-1", headers={"Host": host})
    assert reply.status_code in {400, 403}


@pytest.mark.parametrize("origin", ["http://evil.example", "null"])
def test_a_page_of_another_origin_is_refused(api: httpx.Client, origin: str) -> None:
    """Web pages cannot call the platform, and no reply allows them to."""
    reply = api.post("/flow/run_flow_async", json=RUN, headers={"Origin": origin})
    assert reply.status_code == 403
    assert not [name for name in reply.headers if name.startswith("access-control")]


def test_the_own_origin_and_localhost_are_fine(api: httpx.Client) -> None:
    """A page of the platform itself, and its other name, may call."""
    port = api.base_url.port
    own = {"Host": f"localhost:{port}", "Origin": f"http://localhost:{port}"}
    assert api.get("/jobs/status?job_id=job-1", headers=own).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "code", "key"),
    [
        ("GET", "/api/v1/nothing", 404, "msg"),
        ("GET", "/nothing", 404, "msg"),
        ("GET", "/api/v2/nothing", 404, "message"),
        ("GET", "/api/v1/flow/run_flow_async", 405, "msg"),
    ],
)
def test_an_unknown_call_is_named(
    api: httpx.Client, method: str, path: str, code: int, key: str
) -> None:
    """A wrong address or method is told in the shape of its version."""
    reply = api.request(method, path)
    assert reply.status_code == code
    assert path in reply.json()[key]


@pytest.fixture
def logged(root: Path) -> Iterator[None]:
    """Log to the platform's file."""
    handler = log_to_file(root / ".ibflow")
    yield
    logging.getLogger().removeHandler(handler)
    handler.close()


@pytest.mark.usefixtures("logged")
def test_an_unforeseen_error_goes_to_the_log_alone(api: httpx.Client, root: Path) -> None:
    """The caller gets one sentence with an error id; the log has the traceback, for its owner."""
    reply = api.post("/flow/run_flow_async", json=RUN | {"ibflow_path": "breaks.ibflow"})
    assert reply.status_code == 500
    message = reply.json()["msg"]
    assert "ZeroDivisionError" not in message
    error_id = message.rstrip(".").rpartition(" ")[2]
    log = (root / ".ibflow" / "server.log").read_text()
    assert error_id in log
    assert "ZeroDivisionError: a fault of the platform" in log
    assert (root / ".ibflow" / "server.log").stat().st_mode & 0o777 == 0o600


def test_a_json_body_beyond_the_limit_is_refused(api: httpx.Client) -> None:
    """JSON is read into memory, so its size is bounded."""
    reply = api.post("/flow/run_flow_async", json=RUN | {"tags": ["x" * 2_000_000]})
    assert reply.status_code == 413
    assert "1,000,000 bytes" in reply.json()["msg"]


def test_the_compile_call_may_carry_its_path_in_the_url() -> None:
    """Clients append the project's path; the address is routed to the same call."""
    assert "/api/v1/flow_binary/compile/{path:path}" in addresses(COMPILE)
    assert "/flow/run_flow_async" in addresses(RUN_FLOW)


def test_the_api_describes_itself(api: httpx.Client) -> None:
    """The OpenAPI document holds every call and resolves all its references."""
    document = api.get("/api/v1/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    operations = [op for item in document["paths"].values() for op in item.values()]
    assert {op["operationId"] for op in operations} == {e.name for e in ENDPOINTS}
    schemas = document["components"]["schemas"]
    references = {
        text.rpartition("/")[2] for text in strings(document) if text.startswith("#/components/")
    }
    assert references <= set(schemas)
    for name in describe_steps():
        assert "kwargs:" in schemas[f"Kwargs_{name}"]["description"]
    status = document["paths"]["/api/v1/jobs/status"]["get"]["parameters"]
    assert [(p["name"], p["required"]) for p in status] == [("job_id", True), ("type", False)]


def strings(value: object) -> Iterator[str]:
    """Yield all strings in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)
