"""The marketplace: published packages on the drive, installed solutions in the platform's state.

Source: Marketplace and Solution API document, "Publish a solution to Marketplace" and "Install a
Marketplace solution". A package lies at
``system/global/fs/Instabase Drive/Applications/Marketplace/All/<name>/<version>/``. A publication
or an installation comes into being with one rename, so a killed server leaves the one before or
the one after, never half of it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec

from ibflow_nb.api.errors import InvalidRequest, NotFound
from ibflow_nb.api.solutions import MarketplaceApp, Package
from ibflow_nb.local.archives import extract_archive
from ibflow_nb.local.atomic import TEMPORARY_PREFIX, write_atomic
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.limits import Limits
from ibflow_nb.local.solutions.package import (
    Solution,
    check_name,
    file_digest,
    open_solution,
    parse_version,
    solution_file_name,
)

ALL_PACKAGES = "system/global/fs/Instabase Drive/Applications/Marketplace/All"
_MANIFEST = "manifest.json"
_CONTENT = "content"


class _Manifest(msgspec.Struct):
    """What is known of an installed or a published package.

    Attributes:
        name, version: of the package.
        digest: SHA-256 of the package file.
        binary: flow binary, relative to the content.
    """

    name: str
    version: str
    digest: str
    binary: str


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

    def publish(self, path: Path) -> Package:
        """Make a package available; the same bytes again are no change.

        Raises:
            InvalidRequest: the package is refused (see :func:`open_solution`), or this version
                was published with other content.
        """
        solution = open_solution(path, self._limits)
        package = solution.package
        digest = file_digest(path)
        target = self._package_path(package.name, package.version)
        known = self._read(self._publication(package.name, package.version))
        if known is not None and target.exists():
            if known.digest != digest:
                raise InvalidRequest(
                    f"{package.name} {package.version} is published already with other content;"
                    " give the package a new version."
                )
            return package
        manifest = _Manifest(package.name, package.version, digest, solution.binary)
        write_atomic(
            self._publication(package.name, package.version),
            msgspec.json.encode(manifest),
            mode=0o600,
        )
        with path.open("rb") as source:
            write_atomic(target, iter(lambda: source.read(1024 * 1024), b""))
        return package

    def unpublish(self, name: str, version: str) -> None:
        """Withdraw a package; where it is installed it stays installed.

        Raises:
            NotFound: it is not published.
        """
        target = self.published(name, version)
        target.unlink()
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
        package_path = self.published(name, version)
        manifest = self._read(self._publication(name, version))
        if manifest is None or file_digest(package_path) != manifest.digest:
            raise InvalidRequest(
                f"The published package of {name} {version} was changed since it was published;"
                " unpublish it and publish it again."
            )
        target = self._installed / name / version
        installed = self._read(target / _MANIFEST)
        if installed is not None and installed.digest == manifest.digest:
            return
        self._unpack(open_solution(package_path, self._limits), manifest, target)

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

    def installed_binary(self, name: str, version: str) -> Path | None:
        """Give the flow binary of an installed solution, or None."""
        check_name(name)
        parse_version(version)
        folder = self._installed / name / version
        manifest = self._read(folder / _MANIFEST)
        return folder / _CONTENT / manifest.binary if manifest is not None else None

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

    def _unpack(self, solution: Solution, manifest: _Manifest, target: Path) -> None:
        """Unpack beside the target, then put it in place with one rename."""
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=TEMPORARY_PREFIX, dir=self._installed) as name:
            work = Path(name)
            raw = work / "raw"
            raw.mkdir()
            extract_archive(solution.path, raw, self._limits)
            ready = work / "ready"
            ready.mkdir()
            (raw / solution.root).rename(ready / _CONTENT)
            write_atomic(ready / _MANIFEST, msgspec.json.encode(manifest), mode=0o600)
            if target.exists():
                target.rename(work / "before")
            ready.rename(target)

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
