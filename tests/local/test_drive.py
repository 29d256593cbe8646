"""Drive paths stay on the drive."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ibflow_nb.api.errors import InvalidRequest, NotFound
from ibflow_nb.local.drive import Drive


@pytest.fixture
def drive(tmp_path: Path) -> Drive:
    """A drive with its state folder, a folder with a space, and a secret beside the root."""
    root = tmp_path / "root"
    (root / ".ibflow").mkdir(parents=True)
    (root / ".ibflow" / "token").write_text("secret")
    (root / "a" / "b" / "fs" / "Instabase Drive").mkdir(parents=True)
    (tmp_path / "outside").write_text("secret")
    return Drive(root)


@pytest.fixture(scope="module")
def shared_drive(tmp_path_factory: pytest.TempPathFactory) -> Drive:
    """A drive that generated paths are tried on; nothing is written to it."""
    root = tmp_path_factory.mktemp("drive") / "root"
    (root / ".ibflow").mkdir(parents=True)
    (root / "a").mkdir()
    (root / "a" / "up").symlink_to(root.parent)
    (root / "a" / "state").symlink_to(root / ".ibflow")
    return Drive(root)


NAMES = (
    ".. . a up state .ibflow .IBFLOW .ib\u200cflow \uff0e\uff0e \u202e "
    "%2e%2e %2F ..%2f \\ C: ~ é e\u0301"
)
PIECES = st.sampled_from([*NAMES.split(), "", " ", "\0", "\ud800", "x" * 300])
HOSTILE_PATHS = st.one_of(
    st.lists(PIECES, max_size=8).map("/".join), st.lists(PIECES, max_size=8).map("".join), st.text()
)


@given(path=HOSTILE_PATHS)
def test_no_path_leads_out_of_the_drive(shared_drive: Drive, path: str) -> None:
    """Whatever a path holds, it is refused or stays below the root and out of the state."""
    for read in (shared_drive.resolve, shared_drive.place):
        try:
            local = Path(os.path.realpath(read(path)))
        except InvalidRequest:
            continue
        assert local.is_relative_to(shared_drive.root)
        assert not local.is_relative_to(shared_drive.state)


@given(path=HOSTILE_PATHS)
def test_a_path_is_located_or_refused_in_a_sentence(shared_drive: Drive, path: str) -> None:
    """Paths in bodies are found, absent or refused; no other error comes out."""
    try:
        told = str(shared_drive.locate(path))
    except (InvalidRequest, NotFound) as error:
        told = str(error)
        sentence = told.endswith(".") and told.isprintable()
    else:
        sentence = Path(told).exists()
    assert sentence, told


@given(parts=st.lists(st.text("abcé ._-%ü", min_size=1).filter(lambda p: p.strip(".")), max_size=4))
def test_a_path_comes_back_as_it_went_in(shared_drive: Drive, parts: list[str]) -> None:
    """A good path is the same after the way to disk and back, without its leading slash."""
    path = "/".join(["owner", *parts])
    assert shared_drive.path_of(shared_drive.resolve(f"/{path}")) == path


@pytest.mark.parametrize("path", ["../outside", "a/../../outside", "/..", "a/b/..", "a/\0/b"])
def test_steps_upwards_and_nul_are_refused(drive: Drive, path: str) -> None:
    """A path that climbs or holds NUL is refused."""
    with pytest.raises(InvalidRequest):
        drive.resolve(path)


@pytest.mark.parametrize(
    "path", [".ibflow", ".ibflow/token", "/.IBFlow/token", ".ibflow./token", ".ib\u200bflow/token"]
)
def test_the_state_folder_is_out_of_reach(drive: Drive, path: str) -> None:
    """No spelling of the state folder reaches it."""
    with pytest.raises(InvalidRequest, match="belongs to the platform"):
        drive.resolve(path)


def test_an_absolute_path_is_read_below_the_root(drive: Drive) -> None:
    """A leading slash means the drive's root, not the machine's."""
    assert drive.resolve("/etc/passwd") == drive.root / "etc" / "passwd"


def test_a_link_out_of_the_root_is_refused(drive: Drive) -> None:
    """A symbolic link that leads outside is refused, also as a folder on the way."""
    (drive.root / "a" / "link").symlink_to(drive.root.parent / "outside")
    (drive.root / "a" / "up").symlink_to(drive.root.parent)
    for path in ("a/link", "a/up/outside"):
        with pytest.raises(InvalidRequest, match="leads out of the drive"):
            drive.resolve(path)


def test_a_link_into_the_state_is_refused(drive: Drive) -> None:
    """A symbolic link does not open the state folder."""
    (drive.root / "a" / "state").symlink_to(drive.state)
    with pytest.raises(InvalidRequest, match="belongs to the platform"):
        drive.resolve("a/state/token")


def test_a_link_that_stays_on_the_drive_is_followed(drive: Drive) -> None:
    """A symbolic link within the drive is as good as a folder."""
    (drive.root / "c").symlink_to(drive.root / "a")
    assert drive.resolve("c/b").samefile(drive.root / "a" / "b")


def test_a_loop_of_links_is_no_error_of_its_own(drive: Drive) -> None:
    """Links that lead to each other are simply not there."""
    (drive.root / "x").symlink_to(drive.root / "y")
    (drive.root / "y").symlink_to(drive.root / "x")
    with pytest.raises((NotFound, InvalidRequest)):
        drive.locate("x/file")


def test_a_body_path_is_taken_literally_first(drive: Drive) -> None:
    """A file whose name holds a percent sign is found before its decoded twin."""
    (drive.root / "a" / "50%25").write_text("literal")
    (drive.root / "a" / "50%").write_text("decoded")
    assert drive.locate("a/50%25").read_text() == "literal"


def test_a_body_path_is_decoded_once(drive: Drive) -> None:
    """A percent-encoded path in a body is found; a path encoded twice is not."""
    assert drive.locate("/a/b/fs/Instabase%20Drive").name == "Instabase Drive"
    with pytest.raises(NotFound, match="Instabase%2520Drive"):
        drive.locate("/a/b/fs/Instabase%2520Drive")


def test_a_target_goes_into_the_folder_that_exists(drive: Drive) -> None:
    """A new folder below an encoded existing one is decoded, another name stays as it is."""
    assert drive.place("a/b/fs/Instabase%20Drive/out").parent.name == "Instabase Drive"
    assert drive.place("new%20folder/out") == drive.root / "new%20folder" / "out"


def test_a_name_that_is_no_utf8_can_be_shown(drive: Drive) -> None:
    """A file name of odd bytes becomes text that JSON can carry."""
    odd = drive.root / os.fsdecode(b"caf\xe9.pdf")
    assert drive.path_of(odd) == "caf\ufffd.pdf"


def test_a_local_path_elsewhere_has_no_drive_path(drive: Drive) -> None:
    """A path beside the root is not on the drive."""
    with pytest.raises(InvalidRequest, match="not on the drive"):
        drive.path_of(drive.root.parent / "outside")
