"""Filesystem API v2, over HTTP."""

from __future__ import annotations

import http.client
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FILES = "/api/v2/files"


def listing(api: httpx.Client, path: str, token: str = "") -> dict[str, Any]:
    """List a folder."""
    query = {"expect-node-type": "folder"} | ({"start-token": token} if token else {})
    reply = api.get(f"{FILES}/{path}", params=query)
    assert reply.status_code == 200
    return dict(reply.json())


def no_rests(folder: Path) -> bool:
    """Tell whether no temporary file was left behind."""
    return not list(folder.rglob(".ibflow-*"))


def test_create_makes_a_folder_with_its_parents(api: httpx.Client, space: str, root: Path) -> None:
    """POST on a parent makes a folder and answers 201 and where it is."""
    reply = api.post(f"{FILES}/{space}", json={"name": "new", "node_type": "folder"})
    assert reply.status_code == 201
    assert reply.headers["location"] == f"{FILES}/{space}/new".replace(" ", "%20")
    assert (root / space / "new").is_dir()


@pytest.mark.parametrize("top", ["", "/"])
def test_an_empty_parent_is_the_top_of_the_drive(api: httpx.Client, top: str, root: Path) -> None:
    """POST on no path at all makes a node at the top."""
    name = f"top{len(top)}"
    reply = api.post(f"{FILES}{top}", json={"name": name, "node_type": "folder"})
    assert reply.status_code == 201
    assert (root / name).is_dir()


def test_create_makes_an_empty_file_and_leaves_an_existing_one(
    api: httpx.Client, folder: Path, space: str
) -> None:
    """A file is created once; a second time it is refused and keeps its content."""
    body = {"name": "f.txt", "node_type": "file"}
    assert api.post(f"{FILES}/{space}", json=body).status_code == 201
    (folder / "f.txt").write_text("content")
    reply = api.post(f"{FILES}/{space}", json=body)
    assert reply.status_code == 400
    assert "exists already" in reply.json()["message"]
    assert (folder / "f.txt").read_text() == "content"


@pytest.mark.parametrize("name", ["..", "a/b", "", ".", "/"])
def test_create_refuses_what_is_no_name(
    api: httpx.Client, folder: Path, space: str, name: str
) -> None:
    """A name that would lead elsewhere is refused."""
    reply = api.post(f"{FILES}/{space}", json={"name": name, "node_type": "folder"})
    assert reply.status_code == 400


def test_create_names_the_wrong_key(api: httpx.Client, space: str) -> None:
    """A wrong node type is answered with 400 and a sentence."""
    reply = api.post(f"{FILES}/{space}", json={"name": "x", "node_type": "link"})
    assert reply.status_code == 400
    assert "node_type" in reply.json()["message"]


def test_put_writes_and_overwrites(api: httpx.Client, space: str, root: Path) -> None:
    """PUT answers 204 without a body, makes parents, replaces what is there."""
    for content in (b"one", b"two"):
        reply = api.put(f"{FILES}/{space}/deep/er/f.bin", content=content)
        assert (reply.status_code, reply.content) == (204, b"")
        assert (root / space / "deep/er/f.bin").read_bytes() == content


def test_put_with_if_none_match_refuses_to_overwrite(
    api: httpx.Client, folder: Path, space: str
) -> None:
    """The first PUT answers 201 and Location, the second 412 and changes nothing."""
    header = {"If-None-Match": "*"}
    first = api.put(f"{FILES}/{space}/new.txt", content=b"first", headers=header)
    assert first.status_code == 201
    assert first.headers["location"].endswith("/new.txt")
    second = api.put(f"{FILES}/{space}/new.txt", content=b"second", headers=header)
    assert second.status_code == 412
    assert "exists already" in second.json()["message"]
    assert (folder / "new.txt").read_bytes() == b"first"
    assert no_rests(folder)


