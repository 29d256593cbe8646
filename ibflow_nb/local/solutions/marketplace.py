"""The marketplace: published packages on the drive, installed solutions in the platform's state.

Source: Marketplace and Solution API document, "Publish a solution to Marketplace" and "Install a
Marketplace solution". A package lies at
``system/global/fs/Instabase Drive/Applications/Marketplace/All/<name>/<version>/``. A publication
or an installation comes into being with the rename of one file, and a publication ends with the
removal of one, so a killed server leaves the one before or the one after, never half of it. What
is run is read from the installed package.
"""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec

from ibflow_nb.api.errors import InvalidRequest, NotFound
from ibflow_nb.api.solutions import MarketplaceApp, Package
from ibflow_nb.local.archives import check_entries
from ibflow_nb.local.atomic import write_atomic
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.limits import Limits
from ibflow_nb.local.solutions.package import (
    SOLUTION_SUFFIX,
    Solution,
    check_name,
    file_digest,
    open_solution,
    parse_version,
    solution_file_name,
)

ALL_PACKAGES = "system/global/fs/Instabase Drive/Applications/Marketplace/All"
_MANIFEST = "manifest.json"
_PIECE = 1024 * 1024


class _Manifest(msgspec.Struct):
    """What is known of an installed or a published package.

    Attributes:
        name, version: of the package.
        digest: SHA-256 of the package file.
    """

    name: str
    version: str
    digest: str


