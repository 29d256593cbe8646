"""What an upload consists of."""

from __future__ import annotations

import hashlib
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
    digest = hashlib.sha256()
    files = []
    for path in paths:
        name = path.relative_to(source).as_posix() if is_folder else ""
        with path.open("rb") as content:
            digest.update(
                f"{name}\0{hashlib.file_digest(content, 'sha256').hexdigest()}\n".encode()
            )
        files.append(LocalFile(path, name, path.stat().st_size))
    name = "input" if source.name in _RESERVED else source.name
    return Upload(name, tuple(files), digest.hexdigest()[:_DIGITS], is_folder)