def test_of_several_exclusive_writes_one_wins(api: httpx.Client, folder: Path, space: str) -> None:
    """Writes with If-None-Match at the same time: one 201, the others 412."""
    codes: list[int] = []

    def put(number: int) -> None:
        reply = api.put(
            f"{FILES}/{space}/one", content=b"%d" % number, headers={"If-None-Match": "*"}
        )
        codes.append(reply.status_code)

    threads = [threading.Thread(target=put, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [201] + [412] * 7


def test_put_below_a_file_is_refused(api: httpx.Client, folder: Path, space: str) -> None:
    """A parent that is a file gives 400 and a sentence."""
    (folder / "file").write_text("x")
    reply = api.put(f"{FILES}/{space}/file/below", content=b"x")
    assert reply.status_code == 400
    assert "is a file" in reply.json()["message"]
    assert (folder / "file").read_text() == "x"


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_folder_is_not_overwritten_by_a_file(
    api: httpx.Client, folder: Path, space: str, method: str
) -> None:
    """Writing to the path of a folder gives 400."""
    reply = api.request(method, f"{FILES}/{space}", content=b"x", headers={"IB-Cursor": "0"})
    assert reply.status_code == 400
    assert "is a folder" in reply.json()["message"]


def test_a_body_cut_off_leaves_the_file_as_it_was(
    api: httpx.Client, folder: Path, space: str, until: Any
) -> None:
    """When the sender goes away in the middle, the old content stays and nothing is left over."""
    (folder / "f").write_bytes(b"old")

    def body() -> Iterator[bytes]:
        yield b"x" * 2_000_000
        raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        api.put(f"{FILES}/{space}/f", content=body())
    assert api.put(f"{FILES}/{space}/other", content=b"").status_code == 204
    until(lambda: no_rests(folder))
    assert (folder / "f").read_bytes() == b"old"


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_beyond_the_limit_is_refused(
    api: httpx.Client, folder: Path, space: str, declared: bool
) -> None:
    """A body larger than allowed gives 413, whether its length was declared or not."""
    content = b"x" * (9 * 1024**2)
    body = content if declared else iter([content])
    reply = api.put(f"{FILES}/{space}/big", content=body)
    assert reply.status_code == 413
    assert "too large" in reply.json()["message"]
    assert not (folder / "big").exists()
    assert no_rests(folder)


def test_patch_writes_chunks(api: httpx.Client, folder: Path, space: str) -> None:
    """Cursor 0 starts the file, -1 and the exact size append, 0 starts it anew."""
    url = f"{FILES}/{space}/chunks"
    for cursor, chunk, content in [
        ("0", b"aa", b"aa"),
        ("-1", b"bb", b"aabb"),
        ("4", b"cc", b"aabbcc"),
        ("0", b"new", b"new"),
    ]:
        reply = api.patch(url, content=chunk, headers={"IB-Cursor": cursor})
        assert reply.status_code == 204
        assert (folder / "chunks").read_bytes() == content


def test_patch_at_the_end_creates_the_file(api: httpx.Client, space: str, root: Path) -> None:
    """An append to nothing makes the file and its parents."""
    reply = api.patch(f"{FILES}/{space}/x/y", content=b"z", headers={"IB-Cursor": "-1"})
    assert reply.status_code == 204
    assert (root / space / "x/y").read_bytes() == b"z"


@pytest.mark.parametrize("headers", [{}, {"IB-Cursor": "7"}, {"IB-Cursor": "x"}])
def test_patch_with_a_wrong_cursor_changes_nothing(
    api: httpx.Client, folder: Path, space: str, headers: dict[str, str]
) -> None:
    """No cursor, one that is not the end, or none at all: 400, and the file stays."""
    (folder / "f").write_bytes(b"abc")
    reply = api.patch(f"{FILES}/{space}/f", content=b"x", headers=headers)
    assert reply.status_code == 400
    assert "cursor" in reply.json()["message"].lower()
    assert (folder / "f").read_bytes() == b"abc"


def test_get_sends_the_bytes(api: httpx.Client, folder: Path, space: str) -> None:
    """A file comes as octets with its length."""
    content = os.urandom(2_500_000)
    (folder / "f.bin").write_bytes(content)
    reply = api.get(f"{FILES}/{space}/f.bin", params={"expect-node-type": "file"})
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "application/octet-stream"
    assert reply.headers["content-length"] == "2500000"
    assert reply.content == content


@pytest.mark.parametrize(
    ("wanted", "content", "span"),
    [
        ("bytes=0-3", b"0123", "bytes 0-3/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-2", b"89", "bytes 8-9/10"),
        ("bytes=5-999", b"56789", "bytes 5-9/10"),
        ("bytes=-99", b"0123456789", "bytes 0-9/10"),
    ],
)
def test_get_sends_a_range(
    api: httpx.Client, folder: Path, space: str, wanted: str, content: bytes, span: str
) -> None:
    """A range comes as 206 with Content-Range, both ends included."""
    (folder / "f").write_bytes(b"0123456789")
    reply = api.get(f"{FILES}/{space}/f?expect-node-type=file", headers={"Range": wanted})
    assert reply.status_code == 206
    assert (reply.content, reply.headers["content-range"]) == (content, span)
    assert reply.headers["content-length"] == str(len(content))


@pytest.mark.parametrize("wanted", ["bytes=5-2", "lines=1-2", "bytes=0-1,4-5", "bytes=-"])
def test_a_range_that_is_none_is_passed_over(
    api: httpx.Client, folder: Path, space: str, wanted: str
) -> None:
    """A header that asks for no single range gets the whole file."""
    (folder / "f").write_bytes(b"0123456789")
    reply = api.get(f"{FILES}/{space}/f?expect-node-type=file", headers={"Range": wanted})
    assert (reply.status_code, reply.content) == (200, b"0123456789")


def test_a_range_behind_the_end_is_refused(api: httpx.Client, folder: Path, space: str) -> None:
    """A range that begins behind the end gives 416 and the size."""
    (folder / "f").write_bytes(b"0123456789")
    reply = api.get(f"{FILES}/{space}/f?expect-node-type=file", headers={"Range": "bytes=10-"})
    assert reply.status_code == 416
    assert reply.headers["content-range"] == "bytes */10"
    assert "10 bytes" in reply.json()["message"]


def test_an_empty_file_is_read(api: httpx.Client, folder: Path, space: str) -> None:
    """A file without bytes gives 200 and nothing."""
    (folder / "f").touch()
    reply = api.get(f"{FILES}/{space}/f?expect-node-type=file")
    assert (reply.status_code, reply.content) == (200, b"")


def test_reading_needs_the_node_type(api: httpx.Client, folder: Path, space: str) -> None:
    """Without expect-node-type: 400 and a sentence that names the key."""
    reply = api.get(f"{FILES}/{space}")
    assert reply.status_code == 400
    assert "expect-node-type" in reply.json()["message"]


@pytest.mark.parametrize(("path", "kind"), [("", "file"), ("/f", "folder")])
def test_a_node_of_the_other_type_is_refused(
    api: httpx.Client, folder: Path, space: str, path: str, kind: str
) -> None:
    """A folder read as a file, or a file listed, gives 412."""
    (folder / "f").touch()
    reply = api.get(f"{FILES}/{space}{path}", params={"expect-node-type": kind})
    assert reply.status_code == 412
    assert "not a" in reply.json()["message"]


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_is_absent_is_not_found(api: httpx.Client, space: str, kind: str) -> None:
    """Nothing there: 404 with a message."""
    reply = api.get(f"{FILES}/{space}/nothing", params={"expect-node-type": kind})
    assert reply.status_code == 404
    assert "nothing" in reply.json()["message"]


def test_a_listing_tells_of_each_node(api: httpx.Client, folder: Path, space: str) -> None:
    """Nodes come by name, with kind, size, time and permissions; all three keys are there."""
    (folder / "b.txt").write_bytes(b"abc")
    os.utime(folder / "b.txt", (1_700_000_000, 1_700_000_000))
    (folder / "a").mkdir()
    reply = listing(api, space)
    assert reply["has_more"] is False
    assert reply["next_page_token"] == ""
    assert [node["name"] for node in reply["nodes"]] == ["a", "b.txt"]
    assert reply["nodes"][1] == {
        "name": "b.txt",
        "full_path": f"{space}/b.txt",
        "metadata": {"node_type": "file", "size": 3, "modified_timestamp": 1_700_000_000},
        "perms": {"can_read": True, "can_write": True, "can_delete": True},
    }


def test_a_long_listing_comes_in_pages(api: httpx.Client, folder: Path, space: str) -> None:
    """Following next_page_token gives every node once, in order."""
    names = [f"f{number:04}" for number in range(1203)]
    for name in names:
        (folder / name).touch()
    found, token, pages = [], "", 0
    while pages == 0 or token:
        page = listing(api, space, token)
        found += [node["name"] for node in page["nodes"]]
        token, pages = page["next_page_token"], pages + 1
        assert page["has_more"] is bool(token)
    assert (found, pages) == (names, 3)


def test_a_start_token_of_somebody_else_is_refused(
    api: httpx.Client, folder: Path, space: str
) -> None:
    """A token that no listing gave is a 400, not an empty page."""
    reply = api.get(f"{FILES}/{space}?expect-node-type=folder&start-token=!!!")
    assert reply.status_code == 400


def test_a_listing_leaves_out_what_is_not_on_the_drive(
    api: httpx.Client, folder: Path, space: str, root: Path
) -> None:
    """Temporary files, links out of the root and the state folder are not listed."""
    (folder / "out").symlink_to("/etc")
    (folder / "broken").symlink_to(folder / "nowhere")
    (folder / ".ibflow-123").touch()
    (folder / "f").touch()
    assert [node["name"] for node in listing(api, space)["nodes"]] == ["f"]
    assert ".ibflow" not in [node["name"] for node in listing(api, "")["nodes"]]


def test_head_tells_files_from_folders(api: httpx.Client, folder: Path, space: str) -> None:
    """HEAD gives octets with a length for files, JSON without one for folders, else 404."""
    (folder / "f").write_bytes(b"abc")
    file, parent = api.head(f"{FILES}/{space}/f"), api.head(f"{FILES}/{space}")
    assert (file.status_code, file.headers["content-length"]) == (200, "3")
    assert file.headers["content-type"] == "application/octet-stream"
    assert "last-modified" in file.headers
    assert (parent.status_code, parent.headers["content-type"]) == (200, "application/json")
    assert "content-length" not in parent.headers
    assert api.head(f"{FILES}/{space}/none").status_code == 404


def test_head_waits_for_a_path_to_appear(api: httpx.Client, folder: Path, space: str) -> None:
    """With IB-Retry-Config a path that comes a little later is found."""
    timer = threading.Timer(0.2, (folder / "late").touch)
    timer.start()
    header = {"IB-Retry-Config": json.dumps({"retries": 500, "backoff-seconds": 0.02})}
    assert api.head(f"{FILES}/{space}/late", headers=header).status_code == 200
    timer.join()


def test_delete_answers_the_same_whether_or_not_something_is_there(
    api: httpx.Client, folder: Path, space: str
) -> None:
    """Files and folders go away; 202 and a job address always."""
    (folder / "d").mkdir()
    (folder / "d" / "f").touch()
    for _ in range(2):
        reply = api.delete(f"{FILES}/{space}/d")
        assert reply.status_code == 202
        assert api.get(reply.headers["location"]).json()["state"] == "COMPLETE"
    assert not (folder / "d").exists()


def test_the_drive_itself_cannot_be_deleted(api: httpx.Client, root: Path) -> None:
    """DELETE without a path is refused."""
    assert api.delete(f"{FILES}/").status_code == 400
    assert root.is_dir()


def test_deleting_a_link_leaves_its_target(api: httpx.Client, folder: Path, space: str) -> None:
    """A link within the drive goes away, not what it leads to."""
    (folder / "d").mkdir()
    (folder / "link").symlink_to(folder / "d")
    assert api.delete(f"{FILES}/{space}/link").status_code == 202
    assert (folder / "d").is_dir()
    assert not (folder / "link").is_symlink()


@pytest.mark.parametrize(
    "path", ["../outside", "%2e%2e/outside", "a/..%2f..%2foutside", ".ibflow/token", "a%00b"]
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "PATCH"])
def test_no_url_leads_out_of_the_drive(
    api: httpx.Client, method: str, path: str, root: Path
) -> None:
    """Traversal in a URL, sent as it stands, is refused by every verb."""
    connection = http.client.HTTPConnection(api.base_url.host, api.base_url.port)
    headers = {"Authorization": "Bearer a-token-for-tests", "IB-Cursor": "0"}
    connection.request(method, f"{FILES}/{path}?expect-node-type=file", body=b"", headers=headers)
    assert connection.getresponse().status == 400
    connection.close()
    assert not (root.parent / "outside").exists()


ODD_PATHS = ["a", "a/b", "f", "..", ".", "../x", ".ibflow/token", "%2e%2e/x", "\0", "é", "x%20y"]
ODD = st.sampled_from([*ODD_PATHS, "//", "a/../b", "\ud800"]) | st.text(max_size=8)
BODIES = st.recursive(
    st.none() | st.booleans() | st.integers() | ODD, lambda inner: st.lists(inner, max_size=2)
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    verb=st.sampled_from(["copy", "move", "extract", ""]),
    body=st.dictionaries(st.sampled_from(["src_path", "dst_path", "name", "node_type"]), BODIES)
    | st.fixed_dictionaries({"src_path": ODD, "dst_path": ODD})
    | st.fixed_dictionaries({"name": ODD, "node_type": st.sampled_from(["file", "folder"])}),
)
def test_no_body_breaks_the_files_api(client: httpx.Client, verb: str, body: object) -> None:
    """Whatever a body holds, the answer is done or refused with a message, never a failure."""
    reply = client.post(f"{FILES}/{verb}", content=json.dumps(body))
    assert reply.status_code in {201, 202, 400, 404, 412}, reply.text
    assert reply.status_code < 400 or reply.json()["message"].endswith(".")
