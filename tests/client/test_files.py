"""The drive through the client, against the real platform where it can show the behaviour."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from ibflow_nb.api.errors import (
    ApiError,
    AuthenticationFailed,
    BadReply,
    ConfigError,
    ConnectionFailed,
    NotFound,
)
from ibflow_nb.api.files import NodeType
from ibflow_nb.client import Client
from ibflow_nb.client.body import CHUNK

HOME = "local/my-repo/fs/Instabase Drive"
ODD = "a b/ü%20#?&+;='~/100% sure.txt"


@pytest.fixture
def here(platform: Client, request: pytest.FixtureRequest) -> str:
    """A folder of the test's own on the drive."""
    return f"{HOME}/tests/{request.node.name}"


def test_written_is_read_again(platform: Client, here: str) -> None:
    """Bytes come back as they went, whole and in part."""
    platform.files.write(f"{here}/x.bin", b"0123456789")
    assert platform.files.read(f"{here}/x.bin") == b"0123456789"
    assert platform.files.read(f"/{here}/x.bin", start=2, end=5) == b"234"
    assert platform.files.read(f"{here}/x.bin", start=7) == b"789"


def test_chunks_are_appended(platform: Client, here: str) -> None:
    """A file grows chunk by chunk, and begins anew when asked to."""
    platform.files.append(f"{here}/log", b"old", restart=True)
    platform.files.append(f"{here}/log", b"one,", restart=True)
    platform.files.append(f"{here}/log", b"two")
    assert platform.files.read(f"{here}/log") == b"one,two"


def test_odd_names_arrive_as_they_are(platform: Client, here: str) -> None:
    """Blanks, percent signs, umlauts and marks need no quoting by the user."""
    platform.files.write(f"{here}/{ODD}", b"odd")
    assert platform.files.read(f"{here}/{ODD}") == b"odd"
    folder = f"{here}/{ODD}".rsplit("/", 1)[0]
    (node,) = platform.files.list(folder)
    assert (node.name, node.full_path) == ("100% sure.txt", f"{here}/{ODD}")


def test_stat_tells_kind_and_size(platform: Client, here: str) -> None:
    """Files have their size, folders have none; JSON files are files."""
    platform.files.write(f"{here}/x.json", b"{}")
    about = platform.files.stat(f"{here}/x.json")
    assert (about.node_type, about.size) == (NodeType.FILE, 2)
    assert about.modified_timestamp > 1_600_000_000
    assert platform.files.stat(here).node_type is NodeType.FOLDER


@pytest.mark.parametrize("verb", ["read", "stat", "list"])
def test_what_is_missing_is_named(platform: Client, here: str, verb: str) -> None:
    """The error holds the drive path."""
    with pytest.raises(NotFound, match="nothing-here"):
        getattr(platform.files, verb)(f"{here}/nothing-here")


def test_overwriting_can_be_refused(platform: Client, here: str) -> None:
    """A file that is there stays as it was, with status 412."""
    platform.files.write(f"{here}/x", b"one", overwrite=False)
    with pytest.raises(ApiError) as caught:
        platform.files.write(f"{here}/x", b"two", overwrite=False)
    assert caught.value.status_code == 412
    assert platform.files.read(f"{here}/x") == b"one"


def test_folders_are_created_listed_and_deleted(platform: Client, here: str) -> None:
    """Deleting what is not there is no error."""
    platform.files.create_folder(f"{here}/deep/er")
    assert [node.name for node in platform.files.list(f"{here}/deep")] == ["er"]
    platform.files.delete(f"{here}/deep")
    platform.files.delete(f"{here}/deep")
    with pytest.raises(NotFound):
        platform.files.stat(f"{here}/deep")


