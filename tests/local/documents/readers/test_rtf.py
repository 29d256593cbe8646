"""Rich text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ibflow_nb.local.documents.errors import UnreadableDocument

Read = Callable[..., list[str]]
Write = Callable[[str, bytes | str], Path]


def test_tables_are_aligned(documents: Path, page_texts: Read) -> None:
    """Rows of cells become columns, other lines stay as they are."""
    (text,) = page_texts(documents / "office" / "fake-doc.rtf")
    assert text.split("\n")[2:] == [
        "Table Example:",
        "Column 1       Column 2",
        "Row 1, Cell 1  Row 1, Cell 2",
        "Row 2, Cell 1  Row 2, Cell 2",
    ]


def test_bars_in_text_are_no_cells(write_file: Write, page_texts: Read) -> None:
    """A written ``|`` stays one."""
    assert page_texts(write_file("a.rtf", r"{\rtf1 a|b\par c}")) == ["a|b\nc"]


def test_headers_and_page_breaks_are_kept(write_file: Write, page_texts: Read) -> None:
    """A header is text too, and a page break begins a page."""
    source = r"{\rtf1{\header ACME\par}one\page two}"
    assert page_texts(write_file("a.rtf", source)) == ["ACME\none", "two"]


def test_other_alphabets_are_decoded(write_file: Write, page_texts: Read) -> None:
    """Code pages and Unicode escapes both give their letters."""
    source = r"{\rtf1\ansi\ansicpg1251 \'d1\'f7\'b8\'f2 \u8364?}"
    assert page_texts(write_file("a.rtf", source)) == ["Счёт €"]


def test_what_is_no_rich_text_gets_a_reason(write_file: Write, page_texts: Read) -> None:
    """A file that is only called .rtf is refused."""
    with pytest.raises(UnreadableDocument, match="no rich text"):
        page_texts(write_file("a.rtf", "just text"))
