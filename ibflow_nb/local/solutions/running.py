"""Getting a solution ready to run: which one is meant, and its content on the drive.

Source: Marketplace and Solution API document, "Run a solution" and "Run a solution in sync mode".
"""

from __future__ import annotations

import tempfile
import zlib
from pathlib import Path, PurePosixPath

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.local.archives import extract_archive, open_archive, reading_entries
from ibflow_nb.local.atomic import TEMPORARY_PREFIX, write_atomic
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.limits import Limits
from ibflow_nb.local.solutions.marketplace import Marketplace
from ibflow_nb.local.solutions.package import Solution, open_solution

DEFAULT_REPO = "my-repo"
_PIECE = 1024 * 1024
_DIGEST_LETTERS = 12


class Solutions:
    """Finds the solutions of one platform and lays what they need onto its drive."""

    def __init__(self, drive: Drive, marketplace: Marketplace, user: str, limits: Limits) -> None:
        self._drive = drive
        self._marketplace = marketplace
        self._user = user
        self._limits = limits

    def to_run(self, name: str, version: str, path: str) -> Solution:
        """Find the solution that ``solution/run`` names: an installed one, or a package.

        Raises:
            NotFound: there is none.
            InvalidRequest: it is named in no way or in two, is published and not installed, or
                its package is refused.
        """
        if path or not (name and version):
            return self.to_run_at_once(name, version, path)
        if solution := self._marketplace.installed(name, version):
            return solution
        self._marketplace.published(name, version)
        raise InvalidRequest(
            f"{name} {version} is published and not installed: install it first, with"
            " marketplace/install."
        )

    def to_run_at_once(self, name: str, version: str, path: str) -> Solution:
        """Find the solution that ``run_sync`` names; one that is only published will do.

        Raises:
            NotFound: there is none.
            InvalidRequest: it is named in no way or in two, or its package is refused.
        """
        if path and not name and not version:
            return open_solution(self._drive.locate(path), self._limits)
        if path or not name or not version:
            raise InvalidRequest("Give either 'name' and 'version', or 'solution_path'.")
        return self._marketplace.find(name, version)

    def space(self, repo_name: str) -> str:
        """Give the drive path of the user's space in a repository.

        Raises:
            InvalidRequest: the repository cannot have this name.
        """
        if not repo_name or "/" in repo_name or repo_name in {".", ".."}:
            raise InvalidRequest(f"'{repo_name}' cannot be the name of a repository.")
        return f"{self._user}/{repo_name}/fs/Instabase Drive"

    def place_binary(self, solution: Solution, repo_name: str = DEFAULT_REPO) -> str:
        """Lay a solution's flow binary onto the drive, unless it is there; give its drive path.

        It lies at ``solutions/<name>-<version>-<hash>/`` in the user's space, where it stays: a
        job that is restarted needs it again.

        Raises:
            InvalidRequest: the binary is damaged within the package.
        """
        package = solution.package
        folder = f"{package.name}-{package.version}-{solution.digest[:_DIGEST_LETTERS]}"
        name = PurePosixPath(solution.binary).name
        target = self._drive.resolve(f"{self.space(repo_name)}/solutions/{folder}/{name}")
        with (
            open_archive(solution.path, self._limits) as archive,
            reading_entries(solution.path.name),
        ):
            entry = archive.getinfo(f"{solution.root}{solution.binary}")
            if not _has_content(target, entry.file_size, entry.CRC):
                with archive.open(entry) as source:
                    write_atomic(target, iter(lambda: source.read(_PIECE), b""))
        return self._drive.path_of(target)

    def unpack(self, solution: Solution, folder: str) -> str:
        """Unpack a solution into a folder of the drive; give the drive path of its binary.

        The folder is made when absent; other files in it stay.

        Raises:
            InvalidRequest: the folder cannot be used, or the package is damaged; then nothing
                was unpacked.
        """
        target = self._drive.place(folder)
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=TEMPORARY_PREFIX, dir=target) as name:
            work = Path(name)
            content = work / solution.root
            written = extract_archive(solution.path, work, self._limits)
            moves = [(path, self._inside(target, path.relative_to(content))) for path in written]
            for source, place in moves:
                place.parent.mkdir(parents=True, exist_ok=True)
                source.replace(place)
        return self._drive.path_of(target / solution.binary)

    def _inside(self, folder: Path, name: Path) -> Path:
        place = self._drive.resolve(f"{self._drive.path_of(folder)}/{name.as_posix()}")
        if place.is_dir() or any(
            parent.is_file() for parent in place.parents if parent.is_relative_to(folder)
        ):
            raise InvalidRequest(
                f"The solution cannot be unpacked: '{self._drive.path_of(place)}' would replace a"
                " folder by a file, or a file by a folder."
            )
        return place


def _has_content(path: Path, size: int, checksum: int) -> bool:
    if not path.is_file() or path.stat().st_size != size:
        return False
    found = 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            found = zlib.crc32(piece, found)
    return found == checksum
