"""Rich text: ``.rtf``, converted by striprtf."""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path

from striprtf.striprtf import rtf_to_text

from ibflow_nb.local.documents.errors import UnreadableDocument
from ibflow_nb.local.documents.layout import Page
from ibflow_nb.local.documents.options import ReadOptions
from ibflow_nb.local.documents.readers.columns import align
from ibflow_nb.local.documents.readers.pages import text_pages

# striprtf drops headers and footers, turns cells into "|" and page breaks into line ends; these
# control words are replaced before it, so that nothing is lost.
_CELL, _BREAK = "\ue000", "\ue001"
_CONTROL = (
    (re.compile(r"\\(?:nest)?cell(?![a-z]) ?"), f"\\\\u{ord(_CELL)}?"),
    (re.compile(r"\\page(?![a-z]) ?"), f"\\\\u{ord(_BREAK)}?"),
    (re.compile(r"\\nestrow(?![a-z])"), r"\\row"),
    (re.compile(r"\\(?:header|footer)[lrf]?(?![a-z])"), r"\\par"),
)


def read_rtf(path: Path, options: ReadOptions) -> list[Page]:
    """Read a rich text document; its page breaks begin pages, tables are aligned in columns.

    Raises:
        UnreadableDocument: it is no rich text.
    """
    source = path.read_bytes().decode("latin-1")
    if not source.lstrip().startswith("{\\rtf"):
        raise UnreadableDocument("It is no rich text document (it does not begin with {\\rtf).")
    for pattern, replacement in _CONTROL:
        source = pattern.sub(replacement, source)
    text: str = rtf_to_text(source, errors="replace")  # type: ignore[no-untyped-call]
    return text_pages(_with_tables(page) for page in text.split(_BREAK))


def _with_tables(text: str) -> str:
    blocks = []
    for is_row, lines in groupby(text.split("\n"), key=lambda line: _CELL in line):
        if is_row:
            blocks.append(align(line.removesuffix(_CELL).split(_CELL) for line in lines))
        else:
            blocks.extend(lines)
    return "\n".join(blocks).strip("\n")
