"""Copy, move and extract of the Filesystem API v2, over HTTP."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from pathlib import Path

import httpx
import pytest

FILES = "/api/v2/files"


def zipped(entries: dict[str, bytes]) -> bytes:
    """Give a zip with these entries."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def no_rests(folder: Path) -> bool:
    """Tell whether no temporary file was left behind."""
    return not list(folder.rglob(".ibflow-*"))


def operate(api: httpx.Client, verb: str, source: str, target: str) -> httpx.Response:
    """Copy, move or extract."""
    return api.post(f"{FILES}/{verb}", json={"src_path": source, "dst_path": target})


@pytest.mark.parametrize("verb", ["copy", "move"])
def test_a_file_is_copied_or_moved(api: httpx.Client, folder: Path, space: str, verb: str) -> None:
    """The content is at the target, whose parents are made; a move leaves nothing behind."""
    (folder / "f").write_bytes(b"abc")
    reply = operate(api, verb, f"/{space}/f", f"{space}/new/place/g")
    assert reply.status_code == 202
    assert reply.headers["location"] == f"/api/v2/jobs/{reply.json()['job_id']}"
    assert (folder / "new/place/g").read_bytes() == b"abc"
    assert (folder / "f").exists() is (verb == "copy")
    assert no_rests(folder)


@pytest.mark.parametrize("verb", ["copy", "move"])
def test_a_folder_goes_into_an_existing_one(
    api: httpx.Client, folder: Path, space: str, verb: str
) -> None:
    """A folder at the target keeps what it has; files of the same name are replaced."""
    for name, content in {"src/a/x": "new", "src/b": "b", "dst/a/x": "old", "dst/k": "k"}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    assert operate(api, verb, f"{space}/src", f"{space}/dst").status_code == 202
    found = {
        p.relative_to(folder / "dst").as_posix(): p.read_text()
        for p in (folder / "dst").rglob("*")
        if p.is_file()
    }
    assert found == {"a/x": "new", "b": "b", "k": "k"}
    assert (folder / "src").exists() is (verb == "copy")
    assert no_rests(folder)


@pytest.mark.parametrize("verb", ["copy", "move"])
def test_a_clash_of_kinds_changes_nothing(
    api: httpx.Client, folder: Path, space: str, verb: str
) -> None:
    """Where a file would replace a folder deep inside, all stays as it was."""
    for name in ("src/a", "src/z/deep", "dst/z"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    reply = operate(api, verb, f"{space}/src", f"{space}/dst")
    assert reply.status_code == 400
    assert "exists as a file" in reply.json()["message"]
    assert not (folder / "dst/a").exists()
    assert (folder / "src/a").exists()
    assert no_rests(folder)


@pytest.mark.parametrize("verb", ["copy", "move"])
def test_nothing_is_written_through_a_link(
    api: httpx.Client, folder: Path, space: str, verb: str, tmp_path: Path
) -> None:
    """A link inside the target that leads off the drive is not followed."""
    (folder / "src/sub").mkdir(parents=True)
    (folder / "src/sub/f").touch()
    (folder / "dst").mkdir()
    (folder / "dst/sub").symlink_to(tmp_path)
    assert operate(api, verb, f"{space}/src", f"{space}/dst").status_code == 400
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("verb", ["copy", "move"])
@pytest.mark.parametrize(("source", "target"), [("a", "a/b"), ("a/b", "a"), ("a", "a"), ("", "q")])
def test_nodes_in_each_other_are_refused(
    api: httpx.Client, folder: Path, space: str, verb: str, source: str, target: str
) -> None:
    """A folder cannot be copied or moved into itself or onto its parent."""
    (folder / "a/b").mkdir(parents=True)
    base = f"{space}/" if source else ""
    reply = operate(api, verb, f"{base}{source}", f"{base}{target}")
    assert reply.status_code == 400
    assert "overlap" in reply.json()["message"] or not source
    assert (folder / "a/b").is_dir()


def test_body_paths_are_decoded_once(api: httpx.Client, folder: Path, space: str) -> None:
    """Encoded paths in bodies reach the folder with a space."""
    (folder / "a b").write_text("x")
    encoded = space.replace(" ", "%20")
    assert operate(api, "copy", f"{encoded}/a%20b", f"{encoded}/c").status_code == 202
    assert (folder / "c").read_text() == "x"


def test_copying_nothing_is_not_found(api: httpx.Client, folder: Path, space: str) -> None:
    """An absent source is a 404 that names it."""
    reply = operate(api, "copy", f"{space}/none", f"{space}/x")
    assert reply.status_code == 404
    assert "none" in reply.json()["message"]


def test_a_zip_is_unpacked_whatever_its_extension(
    api: httpx.Client, folder: Path, space: str
) -> None:
    """The files appear below the target, beside what is there already."""
    (folder / "s.ibsolution").write_bytes(zipped({"package.json": b"{}", "d/f.txt": b"f"}))
    (folder / "to").mkdir()
    (folder / "to/kept").write_text("kept")
    assert operate(api, "extract", f"{space}/s.ibsolution", f"{space}/to").status_code == 202
    names = {p.relative_to(folder / "to").as_posix() for p in (folder / "to").rglob("*")}
    assert names == {"package.json", "d", "d/f.txt", "kept"}
    assert stat.S_IMODE((folder / "to/d").stat().st_mode) & 0o500 == 0o500
    assert no_rests(folder)


def link_entry() -> bytes:
    """Give a zip with a symbolic link in it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        entry = zipfile.ZipInfo("link")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    return buffer.getvalue()


HOSTILE_ZIPS = {
    "slip": zipped({"good": b"x", "../../evil": b"x"}),
    "absolute": zipped({"/etc/evil": b"x"}),
    "link": link_entry(),
    "bomb": zipped({"zeros": bytes(20 * 1024**2)}),
    "many": zipped({f"f{number}": b"" for number in range(60)}),
    "text": b"this is no zip",
    "cut": zipped({"a": os.urandom(5000)})[:-40],
}


@pytest.mark.parametrize("name", HOSTILE_ZIPS)
def test_a_hostile_zip_is_refused_whole(
    api: httpx.Client, folder: Path, space: str, name: str, root: Path
) -> None:
    """Slip, absolute names, links, bombs and what is no zip: 400, and nothing of it appears."""
    (folder / "z.zip").write_bytes(HOSTILE_ZIPS[name])
    reply = operate(api, "extract", f"{space}/z.zip", f"{space}/to")
    assert reply.status_code == 400
    assert "z.zip" in reply.json()["message"]
    assert not (folder / "to").exists()
    assert no_rests(folder)
    assert not (root / "evil").exists()


def test_a_zip_cannot_reach_the_state_folder(
    api: httpx.Client, folder: Path, space: str, root: Path
) -> None:
    """A zip unpacked at the top must not write into the platform's own folder."""
    (folder / "z.zip").write_bytes(zipped({".ibflow/token": b"mine", "x": b"x"}))
    assert operate(api, "extract", f"{space}/z.zip", "/").status_code == 400
    assert not (root / ".ibflow/token").exists()
