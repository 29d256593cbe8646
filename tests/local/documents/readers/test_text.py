"""Plain text in all encodings that people have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ibflow_nb.local.documents.errors import UnreadableDocument
from ibflow_nb.local.documents.readers.decoding import decode_text

Read = Callable[..., list[str]]
Write = Callable[[str, bytes | str], Path]


@pytest.mark.parametrize(
    "encoding",
    [
        *("utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"),
        *("utf-32", "utf-32-le", "utf-32-be"),
    ],
)
def test_every_common_encoding_is_found(encoding: str) -> None:
    """Accents and the euro sign come out right whatever the file is encoded in."""
    text = "Müller café 12,50 €\nThe total of this invoice is due in thirty days.\n"
    assert decode_text(text.encode(encoding)) == text


def test_line_ends_of_all_systems_are_one() -> None:
    """Windows, old Mac and Unix line ends all become line feeds."""
    assert decode_text(b"a\r\nb\rc\nd") == "a\nb\nc\nd"


@given(st.text(alphabet=st.characters(exclude_characters="\r\ufeff\0", exclude_categories=["Cs"])))
def test_utf8_is_never_mistaken(text: str) -> None:
    """Text in UTF-8 without zero characters decodes to itself."""
    assert decode_text(text.encode()) == text


@given(st.binary())
def test_any_bytes_decode(data: bytes) -> None:
    """No bytes make the decoder fail."""
    assert isinstance(decode_text(data), str)


def test_the_layout_of_plain_text_is_kept(documents: Path, page_texts: Read) -> None:
    """Lines and their indentation stay as the file has them."""
    source = documents / "office" / "fake-text.txt"
    assert page_texts(source) == [source.read_text().rstrip()]


def test_a_form_feed_begins_a_page(write_file: Write, page_texts: Read) -> None:
    """Text printed for a line printer has its own pages; one at the end adds none."""
    assert page_texts(write_file("a.txt", "one\ftwo\f")) == ["one", "two"]


def test_binary_data_called_text_gets_a_reason(write_file: Write, page_texts: Read) -> None:
    """A file of control bytes is refused, not read as garbage."""
    path = write_file("a.txt", bytes(range(1, 32)) * 20)
    with pytest.raises(UnreadableDocument, match="binary"):
        page_texts(path)
