"""One reader a kind of document, imported when the first such document comes."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import cast

from ibflow_nb.local.documents.errors import UnreadableDocument
from ibflow_nb.local.documents.kinds import find_kind
from ibflow_nb.local.documents.layout import Page
from ibflow_nb.local.documents.options import ReadOptions

Reader = Callable[[Path, ReadOptions], list[Page]]

_READERS = {
    "pdf": "ibflow_nb.local.documents.pdf:read_pdf",
    "image": "ibflow_nb.local.documents.images:read_image",
    "text": "ibflow_nb.local.documents.readers.text:read_text",
    "csv": "ibflow_nb.local.documents.readers.delimited:read_delimited",
    "html": "ibflow_nb.local.documents.readers.web:read_html",
    "mht": "ibflow_nb.local.documents.readers.web:read_mht",
    "docx": "ibflow_nb.local.documents.readers.word:read_docx",
    "xlsx": "ibflow_nb.local.documents.readers.spreadsheet:read_spreadsheet",
    "xls": "ibflow_nb.local.documents.readers.spreadsheet:read_spreadsheet",
    "pptx": "ibflow_nb.local.documents.readers.presentation:read_pptx",
    "rtf": "ibflow_nb.local.documents.readers.rtf:read_rtf",
    "odt": "ibflow_nb.local.documents.readers.opendocument:read_odt",
    "eml": "ibflow_nb.local.documents.readers.mail:read_eml",
    "msg": "ibflow_nb.local.documents.readers.outlook:read_msg",
}


def read_document(path: Path, options: ReadOptions) -> list[Page]:
    """Read the wanted pages of a document of any supported kind.

    Args:
        path: the file.
        options: pages, passwords, OCR and limits.

    Returns:
        The pages in order, with their numbers in the file.

    Raises:
        UnreadableDocument: one sentence that tells why the document cannot be read.
    """
    check_size(path, options)
    kind = find_kind(path)
    pages = _load(kind)(path, options)
    if not pages:
        return []
    wanted = set(options.choose(1 + max(page.number for page in pages), "document"))
    return [page for page in pages if page.number in wanted]


def check_size(path: Path, options: ReadOptions) -> None:
    """Refuse a file that is larger than the limit, before anything is read of it."""
    size = path.stat().st_size
    if size > options.limits.file_bytes:
        raise UnreadableDocument(
            f"The file has {size:,} bytes, the limit is {options.limits.file_bytes:,}."
        )


def _load(kind: str) -> Reader:
    module, _, function = _READERS[kind].partition(":")
    return cast("Reader", getattr(import_module(module), function))