def test_files_are_copied_and_moved(platform: Client, here: str) -> None:
    """A copy leaves the source, a move does not."""
    platform.files.write(f"{here}/a", b"x")
    platform.files.copy(f"{here}/a", f"{here}/new/b")
    platform.files.move(f"{here}/a", f"{here}/new/c")
    assert sorted(node.name for node in platform.files.list(f"{here}/new")) == ["b", "c"]
    with pytest.raises(NotFound):
        platform.files.read(f"{here}/a")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A local folder with files in it and below it."""
    (tmp_path / "docs" / "sub dir").mkdir(parents=True)
    (tmp_path / "docs" / "a.txt").write_bytes(b"alpha")
    (tmp_path / "docs" / "sub dir" / "ü.txt").write_bytes(b"beta!")
    (tmp_path / "docs" / "empty").write_bytes(b"")
    return tmp_path / "docs"


def test_a_folder_goes_to_a_place_named_by_its_content(platform: Client, folder: Path) -> None:
    """The same content has the same place, whatever happened in between."""
    told: list[tuple[int, int]] = []
    target = platform.files.upload(folder, progress=lambda done, total: told.append((done, total)))
    assert target.startswith(f"{HOME}/uploads/")
    assert target.endswith("/docs")
    assert platform.files.read(f"{target}/sub dir/ü.txt") == b"beta!"
    assert told[-1] == (10, 10)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert platform.files.upload(folder) == target
    (folder / "a.txt").write_bytes(b"ALPHA")
    assert platform.files.upload(folder) != target


def test_what_is_there_is_not_sent_again(platform: Client, folder: Path) -> None:
    """A broken-off upload goes on with the files that are missing."""
    (folder / "a.txt").write_bytes(b"only here")
    target = platform.files.upload(folder)
    platform.files.delete(f"{target}/a.txt")
    told: list[int] = []
    assert platform.files.upload(folder, progress=lambda done, _: told.append(done)) == target
    assert platform.files.read(f"{target}/a.txt") == b"only here"
    assert told == [0, 5, 14, 14]  # the empty file, the other one, then what was missing


def test_a_file_and_an_explicit_place(platform: Client, here: str, folder: Path) -> None:
    """A lone file may be uploaded, and anything may go where the user wants it."""
    target = platform.files.upload(folder / "a.txt")
    assert target.endswith("/a.txt")
    assert platform.files.read(target) == b"alpha"
    assert platform.files.upload(folder, f"/{here}/mine/") == f"{here}/mine"
    assert platform.files.read(f"{here}/mine/a.txt") == b"alpha"


def test_a_folder_named_out_does_not_become_its_own_output(
    platform: Client, tmp_path: Path
) -> None:
    """The default output lies in ``out`` beside the input, so the input must not be it."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "x.txt").write_bytes(b"x")
    assert platform.files.upload(tmp_path / "out").endswith("/input")


def test_an_upload_without_a_home_says_so(connected: Any, folder: Path) -> None:
    """A server whose user's space is not known needs a target."""
    with pytest.raises(ConfigError, match="Say where on the drive"):
        connected(lambda request: httpx.Response(204)).files.upload(folder)


def test_a_missing_local_file_is_an_error(platform: Client, tmp_path: Path) -> None:
    """Nothing is sent for a path that does not exist."""
    with pytest.raises(FileNotFoundError):
        platform.files.upload(tmp_path / "none")


