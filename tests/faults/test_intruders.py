"""Who has no token gets nothing, and no path leads out of the drive, over real HTTP."""

from __future__ import annotations

import http.client
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import fields

from ibflow_nb.api.endpoints import ENDPOINTS, Endpoint
from ibflow_nb.local.server.app import addresses

pytestmark = pytest.mark.faults

SECRET = "what lies outside"
SPACE = "local/my-repo/fs/Instabase Drive"
TOKEN = "canary-token-5b1f70"
STRANGERS = {
    "nothing": {},
    "an empty token": {"Authorization": "Bearer "},
    "another token": {"Authorization": "Bearer canary-token-5b1f71"},
    "a part of the token": {"Authorization": "Bearer canary-token-5b1f7"},
    "another scheme": {"Authorization": f"Basic {TOKEN}"},
    "no scheme": {"Authorization": TOKEN},
    "bytes that are no text": {"Authorization": b"Bearer \xff\xfe"},
    "a cookie": {"Cookie": f"token={TOKEN}"},
}
HOSTILE = [
    "..",
    "../outside.txt",
    f"{SPACE}/../../../../../outside.txt",
    "%2e%2e/outside.txt",
    "%252e%252e/outside.txt",
    "..%2foutside.txt",
    "..\\outside.txt",
    "..%5coutside.txt",
    "a\0/../outside.txt",
    "a%00b",
    "/../outside.txt",
    "//../outside.txt",
    "./.././outside.txt",
    "link/outside.txt",
    "link",
    "file-link",
    ".ibflow/platform.json",
    ".IBFLOW/platform.json",
    "%2eibflow/platform.json",
    "./.ibflow/platform.json",
    ".ibflow./platform.json",
    "\uff0e\uff49bflow/platform.json",
    ".ib\u00adflow/platform.json",
    "state-link/platform.json",
    "\uff0e\uff0e/outside.txt",
    "\u2025/outside.txt",
    "..\u2215outside.txt",
]


