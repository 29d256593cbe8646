"""Plain text: ``.txt``, ``.md``, ``.json``, logs and whatever else is readable as it stands."""

from __future__ import annotations

from pathlib import Path

from ibflow_nb.local.documents.errors import UnreadableDocument
from ibflow_nb.local.documents.layout import Page
from ibflow_nb.local.documents.options import ReadOptions
from ibflow_nb.local.documents.readers.decoding import decode_text, is_binary
from ibflow_nb.local.documents.readers.pages import text_pages


def read_text(path: Path, options: ReadOptions) -> list[Page]:
    """Read a text file; a form feed begins a new page.

    Raises:
        UnreadableDocument: the bytes are no text in any known encoding.
    """
    return text_pages(decode_file(path).removesuffix("\f").split("\f"))


def decode_file(path: Path) -> str:
    """Give the text of a file.

    Raises:
        UnreadableDocument: the bytes are no text in any known encoding.
    """
    text = decode_text(path.read_bytes())
    if is_binary(text):
        raise UnreadableDocument(
            "It holds binary data and no text; convert it to a supported format."
        )
    return text