def test_big_files_go_and_come_in_chunks(platform: Client, here: str, tmp_path: Path) -> None:
    """Several chunks, with their number of bytes told in between."""
    content = bytes(range(256)) * (3 * CHUNK // 256) + b"end"
    (tmp_path / "big").write_bytes(content)
    sent: list[int] = []
    got: list[int] = []
    platform.files.write(f"{here}/big", tmp_path / "big", progress=lambda n, _: sent.append(n))
    target = platform.files.download(
        f"{here}/big", tmp_path / "back", progress=lambda n, _: got.append(n)
    )
    assert target.read_bytes() == content
    assert len(sent) == 4
    assert sent[-1] == got[-1] == len(content)


def test_folders_are_downloaded_whole(platform: Client, folder: Path, tmp_path: Path) -> None:
    """What was uploaded comes back, names and contents."""
    target = platform.files.upload(folder)
    back = platform.files.download(target, tmp_path / "back")
    names = sorted(str(p.relative_to(back)) for p in back.rglob("*") if p.is_file())
    assert names == ["a.txt", "empty", "sub dir/ü.txt"]
    assert (back / "sub dir" / "ü.txt").read_bytes() == b"beta!"
    assert platform.files.download(f"{target}/a.txt", tmp_path) == tmp_path / "a.txt"


def test_downloads_are_whole_or_not_at_all(serve: Any, tmp_path: Path, clock: Any) -> None:
    """A download that breaks off leaves the old file and no debris."""

    def half(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/octet-stream")
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        if handler.command == "GET":
            handler.wfile.write(b"x" * 10)
        handler.close_connection = True

    (tmp_path / "x").write_bytes(b"old")
    client = Client(serve(half), clock=clock)
    with pytest.raises(ConnectionFailed):
        client.files.download("a/b/fs/D/x", tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_an_upload_that_broke_begins_anew(connected: Any, tmp_path: Path) -> None:
    """The body is made again for each attempt."""
    bodies: list[bytes] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(await request.aread())
        if len(bodies) < 3:
            raise httpx.WriteError("reset")
        return httpx.Response(204)

    (tmp_path / "x").write_bytes(b"x" * (CHUNK + 1))
    connected(answer).files.write("a/b/fs/D/x", tmp_path / "x")
    assert [len(body) for body in bodies] == [CHUNK + 1] * 3


def test_a_file_that_changes_meanwhile_is_told(serve: Any, tmp_path: Path, clock: Any) -> None:
    """A file that shrinks while it is sent is an error, not half a file on the drive."""
    (tmp_path / "x").write_bytes(b"x" * (4 * CHUNK))

    def take(handler: Any) -> None:
        handler.rfile.read(4 * CHUNK)
        handler.send_response(204)
        handler.end_headers()

    def shrink(done: int, _total: int) -> None:
        if done == CHUNK:
            (tmp_path / "x").write_bytes(b"x" * CHUNK)

    with pytest.raises(ConnectionFailed, match="changed while it was sent"):
        Client(serve(take), clock=clock).files.write("p", tmp_path / "x", progress=shrink)


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil", "..\\evil"])
def test_a_server_cannot_write_outside_the_target(
    connected: Any, tmp_path: Path, name: str
) -> None:
    """File names that lead elsewhere are refused before anything is written."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "HEAD":
            return httpx.Response(200, headers={"Content-Type": "application/json"})
        if request.url.params["expect-node-type"] == "file":
            return httpx.Response(200, content=b"evil")
        node = {"name": name, "full_path": name, "metadata": {"node_type": "file", "size": 4}}
        return httpx.Response(200, json={"nodes": [node], "has_more": False, "next_page_token": ""})

    with pytest.raises(BadReply, match="leads out of its folder"):
        connected(answer).files.download("a/b", tmp_path / "in" / "target")
    assert not (tmp_path / "in").exists()


def test_long_folders_are_listed_page_by_page(connected: Any) -> None:
    """The token of each page asks for the next."""

    def answer(request: httpx.Request) -> httpx.Response:
        page = int(request.url.params.get("start-token", "0"))
        node = {"name": f"n{page}", "full_path": "p", "metadata": {"node_type": "file"}}
        more = page < 3
        token = str(page + 1) if more else ""
        return httpx.Response(
            200, json={"nodes": [node], "has_more": more, "next_page_token": token}
        )

    assert [node.name for node in connected(answer).files.list("a")] == ["n0", "n1", "n2", "n3"]


def test_few_transfers_run_at_once(connected: Any, tmp_path: Path) -> None:
    """Uploads leave connections for the polling, and one that fails ends the rest."""
    busy: list[int] = [0, 0]
    lock = threading.Lock()

    async def answer(request: httpx.Request) -> httpx.Response:
        with lock:
            busy[0] += 1
            busy[1] = max(busy)
        await request.aread()
        with lock:
            busy[0] -= 1
        if request.url.path.endswith("/7"):
            return httpx.Response(507, json={"message": "the disk is full"})
        return httpx.Response(204)

    for number in range(10):
        (tmp_path / str(number)).write_bytes(b"x")
    with pytest.raises(ApiError, match="the disk is full"):
        connected(answer).files.upload(tmp_path, "a/b/fs/D/t")
    assert busy[1] <= 4


def test_what_a_transfer_raises_is_raised_alone(connected: Any, tmp_path: Path) -> None:
    """No group hangs on the error: notebooks print a whole stack for each error that has one."""
    (tmp_path / "a.txt").write_text("a")
    refused = connected(lambda _: httpx.Response(401))
    with pytest.raises(AuthenticationFailed) as caught:
        refused.files.upload(tmp_path / "a.txt", "a/b/fs/D/a.txt")
    error: BaseException | None = caught.value
    while error is not None:
        assert not isinstance(error, BaseExceptionGroup)
        error = error.__cause__ or error.__context__
