"""Laying solutions onto the drive to run them."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.limits import Limits
from ibflow_nb.local.solutions.marketplace import Marketplace
from ibflow_nb.local.solutions.package import open_solution
from ibflow_nb.local.solutions.running import Solutions

Make = Callable[..., Path]
OUT = "local/my-repo/fs/Instabase Drive/out"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Root folder of the drive."""
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


@pytest.fixture
def solutions(root: Path) -> Solutions:
    """Solutions of a platform whose drive is empty."""
    drive = Drive(root)
    return Solutions(drive, Marketplace(drive, Limits()), "local", Limits())


def test_the_binary_is_laid_into_the_users_space_once(
    solutions: Solutions, root: Path, make_package: Make
) -> None:
    """The path tells name, version and content; a second time nothing is written."""
    solution = open_solution(make_package(), Limits())
    path = solutions.place_binary(solution)
    placed = root / path
    assert path.startswith(
        f"local/my-repo/fs/Instabase Drive/solutions/w2-1.0.0-{solution.digest[:12]}/"
    )
    assert zipfile.is_zipfile(placed)
    before = placed.stat()
    assert solutions.place_binary(solution) == path
    assert placed.stat().st_ino == before.st_ino


def test_a_binary_that_was_changed_on_the_drive_is_laid_anew(
    solutions: Solutions, root: Path, make_package: Make
) -> None:
    """What runs is what the package holds."""
    solution = open_solution(make_package(), Limits())
    placed = root / solutions.place_binary(solution)
    good = placed.read_bytes()
    placed.write_bytes(b"x" * len(good))
    solutions.place_binary(solution)
    assert placed.read_bytes() == good


def test_other_content_of_the_same_version_has_another_place(
    solutions: Solutions, make_package: Make
) -> None:
    """Jobs of the one are not disturbed by the other."""
    first = solutions.place_binary(open_solution(make_package(), Limits()))
    other = make_package("other.ibsolution", flow='{"steps": [], "rootDir": ".."}')
    assert solutions.place_binary(open_solution(other, Limits())) != first


def test_a_solution_is_unpacked_beside_what_is_there(
    solutions: Solutions, root: Path, make_package: Make
) -> None:
    """Other files of the folder stay; a root folder within the zip is left out."""
    (root / OUT).mkdir(parents=True)
    (root / OUT / "mine.txt").write_text("mine")
    with zipfile.ZipFile(make_package()) as archive:
        content = {f"w2/{name}": archive.read(name) for name in archive.namelist()}
    package = make_package("rooted.ibsolution", content=content)
    binary = solutions.unpack(open_solution(package, Limits()), f"/{OUT}")
    assert binary == f"{OUT}/w2.ibflowbin"
    names = {path.name for path in (root / OUT).iterdir()}
    assert names == {"mine.txt", "package.json", "w2.ibflowbin"}


def test_a_folder_is_never_replaced_by_a_file(
    solutions: Solutions, root: Path, make_package: Make
) -> None:
    """Then nothing is unpacked at all."""
    (root / OUT / "w2.ibflowbin").mkdir(parents=True)
    with pytest.raises(InvalidRequest, match="would replace a folder by a file"):
        solutions.unpack(open_solution(make_package(), Limits()), OUT)
    assert [path.name for path in (root / OUT).iterdir()] == ["w2.ibflowbin"]


@pytest.mark.parametrize("folder", ["../out", ".ibflow/x", "a/../../b"])
def test_a_solution_is_unpacked_on_the_drive_only(
    solutions: Solutions, make_package: Make, folder: str
) -> None:
    """Folders outside and the platform's own are refused."""
    with pytest.raises(InvalidRequest):
        solutions.unpack(open_solution(make_package(), Limits()), folder)


def test_an_entry_cannot_reach_the_state_of_the_platform(
    solutions: Solutions, root: Path, make_package: Make
) -> None:
    """Not even when a solution is unpacked at the root of the drive."""
    with zipfile.ZipFile(make_package()) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    package = make_package("bad.ibsolution", content={**content, ".ibflow/token": b"mine"})
    with pytest.raises(InvalidRequest, match="belongs to the platform"):
        solutions.unpack(open_solution(package, Limits()), "/")
    assert not (root / ".ibflow" / "token").exists()
    assert not (root / "package.json").exists()
