"""Publishing and installing."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ibflow_nb.api.errors import InvalidRequest, NotFound
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.limits import Limits
from ibflow_nb.local.solutions.marketplace import ALL_PACKAGES, Marketplace

Make = Callable[..., Path]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Root folder of the drive."""
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


@pytest.fixture
def marketplace(root: Path) -> Marketplace:
    """A marketplace on an empty drive."""
    return Marketplace(Drive(root), Limits())


def test_a_published_package_is_seen_on_the_drive(
    marketplace: Marketplace, root: Path, make_package: Make
) -> None:
    """It lies under the system's marketplace path, byte for byte."""
    package = make_package()
    marketplace.publish(package)
    placed = root / ALL_PACKAGES / "w2" / "1.0.0" / "w2-1.0.0.ibsolution"
    assert placed.read_bytes() == package.read_bytes()


def test_publishing_the_same_bytes_again_changes_nothing(
    marketplace: Marketplace, make_package: Make
) -> None:
    """A repeated publication is accepted."""
    package = make_package()
    marketplace.publish(package)
    marketplace.publish(package)
    assert marketplace.apps()[0].available_versions == ["1.0.0"]


def test_a_version_cannot_be_published_with_other_content(
    marketplace: Marketplace, make_package: Make
) -> None:
    """What is published under a version stays what it is."""
    marketplace.publish(make_package())
    before = marketplace.published("w2", "1.0.0").read_bytes()
    with pytest.raises(InvalidRequest, match="published already with other content"):
        marketplace.publish(make_package("other.ibsolution", authors=["someone"]))
    assert marketplace.published("w2", "1.0.0").read_bytes() == before


def test_versions_live_side_by_side_newest_first(
    marketplace: Marketplace, make_package: Make
) -> None:
    """Several versions are listed in the order of their numbers."""
    for version in ("1.9.0", "1.10.0", "1.2.0"):
        marketplace.publish(make_package(version=version))
    marketplace.install("w2", "1.2.0")
    (app,) = marketplace.apps()
    assert app.available_versions == ["1.10.0", "1.9.0", "1.2.0"]
    assert app.installed_versions == ["1.2.0"]


def test_an_installed_solution_is_the_package_that_was_published(
    marketplace: Marketplace, make_package: Make
) -> None:
    """Its package is kept by the platform, byte for byte."""
    package = make_package()
    marketplace.publish(package)
    assert marketplace.installed("w2", "1.0.0") is None
    marketplace.install("w2", "1.0.0")
    installed = marketplace.installed("w2", "1.0.0")
    assert installed is not None
    assert installed.path.read_bytes() == package.read_bytes()


def test_an_installed_solution_is_found_before_a_published_one(
    marketplace: Marketplace, make_package: Make, root: Path
) -> None:
    """A solution that is only published is found as well."""
    marketplace.publish(make_package())
    assert (
        marketplace.find("w2", "1.0.0").path == root / ALL_PACKAGES / "w2/1.0.0/w2-1.0.0.ibsolution"
    )
    marketplace.install("w2", "1.0.0")
    assert marketplace.find("w2", "1.0.0").path.is_relative_to(root / ".ibflow" / "solutions")
    with pytest.raises(NotFound, match=r"w2 2\.0\.0 is not published"):
        marketplace.find("w2", "2.0.0")


def test_installing_what_is_not_published_names_the_versions(
    marketplace: Marketplace, make_package: Make
) -> None:
    """The sentence tells which versions there are."""
    marketplace.publish(make_package())
    with pytest.raises(NotFound, match=r"w2 2\.0\.0 is not published; published versions: 1\.0\.0"):
        marketplace.install("w2", "2.0.0")


def test_a_package_changed_on_the_drive_is_not_run_either(
    marketplace: Marketplace, make_package: Make
) -> None:
    """The hash is checked each time that a published package is used."""
    marketplace.publish(make_package())
    replaced = make_package(authors=["someone else"])
    marketplace.published("w2", "1.0.0").write_bytes(replaced.read_bytes())
    with pytest.raises(InvalidRequest, match="was changed since it was published"):
        marketplace.find("w2", "1.0.0")


def test_a_damaged_package_is_not_published(marketplace: Marketplace, make_package: Make) -> None:
    """An entry that does not fit its checksum is found before anything is stored."""
    package = make_package()
    with zipfile.ZipFile(package) as archive:
        entry = archive.getinfo("w2.ibflowbin")
    content = bytearray(package.read_bytes())
    content[entry.header_offset + 30 + len(entry.filename)] ^= 0xFF
    package.write_bytes(bytes(content))
    with pytest.raises(InvalidRequest, match=r"w2\.ibsolution is damaged"):
        marketplace.publish(package)
    assert marketplace.apps() == []


def test_a_package_changed_on_the_drive_is_not_installed(
    marketplace: Marketplace, make_package: Make
) -> None:
    """The hash taken at publication guards the installation."""
    marketplace.publish(make_package())
    with marketplace.published("w2", "1.0.0").open("ab") as file:
        file.write(b"more")
    with pytest.raises(InvalidRequest, match="was changed since it was published"):
        marketplace.install("w2", "1.0.0")
    assert marketplace.installed("w2", "1.0.0") is None


def test_unpublishing_leaves_the_installation(marketplace: Marketplace, make_package: Make) -> None:
    """A withdrawn package can no longer be installed; where it is, it stays."""
    marketplace.publish(make_package())
    marketplace.install("w2", "1.0.0")
    marketplace.unpublish("w2", "1.0.0")
    (app,) = marketplace.apps()
    assert (app.available_versions, app.installed_versions) == ([], ["1.0.0"])
    with pytest.raises(NotFound):
        marketplace.unpublish("w2", "1.0.0")


def test_a_withdrawn_version_can_be_published_anew_and_replaces_the_installation(
    marketplace: Marketplace, make_package: Make
) -> None:
    """After unpublish the version may carry other content, which install then brings."""
    marketplace.publish(make_package())
    marketplace.install("w2", "1.0.0")
    before = marketplace.find("w2", "1.0.0")
    marketplace.unpublish("w2", "1.0.0")
    marketplace.publish(make_package("new.ibsolution", flow='{"steps": [], "rootDir": ".."}'))
    marketplace.install("w2", "1.0.0")
    installed = marketplace.installed("w2", "1.0.0")
    assert installed is not None
    assert installed.digest == marketplace.find("w2", "1.0.0").digest != before.digest
    assert len(list(installed.path.parent.iterdir())) == 2


def test_a_failed_installation_leaves_nothing(
    marketplace: Marketplace,
    root: Path,
    make_package: Make,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """When copying breaks off, no half installed solution and no rest remains."""
    marketplace.publish(make_package())

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        marketplace.install("w2", "1.0.0")
    assert marketplace.installed("w2", "1.0.0") is None
    assert [path for path in (root / ".ibflow/solutions").rglob("*") if path.is_file()] == []
