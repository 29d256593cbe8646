"""Zip archives: what is refused, and that packing is repeatable."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.local.archives import extract_archive, file_entries, open_archive, pack_archive
from ibflow_nb.local.limits import Limits


def make_zip(path: Path, *names: str, content: bytes = b"x") -> Path:
    """Write a zip whose entries carry ``names`` as they stand."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), content)
    return path


def test_what_was_packed_comes_out_again(tmp_path: Path) -> None:
    """Extracting a packed archive gives the same files."""
    (tmp_path / "a.txt").write_text("file")
    pack_archive(tmp_path / "p.zip", {"in/a.txt": tmp_path / "a.txt", "b.txt": b"bytes"})
    (tmp_path / "out").mkdir()
    extract_archive(tmp_path / "p.zip", tmp_path / "out", Limits())
    assert (tmp_path / "out/in/a.txt").read_text() == "file"
    assert (tmp_path / "out/b.txt").read_bytes() == b"bytes"


def test_the_same_content_packs_to_the_same_bytes(tmp_path: Path) -> None:
    """Neither times nor the order of the mapping reach the archive."""
    pack_archive(tmp_path / "1.zip", {"a": b"1", "b": b"2"})
    pack_archive(tmp_path / "2.zip", {"b": b"2", "a": b"1"})
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()


def test_folders_are_no_file_entries(tmp_path: Path) -> None:
    """Entries of folders are passed over."""
    with open_archive(make_zip(tmp_path / "z.zip", "d/", "d/f"), Limits()) as archive:
        assert [entry.filename for entry in file_entries(archive)] == ["d/f"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../evil", "leaves it"),
        ("a/../../evil", "leaves it"),
        ("/etc/passwd", "absolute or foreign"),
        ("C:/evil", "absolute or foreign"),
        ("a\\..\\evil", "absolute or foreign"),
    ],
)
def test_an_entry_that_would_land_elsewhere_is_refused(
    tmp_path: Path, name: str, reason: str
) -> None:
    """Names that leave the target folder are refused before anything is unpacked."""
    archive = make_zip(tmp_path / "z.zip", "good", name)
    (tmp_path / "out").mkdir()
    with pytest.raises(InvalidRequest, match=reason):
        extract_archive(archive, tmp_path / "out", Limits())
    assert list((tmp_path / "out").iterdir()) == []


def test_an_entry_without_a_name_is_refused(tmp_path: Path) -> None:
    """It can be no file."""
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo(""), "x")
    with (
        pytest.raises(InvalidRequest, match="without a name"),
        open_archive(tmp_path / "z.zip", Limits()),
    ):
        pass


def test_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    """A link within an archive is refused by its name."""
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with (
        pytest.raises(InvalidRequest, match="symbolic link 'link'"),
        open_archive(tmp_path / "z.zip", Limits()),
    ):
        pass


def test_a_bomb_is_refused_by_its_unpacked_size(tmp_path: Path) -> None:
    """What would unpack beyond the limit is not unpacked."""
    bomb = make_zip(tmp_path / "z.zip", "zeros", content=bytes(10_000))
    with (
        pytest.raises(InvalidRequest, match="would unpack to 10,000 bytes"),
        open_archive(bomb, Limits(archive_bytes=9_999)),
    ):
        pass


def test_a_bomb_is_refused_by_its_ratio(tmp_path: Path) -> None:
    """A large zip that packs like a bomb is refused, though it would fit into the limit."""
    bomb = tmp_path / "z.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(65 * 1024**2))
    with (
        pytest.raises(InvalidRequest, match="more than 250 times its size"),
        open_archive(bomb, Limits()),
    ):
        pass
    with open_archive(bomb, Limits(archive_ratio=2_000)):
        pass


def test_too_many_entries_are_refused(tmp_path: Path) -> None:
    """The number of entries is bounded."""
    many = make_zip(tmp_path / "z.zip", *[str(number) for number in range(5)])
    with (
        pytest.raises(InvalidRequest, match="has 5 entries"),
        open_archive(many, Limits(archive_files=4)),
    ):
        pass


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_entry_given_twice_is_refused(tmp_path: Path) -> None:
    """Two entries of one name are refused: readers differ in which one they take."""
    with (
        pytest.raises(InvalidRequest, match="twice"),
        open_archive(make_zip(tmp_path / "z.zip", "a", "a"), Limits()),
    ):
        pass


def test_what_is_no_zip_is_refused(tmp_path: Path) -> None:
    """A file of another kind gives one sentence with its name."""
    (tmp_path / "z.ibsolution").write_bytes(b"no zip")
    with (
        pytest.raises(InvalidRequest, match=r"z\.ibsolution is not a readable zip"),
        open_archive(tmp_path / "z.ibsolution", Limits()),
    ):
        pass


def test_a_folder_is_no_zip(tmp_path: Path) -> None:
    """The sentence names the folder and not where it lies on this machine."""
    (tmp_path / "sol").mkdir()
    with pytest.raises(InvalidRequest) as caught, open_archive(tmp_path / "sol", Limits()):
        pass
    assert str(caught.value) == "sol is not a readable zip file (Is a directory)."


def test_a_damaged_entry_is_named(tmp_path: Path) -> None:
    """A checksum that does not fit names the entry."""
    archive = make_zip(tmp_path / "z.zip", "entry", content=b"0123456789" * 50)
    raw = bytearray(archive.read_bytes())
    raw[40] ^= 0xFF
    archive.write_bytes(raw)
    (tmp_path / "out").mkdir()
    with pytest.raises(InvalidRequest, match="damaged at its entry entry"):
        extract_archive(archive, tmp_path / "out", Limits())


def test_an_entry_whose_own_name_is_damaged_is_named(tmp_path: Path) -> None:
    """The name before its content is no UTF-8, the one in the directory is whole."""
    path = tmp_path / "a.zip"
    pack_archive(path, {"é.txt": b"text"})
    content = path.read_bytes()
    path.write_bytes(content.replace("é".encode(), b"\xff\xff", 1))
    (tmp_path / "out").mkdir()
    with pytest.raises(InvalidRequest, match=r"damaged at its entry é\.txt"):
        extract_archive(path, tmp_path / "out", Limits())


def test_an_entry_that_its_decompressor_refuses_is_named(tmp_path: Path) -> None:
    """A bzip2 entry with a broken block is damage, not a fault of the platform."""
    path = tmp_path / "z.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("entry", b"0123456789" * 500)
    raw = bytearray(path.read_bytes())
    raw[45] ^= 0xFF
    path.write_bytes(raw)
    (tmp_path / "out").mkdir()
    with pytest.raises(InvalidRequest, match="damaged at its entry entry"):
        extract_archive(path, tmp_path / "out", Limits())
