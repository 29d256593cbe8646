"""What kind of document a file is: by its content first, by its extension second."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

from ibflow_nb.local.documents.errors import UnreadableDocument

IMAGE_EXTENSIONS = frozenset({"png", "jpg", "jpeg", "jfif", "tif", "tiff", "bmp", "gif", "webp"})
_BY_EXTENSION = {
    "pdf": "pdf", **dict.fromkeys(IMAGE_EXTENSIONS, "image"),
    "txt": "text", "text": "text", "md": "text", "log": "text", "json": "text", "xml": "text",
    "csv": "csv", "tsv": "csv",
    "html": "html", "htm": "html", "xhtml": "html", "mht": "mht", "mhtml": "mht",
    "docx": "docx", "docm": "docx", "xlsx": "xlsx", "xlsm": "xlsx", "xls": "xls", "pptx": "pptx",
    "pptm": "pptx", "rtf": "rtf", "odt": "odt", "eml": "eml", "msg": "msg",
}  # fmt: skip
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image"), (b"\xff\xd8\xff", "image"), (b"II*\x00", "image"),
    (b"MM\x00*", "image"), (b"II+\x00", "image"), (b"MM\x00+", "image"), (b"GIF8", "image"),
    (b"{\\rtf", "rtf"), (b"PK\x03\x04", "zip"), (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
)  # fmt: skip
_ZIP_FOLDERS = {"word/": "docx", "xl/": "xlsx", "ppt/": "pptx"}
_ZIP_KINDS = frozenset({"docx", "xlsx", "pptx", "odt"})
_OLE_STREAMS = {"EncryptedPackage": "xlsx", "Workbook": "xls", "__substg1.0_": "msg"}
_OLE_KINDS = frozenset({"xls", "msg", "docx", "xlsx", "pptx"})
_HEAD = 4096
_MEDIA_TYPE = 256


def find_kind(path: Path) -> str:
    """Tell the kind of a document: a key of the readers' table.

    Raises:
        UnreadableDocument: the file is empty or of a type that no reader knows.
    """
    head = _read_head(path)
    if not head:
        raise UnreadableDocument("The file is empty (0 bytes).")
    extension = path.suffix.lower().removeprefix(".")
    by_name = _BY_EXTENSION.get(extension, "")
    by_content = _kind_of_content(path, head, by_name)
    kind = by_content or by_name or ("text" if _is_text(head) else "")
    if not kind:
        raise UnreadableDocument(
            f"Files of the type {extension or 'without extension'!r} cannot be read; PDF, images,"
            " office, mail, web and text files can."
        )
    return kind


def _read_head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD)
    except OSError as error:
        raise UnreadableDocument(f"The file cannot be opened: {error.strerror}.") from error


def _kind_of_content(path: Path, head: bytes, by_name: str) -> str:
    """Tell the kind by signature; empty where only the name can tell."""
    if b"%PDF-" in head[:1024]:
        return "pdf"
    if head.startswith(b"BM") and by_name in {"", "image"}:
        return "image"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image"
    found = next((kind for magic, kind in _MAGIC if head.startswith(magic)), "")
    if found == "zip":
        return by_name if by_name in _ZIP_KINDS else _kind_of_zip(path)
    if found == "ole":
        return by_name if by_name in _OLE_KINDS else _kind_of_ole(path)
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:15].lower()
    if not found and by_name in {"", "text"} and start.startswith((b"<!doctype html", b"<html")):
        return "html"
    return found


def _kind_of_zip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if "mimetype" in names and b"opendocument.text" in _start_of(archive, "mimetype"):
                return "odt"
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError):
        names = []
    for folder, kind in _ZIP_FOLDERS.items():
        if any(name.startswith(folder) for name in names):
            return kind
    raise UnreadableDocument("Zip archives cannot be read; extract it and run on its files.")


def _start_of(archive: zipfile.ZipFile, name: str) -> bytes:
    """Read what a media type needs at most: the limits of archives are checked later."""
    with archive.open(name) as entry:
        return entry.read(_MEDIA_TYPE)


def _kind_of_ole(path: Path) -> str:
    content = path.read_bytes()
    for stream, kind in _OLE_STREAMS.items():
        if stream.encode("utf-16-le") in content:
            return kind
    raise UnreadableDocument(
        "Old binary office files cannot be read; save it as .docx, .xlsx or .pptx."
    )


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    strange = sum(byte < 32 and byte not in b"\t\n\f\r\x1b" for byte in head)
    return strange == 0
