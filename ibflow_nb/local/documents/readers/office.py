"""Opening office files: password taken off and size checked before any parser sees them."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from xml.parsers.expat import ExpatError

import msoffcrypto
from lxml import etree
from msoffcrypto.exceptions import DecryptionError, FileFormatError, InvalidKeyError, ParseError

from ibflow_nb.local.documents.errors import UnreadableDocument
from ibflow_nb.local.documents.options import ReadOptions
from ibflow_nb.local.limits import Limits

# What zipfile and lxml raise on damaged packages and on entries that are encrypted on their own.
BROKEN_PACKAGE = (
    zipfile.BadZipFile,
    zlib.error,
    etree.LxmlError,
    EOFError,
    KeyError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)
# What olefile and msoffcrypto raise on damaged compound files and unknown encryption.
_BROKEN_COMPOUND_FILE = (
    DecryptionError,
    ExpatError,
    FileFormatError,
    IndexError,
    KeyError,
    OSError,
    ParseError,
    ValueError,
    struct.error,
)
_COMPOUND_FILE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# Excel encrypts with this password when only the structure of a workbook is locked, and opens
# such files without asking.
_EXCEL_DEFAULT = "VelvetSweatshop"


def open_office(path: Path, options: ReadOptions) -> io.BytesIO:
    """Give the content of an office file, decrypted and checked against the limits.

    Args:
        path: a zip package (docx, xlsx, pptx, odt) or a compound file (xls, encrypted package).
        options: the passwords to try, and the limits.

    Raises:
        UnreadableDocument: it is protected and no password fits, it is damaged, or it unpacks
            to more than ``Limits.archive_bytes`` or ``archive_files``.
    """
    stream = io.BytesIO(path.read_bytes())
    if is_compound_file(stream):
        stream = _decrypt(stream, [*options.passwords, _EXCEL_DEFAULT])
    if not is_compound_file(stream):
        check_archive(stream, options.limits)
    return stream


def is_compound_file(stream: io.BytesIO) -> bool:
    """Tell whether this is the container of the binary formats of before 2007."""
    return stream.getbuffer()[: len(_COMPOUND_FILE)] == _COMPOUND_FILE


def check_archive(stream: io.BytesIO, limits: Limits) -> None:
    """Refuse a zip that is broken, or that would unpack to more than the limits allow.

    Raises:
        UnreadableDocument: it is damaged or too large.
    """
    try:
        with zipfile.ZipFile(stream) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise UnreadableDocument(
            "It is damaged or is no office file (no readable zip); save it again."
        ) from error
    finally:
        stream.seek(0)
    if len(entries) > limits.archive_files:
        raise UnreadableDocument(
            f"It holds {len(entries)} parts, more than the {limits.archive_files} that the "
            "setting archive_files allows."
        )
    if (size := sum(entry.file_size for entry in entries)) > limits.archive_bytes:
        raise UnreadableDocument(
            f"It unpacks to {size} bytes, more than the {limits.archive_bytes} that the setting "
            "archive_bytes allows."
        )


def _decrypt(stream: io.BytesIO, passwords: Iterable[str]) -> io.BytesIO:
    """Take the encryption off a compound file; one without encryption is given back."""
    try:
        file = msoffcrypto.OfficeFile(stream)
        if not file.is_encrypted():
            stream.seek(0)
            return stream
        for password in passwords:
            if plain := _try_password(file, password):
                return plain
    except _BROKEN_COMPOUND_FILE as error:
        raise UnreadableDocument(
            f"It is damaged or encrypted in a way that is not supported ({error})."
        ) from error
    raise UnreadableDocument(
        "It is protected by a password and none that was given fits; name it in encryption_config."
    )


def _try_password(file: msoffcrypto.format.base.BaseOfficeFile, password: str) -> io.BytesIO | None:
    plain = io.BytesIO()
    try:
        file.load_key(password=password, verify_password=True)
        file.decrypt(plain)
    except InvalidKeyError:
        return None
    plain.seek(0)
    return plain