def send(
    platform: Any, method: str, target: str, body: bytes = b"", **headers: Any
) -> tuple[int, bytes]:
    """Send a request line as it stands; give status and body of the reply."""
    url = platform.client.base_url
    connection = http.client.HTTPConnection(url.host, url.port, timeout=90)
    connection.putrequest(method, target, skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    reply = connection.getresponse()
    content = reply.read()
    connection.close()
    return reply.status, content


def quoted(path: str) -> str:
    """Escape only what cannot stand in a request line at all."""
    return "".join(
        character if "!" <= character <= "~" else "".join(f"%{b:02X}" for b in character.encode())
        for character in path
    )


@pytest.fixture
def outside(standing: Any) -> Path:
    """A file beside the root; links on the drive lead to it, its folder and the state."""
    file: Path = standing.root.parent / "outside.txt"
    file.write_text(SECRET)
    targets = {
        "link": file.parent,
        "file-link": file,
        "state-link": standing.root / ".ibflow",
    }
    for name, target in targets.items():
        if not (standing.root / name).is_symlink():
            (standing.root / name).symlink_to(target)
    return file


def untouched(platform: Any, outside: Path) -> bool:
    """Tell whether nothing outside the drive and nothing of the state has changed."""
    around = {path.name for path in outside.parent.iterdir()}
    announced = json.loads((platform.root / ".ibflow" / "platform.json").read_bytes())
    return (
        outside.read_text() == SECRET
        and around <= {"root", "ready.json", "outside.txt"}
        and announced["pid"] == platform.pid
    )


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_every_call_needs_the_token(standing: Any, endpoint: Endpoint) -> None:
    """Each address of each call refuses every kind of stranger, before it reads anything."""
    for address in addresses(endpoint):
        target = address.replace("{path:path}", "x")
        for who, headers in STRANGERS.items():
            status, content = send(standing, endpoint.method, target, b"{}", **headers)
            assert status == 401, f"{who} at {target}"
            assert TOKEN.encode() not in content


def test_only_health_is_told_to_strangers(standing: Any) -> None:
    """It tells that a platform runs and as which process; all other addresses want the token."""
    for target in ("/health", "/api/v1/health"):
        status, content = send(standing, "GET", target)
        assert (status, set(json.loads(content))) == (200, {"status", "pid"})
    for target in (
        "/",
        "/api/v1/openapi.json",
        "/api/v1/nothing",
        "/docs",
        "/health/x",
        "//health",
    ):
        for method in ("GET", "POST", "HEAD", "OPTIONS", "TRACE"):
            assert send(standing, method, target)[0] == 401, f"{method} {target}"


@pytest.mark.skipif(sys.platform != "linux", reason="sockets are listed in /proc")
def test_only_loopback_is_listened_on(standing: Any) -> None:
    """Nobody on the network can as much as connect."""
    port = f"{standing.client.base_url.port:04X}"
    tables = [Path("/proc/net", name) for name in ("tcp", "tcp6")]
    rows = [line.split() for table in tables for line in table.read_text().splitlines()]
    listening = [row[1] for row in rows if row[3] == "0A"]
    assert [place for place in listening if place.endswith(f":{port}")] == [f"0100007F:{port}"]


@pytest.mark.parametrize(
    "host",
    [
        "evil.test",
        "127.0.0.1.evil.test",
        "localhost.evil.test",
        "evil.test:80",
        "localhost@evil.test",
        "192.168.0.1",
        "[::ffff:192.168.0.1]",
        "",
    ],
)
def test_no_other_host_is_served(standing: Any, host: str) -> None:
    """A name that was rebound to loopback gets nothing, token or not."""
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    for headers in (bearer, {}):
        status, _ = send(standing, "GET", "/api/v1/jobs/list", Host=host, **headers)
        assert status == 403


@pytest.mark.parametrize(
    "origin", ["null", "https://evil.test", "http://127.0.0.1.evil.test", "file://", ""]
)
def test_no_other_page_may_call(standing: Any, origin: str) -> None:
    """A page of another origin gets nothing, and no reply invites it."""
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    status, _ = send(standing, "GET", "/api/v1/jobs/list", Origin=origin, **bearer)
    assert status == 403
    reply = standing.client.options("/api/v1/jobs/list", headers={"Origin": origin})
    assert not [name for name in reply.headers if name.startswith("access-control")]


@pytest.mark.parametrize("path", HOSTILE, ids=ascii)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE"])
@pytest.mark.parametrize("family", ["/api/v2/files", "/api/v1/drives", "/drives"])
def test_no_url_leads_out(
    standing: Any, outside: Path, family: str, method: str, path: str
) -> None:
    """Whatever an address holds, nothing outside is read, listed, written or deleted."""
    target = f"{family}/{quoted(path)}?expect-node-type=file&get_content=true"
    headers = {"Authorization": f"Bearer {TOKEN}", "IB-Cursor": "0"}
    status, content = send(standing, method, target, b'{"name": "n"}', **headers)
    assert status < 500
    assert SECRET.encode() not in content
    assert TOKEN.encode() not in content
    assert untouched(standing, outside)


BODY_CALLS = [call for call in ENDPOINTS if call.request and call.method == "POST"]


@pytest.mark.parametrize("endpoint", BODY_CALLS, ids=lambda endpoint: endpoint.name)
def test_no_body_leads_out(standing: Any, outside: Path, endpoint: Endpoint) -> None:
    """A hostile path in any text key of any call reaches nothing outside the drive."""
    assert endpoint.request is not None
    (standing.folder / "in").mkdir(exist_ok=True)
    (standing.folder / "in" / "a.txt").write_text("Total 1.00")
    (standing.folder / "f.ibflow").write_text('{"steps": [{"step_name": "process_files"}]}')
    fine = {
        "ibflow_path": f"{SPACE}/f.ibflow",
        "input_dir": f"{SPACE}/in",
        "src_path": f"{SPACE}/in",
        "dst_path": f"{SPACE}/copy",
    }
    keys = [
        field.encode_name for field in fields(endpoint.request) if field.type in (str, str | None)
    ]
    for key in keys:
        for path in HOSTILE:
            others = {name: value for name, value in fine.items() if name in keys}
            target = endpoint.url.replace("{path}", quoted(SPACE) + "/in")
            body = json.dumps(others | {key: path}).encode()
            status, content = send(standing, "POST", target, body, Authorization=f"Bearer {TOKEN}")
            assert status < 500, f"{key} {path!a}: {content!r}"
            assert SECRET.encode() not in content
            assert TOKEN.encode() not in content
            assert untouched(standing, outside), f"{key} {path!a}"
