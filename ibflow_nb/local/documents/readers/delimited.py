"""Tables in text files: ``.csv`` and ``.tsv``."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

from ibflow_nb.local.documents.errors import UnreadableDocument
from ibflow_nb.local.documents.layout import Page
from ibflow_nb.local.documents.options import ReadOptions
from ibflow_nb.local.documents.readers.columns import align
from ibflow_nb.local.documents.readers.pages import text_pages
from ibflow_nb.local.documents.readers.text import decode_file

_DELIMITERS = ",;\t|"
_SAMPLE_LINES = 200


def read_delimited(path: Path, options: ReadOptions) -> list[Page]:
    """Read a table into one page of aligned columns; no row and no column is dropped.

    Raises:
        UnreadableDocument: the file is binary, or its quoting is broken beyond reading.
    """
    text = decode_file(path)
    delimiter = find_delimiter(text)
    csv.field_size_limit(options.limits.file_bytes)
    try:
        rows = list(csv.reader(text.splitlines(keepends=True), delimiter=delimiter))
    except csv.Error as error:
        raise UnreadableDocument(f"It is no readable table: {error}.") from error
    return text_pages([align(rows)])


def find_delimiter(text: str) -> str:
    """Find the character that separates cells.

    Of comma, semicolon, tab and bar the one that gives most rows the same number of cells wins;
    titles and remarks around the table do not matter. A line ``sep=;`` in front decides at once.
    """
    lines = text.splitlines(keepends=True)[:_SAMPLE_LINES]
    if lines and lines[0].lower().startswith("sep=") and len(lines[0].strip()) == 5:
        return lines[0][4]
    return max(_DELIMITERS, key=lambda delimiter: _regularity(lines, delimiter))


def _regularity(lines: list[str], delimiter: str) -> tuple[int, int]:
    """Score a delimiter: rows of the commonest length above one, then cells in such a row."""
    lengths = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter) if len(row) > 1)
    if not lengths:
        return 0, 0
    length, rows = lengths.most_common(1)[0]
    return rows, length
