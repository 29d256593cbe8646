"""What an upload consists of."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_DIGITS = 16
_RESERVED = {"out"}  # the default output folder lies beside the input


@dataclass(frozen=True)
class LocalFile:
    """A file to send.

    Attributes:
        path: where it is.
        name: its name below the uploaded folder, with slashes; empty for a lone file.
        size: in bytes.
    """

    path: Path
    name: str
    size: int


@dataclass(frozen=True)
class Upload:
    """A local file or folder to send.

    Attributes:
        name: its own name.
        files: what it consists of, sorted.
        digest: hash of the names and contents of all files.
        is_folder: whether it is a folder.
    """

    name: str
    files: tuple[LocalFile, ...]
    digest: str
    is_folder: bool


def plan(source: Path) -> Upload:
    """Find the files of an upload and hash their content.

    Raises:
        OSError: the source does not exist, or a file cannot be read.
    """
    source = source.resolve(strict=True)
    is_folder = source.is_dir()
    paths = sorted(path for path in source.rglob("*") if path.is_file()) if is_folder else [source]
    named = {path.relative_to(source).as_posix() if is_folder else "": path for path in paths}
    files = tuple(LocalFile(path, name, path.stat().st_size) for name, path in named.items())
    name = "input" if source.name in _RESERVED else source.name
    return Upload(name, files, content_hash(named), is_folder)


def content_hash(files: Mapping[str, Path]) -> str:
    """Give a short hash of names and contents, in the order of the mapping.

    Raises:
        OSError: a file cannot be read.
    """
    total = hashlib.sha256()
    for name, path in files.items():
        with path.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        total.update(f"{name}\0{digest}\n".encode())
    return total.hexdigest()[:_DIGITS]
