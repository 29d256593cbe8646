"""The example workspace on a drive."""

from __future__ import annotations

from pathlib import Path

import pytest

from ibflow_nb.examples import EXAMPLES, WORKSPACE, install


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace of two files in place of the package's own."""
    folder = tmp_path / "workspace"
    (folder / "receipts" / "input").mkdir(parents=True)
    (folder / "receipts" / "receipts.ibflow").write_text("first")
    (folder / "receipts" / "input" / "a.txt").write_text("document")
    monkeypatch.setattr("ibflow_nb.examples.installer.WORKSPACE", folder)
    return folder


def laid(root: Path) -> dict[str, bytes]:
    """What is on the drive, by its path in the workspace."""
    folder = root / EXAMPLES
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_everything_is_laid_on_an_empty_drive(tmp_path: Path) -> None:
    """The package's whole workspace arrives as it is, on a root that did not exist."""
    written = install(tmp_path / "root")
    sources = {
        path.relative_to(WORKSPACE).as_posix(): path.read_bytes()
        for path in WORKSPACE.rglob("*")
        if path.is_file()
    }
    assert laid(tmp_path / "root") == sources
    assert sorted(written) == sorted(sources)


def test_a_second_time_writes_nothing(tmp_path: Path, workspace: Path) -> None:
    """A workspace that is there is left alone."""
    install(tmp_path / "root")
    assert install(tmp_path / "root") == []


def test_what_users_changed_stays(tmp_path: Path, workspace: Path) -> None:
    """A file that was changed on the drive is kept when a new version brings another."""
    install(tmp_path / "root")
    flow = tmp_path / "root" / EXAMPLES / "receipts" / "receipts.ibflow"
    flow.write_text("mine")
    (workspace / "receipts" / "receipts.ibflow").write_text("second")
    assert install(tmp_path / "root") == []
    assert flow.read_text() == "mine"


def test_untouched_files_are_brought_up_to_date(tmp_path: Path, workspace: Path) -> None:
    """A file that nobody touched becomes that of the new version."""
    install(tmp_path / "root")
    (workspace / "receipts" / "receipts.ibflow").write_text("second")
    assert install(tmp_path / "root") == ["receipts/receipts.ibflow"]
    assert laid(tmp_path / "root")["receipts/receipts.ibflow"] == b"second"


def test_deleted_files_come_back(tmp_path: Path, workspace: Path) -> None:
    """A deleted example can be had again."""
    install(tmp_path / "root")
    (tmp_path / "root" / EXAMPLES / "receipts" / "input" / "a.txt").unlink()
    assert install(tmp_path / "root") == ["receipts/input/a.txt"]


def test_files_of_users_with_our_names_stay(tmp_path: Path, workspace: Path) -> None:
    """A file that was there before, or whose record is lost, counts as the user's own."""
    own = tmp_path / "root" / EXAMPLES / "receipts" / "receipts.ibflow"
    own.parent.mkdir(parents=True)
    own.write_text("mine")
    state = tmp_path / "root" / ".ibflow"
    state.mkdir()
    (state / "examples.json").write_text("broken")
    assert install(tmp_path / "root") == ["receipts/input/a.txt"]
    assert own.read_text() == "mine"
