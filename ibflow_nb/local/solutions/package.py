"""Solution packages: an ``.ibsolution`` is a zip of a content folder.

Source: Marketplace and Solution API document, "Package a solution". The content folder holds
``package.json`` and, at its top or in a sub-folder, one flow binary (``.ibflowbin``).
"""

from __future__ import annotations

import hashlib
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import msgspec

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.api.schema import explain
from ibflow_nb.api.solutions import Package
from ibflow_nb.local.archives import file_entries, open_archive, reading_entries
from ibflow_nb.local.limits import Limits

PACKAGE_FILE = "package.json"
BINARY_SUFFIX = ".ibflowbin"
SOLUTION_SUFFIX = ".ibsolution"

_VERSION = re.compile(r"(\d{1,9})\.(\d{1,9})\.(\d{1,9})")
_NAME = re.compile(r"[^\W_](?:[\w .+()-]*[\w)+])?")
_LONGEST_NAME = 100


@dataclass(frozen=True)
class Solution:
    """An ``.ibsolution`` that passed all checks.

    Attributes:
        path: the package file.
        package: its ``package.json``.
        digest: SHA-256 of the package file.
        root: folder within the zip that holds the content, with ``/``; empty for the top.
        binary: name of the flow binary, relative to ``root``.
    """

    path: Path
    package: Package
    digest: str
    root: str
    binary: str

    @property
    def title(self) -> str:
        """Name and version, as sentences name the solution."""
        return f"{self.package.name} {self.package.version}"


def parse_version(text: str) -> tuple[int, int, int]:
    """Read ``major.minor.patch``; the numbers order versions.

    Raises:
        InvalidRequest: the text has another form.
    """
    match = _VERSION.fullmatch(text)
    if match is None:
        raise InvalidRequest(f"The version '{text}' must have the form major.minor.patch.")
    return int(match[1]), int(match[2]), int(match[3])


def check_name(name: str) -> None:
    """Refuse a solution name that could not be a folder's name.

    Raises:
        InvalidRequest: the name is empty, too long, or holds other characters than letters,
            digits, spaces and ``_.+()-``.
    """
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        raise InvalidRequest(
            f"The solution name '{name[:_LONGEST_NAME]}' must be made of letters, digits, spaces"
            " and _.+()-, begin with a letter or digit, and have 100 characters at most."
        )


def read_package(raw: bytes, where: str) -> Package:
    """Read ``package.json``.

    Args:
        raw: its bytes.
        where: the package or folder it comes from, for the error sentence.

    Raises:
        InvalidRequest: it is no JSON object, or name or version are missing or wrong.
    """
    try:
        package = msgspec.json.decode(raw, type=Package)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"{PACKAGE_FILE} of {where} is wrong: {explain(error)}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{PACKAGE_FILE} of {where} is not valid JSON: {error}.") from error
    check_name(package.name)
    parse_version(package.version)
    return package


def solution_file_name(package: Package) -> str:
    """Give ``<name>-<version>.ibsolution``."""
    return f"{package.name}-{package.version}{SOLUTION_SUFFIX}"


def open_solution(path: Path, limits: Limits) -> Solution:
    """Check an ``.ibsolution`` without unpacking it.

    Raises:
        InvalidRequest: it is no zip, unsafe, has no or a broken ``package.json``, several
            roots, or no single flow binary that is a zip itself.
    """
    with open_archive(path, limits) as archive, reading_entries(path.name):
        names = [entry.filename for entry in file_entries(archive)]
        root = _find_root(path.name, names)
        package = read_package(archive.read(f"{root}{PACKAGE_FILE}"), path.name)
        binary = find_binary(path.name, [name.removeprefix(root) for name in names])
        with archive.open(f"{root}{binary}") as inner:
            if not zipfile.is_zipfile(inner):
                raise InvalidRequest(f"The flow binary {binary} in {path.name} is not a zip file.")
    return Solution(path, package, file_digest(path), root, binary)


def find_binary(where: str, names: list[str]) -> str:
    """Choose the flow binary: the only one, or the only one at the top.

    Raises:
        InvalidRequest: there is none, or several could be meant.
    """
    binaries = [name for name in names if name.lower().endswith(BINARY_SUFFIX)]
    at_top = [name for name in binaries if "/" not in name]
    for choice in (binaries, at_top):
        if len(choice) == 1:
            return choice[0]
    if not binaries:
        raise InvalidRequest(f"{where} holds no flow binary ({BINARY_SUFFIX}).")
    listed = ", ".join(sorted(binaries)[:5])
    raise InvalidRequest(f"{where} holds several flow binaries, keep one: {listed}.")


def file_digest(path: Path) -> str:
    """Give the SHA-256 of a file as hexadecimal text."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _find_root(where: str, names: list[str]) -> str:
    """Find the folder of the zip that holds ``package.json``: the top, or the only folder."""
    if PACKAGE_FILE in names:
        return ""
    tops = {PurePosixPath(name).parts[0] for name in names}
    roots = sorted(top for top in tops if f"{top}/{PACKAGE_FILE}" in names)
    if not roots:
        raise InvalidRequest(f"{where} has no {PACKAGE_FILE}.")
    if len(tops) > 1:
        raise InvalidRequest(
            f"{where} has several roots, {', '.join(sorted(tops)[:5])}; {PACKAGE_FILE} must lie"
            " at the top."
        )
    return f"{roots[0]}/"
