"""Zip archives: checked before anything is unpacked, packed to the same bytes every time.

Used for solutions, flow binaries and the extract call of the files API.
"""

from __future__ import annotations

import errno
import re
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.local.limits import Limits

_EPOCH = (1980, 1, 1, 0, 0, 0)
_FILE_MODE = 0o644 << 16
_PIECE = 1024 * 1024
_SMALL = 64 * 1024 * 1024  # unpacked bytes that are no bomb, however well they were packed
_ENCRYPTED = 0x1
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    ValueError,
)
_DRIVE_LETTER = re.compile(r"[A-Za-z]:")


@contextmanager
def open_archive(path: Path, limits: Limits) -> Iterator[zipfile.ZipFile]:
    """Open a zip and check all its entries.

    Raises:
        InvalidRequest: it is no zip, or an entry has an absolute name, leaves the archive, is a
            symbolic link, is encrypted, appears twice, or the whole is larger than the limits
            or grows like a zip bomb.
    """
    try:
        archive = zipfile.ZipFile(path)
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        raise InvalidRequest(f"{path.name} is not a readable zip file ({reason}).") from error
    except _DAMAGE as error:
        raise InvalidRequest(f"{path.name} is not a readable zip file ({error}).") from error
    with archive:
        _check(path.name, archive.infolist(), limits)
        yield archive


def file_entries(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Give the entries that are files, without the folders."""
    return [entry for entry in archive.infolist() if not entry.is_dir()]


def extract_archive(path: Path, folder: Path, limits: Limits) -> list[Path]:
    """Unpack a zip into ``folder``, counting the bytes that really come out.

    Args:
        path: the zip file, whatever its extension.
        folder: an existing folder; files are added to it.
        limits: bounds on entries and unpacked bytes.

    Raises:
        InvalidRequest: see :func:`open_archive`; or an entry is damaged, or more comes out of
            it than it declares. What was written by then is left for the caller to discard.
    """
    written = []
    with open_archive(path, limits) as archive:
        for entry in file_entries(archive):
            target = folder / PurePosixPath(entry.filename)
            target.parent.mkdir(parents=True, exist_ok=True)
            with (
                target.open("wb") as output,
                reading_entries(path.name, entry.filename),
                archive.open(entry) as source,
            ):
                shutil.copyfileobj(source, output, _PIECE)
            written.append(target)
    return written


def check_entries(path: Path, limits: Limits) -> None:
    """Read all entries of a zip through, without unpacking them.

    Raises:
        InvalidRequest: see :func:`open_archive`; or an entry is damaged.
    """
    with open_archive(path, limits) as archive, reading_entries(path.name):
        if bad := archive.testzip():
            raise InvalidRequest(f"{path.name} is damaged at its entry {bad}.")


@contextmanager
def reading_entries(name: str, entry: str = "") -> Iterator[None]:
    """Turn what zip files can raise while entries are read into one sentence.

    Raises:
        InvalidRequest: the archive ``name`` is damaged, at its ``entry`` if one is given.
    """
    where = f"{name} is damaged at its entry {entry}" if entry else f"{name} is damaged"
    try:
        yield
    except OSError as error:
        if error.errno == errno.EINVAL:
            reason = "an entry is not where it should be"
        elif error.errno is None:  # a decompressor's complaint
            reason = str(error)
        else:
            raise
        raise InvalidRequest(f"{where} ({reason}).") from error
    except _DAMAGE as error:
        raise InvalidRequest(f"{where} ({error}).") from error


def pack_archive(target: Path, content: Mapping[str, Path | bytes]) -> None:
    """Write a zip of file entries, in order of their names and without times.

    Args:
        target: the new file; write to a temporary name and rename it.
        content: entry name to a file or to bytes.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(content):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = _FILE_MODE
            entry.compress_type = zipfile.ZIP_DEFLATED
            value = content[name]
            if isinstance(value, bytes):
                archive.writestr(entry, value)
                continue
            with value.open("rb") as source, archive.open(entry, "w") as output:
                shutil.copyfileobj(source, output, _PIECE)


def _check(name: str, entries: list[zipfile.ZipInfo], limits: Limits) -> None:
    if len(entries) > limits.archive_files:
        raise InvalidRequest(
            f"{name} has {len(entries):,} entries; the limit is {limits.archive_files:,}."
        )
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > limits.archive_bytes:
        raise InvalidRequest(
            f"{name} would unpack to {unpacked:,} bytes; the limit is {limits.archive_bytes:,}."
        )
    packed = sum(entry.compress_size for entry in entries)
    if unpacked > _SMALL and unpacked > packed * limits.archive_ratio:
        raise InvalidRequest(
            f"{name} would unpack to more than {limits.archive_ratio} times its size, like a zip"
            " bomb."
        )
    seen: set[str] = set()
    for entry in entries:
        _check_entry(name, entry)
        if entry.filename in seen:
            raise InvalidRequest(f"{name} holds the entry {entry.filename!r} twice.")
        seen.add(entry.filename)


def _check_entry(name: str, entry: zipfile.ZipInfo) -> None:
    path = PurePosixPath(entry.filename)
    if not entry.filename:
        raise InvalidRequest(f"{name} holds an entry without a name.")
    if path.is_absolute() or _DRIVE_LETTER.match(entry.filename) or "\\" in entry.filename:
        raise InvalidRequest(f"{name} holds the absolute or foreign name {entry.filename!r}.")
    if ".." in path.parts:
        raise InvalidRequest(f"{name} holds an entry that leaves it: {entry.filename!r}.")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise InvalidRequest(f"{name} holds the symbolic link {entry.filename!r}.")
    if entry.flag_bits & _ENCRYPTED:
        raise InvalidRequest(f"{name} holds the encrypted entry {entry.filename!r}.")