class Marketplace:
    """Publishes, installs and lists solutions.

    Args:
        drive: the platform's drive.
        limits: bounds on packages.
    """

    def __init__(self, drive: Drive, limits: Limits) -> None:
        self._drive = drive
        self._limits = limits
        self._packages = drive.root / ALL_PACKAGES
        self._published = drive.state / "published"
        self._installed = drive.state / "solutions"
        self._changing = threading.Lock()

    def publish(self, path: Path) -> Package:
        """Make a package available; the same bytes again are no change.

        Raises:
            InvalidRequest: the package is refused (see :func:`open_solution`), or this version
                was published with other content.
        """
        solution = open_solution(path, self._limits)
        check_entries(path, self._limits)
        with self._changing:
            self._publish(solution)
        return solution.package

    def unpublish(self, name: str, version: str) -> None:
        """Withdraw a package; where it is installed it stays installed.

        Raises:
            NotFound: it is not published.
        """
        with self._changing:
            target = self.published(name, version)
            target.unlink()  # decides: a publication without its package does not count
            self._publication(name, version).unlink()
            for folder in (target.parent, target.parent.parent):
                if not any(folder.iterdir()):
                    folder.rmdir()

    def install(self, name: str, version: str) -> None:
        """Install a published package, verified by its hash; again is no change.

        Raises:
            NotFound: it is not published.
            InvalidRequest: the published file was changed or damaged since.
        """
        with self._changing:
            self._install(name, version)

    def installed(self, name: str, version: str) -> Solution | None:
        """Give an installed solution, or None.

        Raises:
            InvalidRequest: name or version have a wrong form, or what was installed is damaged.
        """
        check_name(name)
        parse_version(version)
        folder = self._installed / name / version
        manifest = self._read(folder / _MANIFEST)
        if manifest is None:
            return None
        return self._verified(folder / _package_name(manifest), manifest)

    def find(self, name: str, version: str) -> Solution:
        """Give an installed solution, else a published one.

        Raises:
            NotFound: it is neither.
            InvalidRequest: as for :meth:`installed`; or the published file was changed since.
        """
        if solution := self.installed(name, version):
            return solution
        package_path = self.published(name, version)
        manifest = self._read(self._publication(name, version))
        return self._verified(package_path, manifest)

    def published(self, name: str, version: str) -> Path:
        """Give the package file of a published solution.

        Raises:
            NotFound: it is not published.
        """
        check_name(name)
        parse_version(version)
        path = self._package_path(name, version)
        if not path.is_file() or not self._publication(name, version).is_file():
            raise NotFound(f"{name} {version} is not published{self._others(name)}.")
        return path

    def apps(self) -> list[MarketplaceApp]:
        """List all solutions by name, their versions newest first."""
        published = self._versions(self._published)
        installed = self._versions(self._installed)
        return [
            MarketplaceApp(
                name=name,
                available_versions=published.get(name, []),
                installed_versions=installed.get(name, []),
                src_paths={
                    version: self._drive.path_of(self._package_path(name, version))
                    for version in published.get(name, [])
                },
            )
            for name in sorted({*published, *installed})
        ]

    def _publish(self, solution: Solution) -> None:
        package = solution.package
        target = self._package_path(package.name, package.version)
        publication = self._publication(package.name, package.version)
        known = self._read(publication)
        if known is None or not target.exists():
            manifest = _Manifest(package.name, package.version, solution.digest)
            write_atomic(publication, msgspec.json.encode(manifest), mode=0o600)
            _copy(solution.path, target)
        elif known.digest != solution.digest:
            raise InvalidRequest(
                f"{solution.title} is published already with other content; give the package a"
                " new version."
            )

    def _install(self, name: str, version: str) -> None:
        package_path = self.published(name, version)
        known = self._read(self._publication(name, version))
        folder = self._installed / name / version
        installed = self._read(folder / _MANIFEST)
        if known and installed and installed.digest == known.digest:
            return
        if known is None or file_digest(package_path) != known.digest:
            raise InvalidRequest(_changed(name, version))
        _copy(package_path, folder / _package_name(known), mode=0o600)
        write_atomic(folder / _MANIFEST, msgspec.json.encode(known), mode=0o600)
        if installed:
            (folder / _package_name(installed)).unlink(missing_ok=True)

    def _verified(self, package_path: Path, manifest: _Manifest | None) -> Solution:
        solution = open_solution(package_path, self._limits)
        if manifest is None or solution.digest != manifest.digest:
            raise InvalidRequest(_changed(solution.package.name, solution.package.version))
        return solution

    def _versions(self, folder: Path) -> dict[str, list[str]]:
        """Collect the versions that have a manifest below ``folder``, by solution name."""
        found: dict[str, list[str]] = {}
        for path in folder.glob(f"[!.]*/*/{_MANIFEST}"):
            manifest = self._read(path)
            if manifest is not None and (folder == self._installed or self._is_there(manifest)):
                found.setdefault(manifest.name, []).append(manifest.version)
        for versions in found.values():
            versions.sort(key=parse_version, reverse=True)
        return found

    def _is_there(self, manifest: _Manifest) -> bool:
        return self._package_path(manifest.name, manifest.version).is_file()

    def _others(self, name: str) -> str:
        versions = self._versions(self._published).get(name, [])
        return f"; published versions: {', '.join(versions)}" if versions else ""

    def _package_path(self, name: str, version: str) -> Path:
        file_name = solution_file_name(Package(name=name, version=version))
        return self._packages / name / version / file_name

    def _publication(self, name: str, version: str) -> Path:
        return self._published / name / version / _MANIFEST

    @staticmethod
    def _read(path: Path) -> _Manifest | None:
        try:
            return msgspec.json.decode(path.read_bytes(), type=_Manifest)
        except (OSError, msgspec.DecodeError):
            return None


def _package_name(manifest: _Manifest) -> str:
    """Name an installed package by its content, so that the manifest alone decides."""
    return f"{manifest.digest}{SOLUTION_SUFFIX}"


def _copy(source: Path, target: Path, *, mode: int = 0o644) -> None:
    with source.open("rb") as file:
        write_atomic(target, iter(lambda: file.read(_PIECE), b""), mode=mode)


def _changed(name: str, version: str) -> str:
    return (
        f"The published package of {name} {version} was changed since it was published;"
        " unpublish it and publish it again."
    )
