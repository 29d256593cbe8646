"""Web pages and saved web pages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ibflow_nb.local.documents.errors import UnreadableDocument
from ibflow_nb.local.documents.readers.web import html_to_text

Read = Callable[..., list[str]]
Write = Callable[[str, bytes | str], Path]


def test_tables_become_columns(documents: Path, page_texts: Read) -> None:
    """The cells of a table stand below their headings."""
    (text,) = page_texts(documents / "office" / "fake-html.html")
    assert text.endswith(
        "Column 1       Column 2\nRow 1, Cell 1  Row 1, Cell 2\nRow 2, Cell 1  Row 2, Cell 2"
    )


def test_cells_that_span_columns_and_rows_keep_the_others_in_place() -> None:
    """Rows below a heading that spans stand in the columns where a browser shows them."""
    markup = """<table><tr><td rowspan=2>Name<td colspan=2>Year<td rowspan=3>Note</tr>
    <tr><td>2023<td>2024</tr><tr><td>Sales<td>1<td>2</tr>
    <tr><td colspan=2>Total<td>9</tr></table>"""
    assert [line.rstrip() for line in html_to_text(markup).split("\n")] == [
        "Name   Year        Note",
        "       2023  2024",
        "Sales  1     2",
        "Total        9",
    ]


def test_text_directly_in_divisions_is_kept() -> None:
    """Text in div and span, around and between other elements, is all there."""
    markup = "<div>one<span>two</span><div>three</div>four</div><?php x ?>five<!-- no -->six"
    assert html_to_text(markup).split() == ["onetwo", "three", "four", "fivesix"]


def test_definition_lists_are_not_glued() -> None:
    """Terms and definitions stand on lines of their own."""
    assert html_to_text("<dl><dt>Total</dt><dd>5</dd></dl>") == "Total\n5"


def test_scripts_and_styles_are_dropped() -> None:
    """What a browser does not show is not read."""
    markup = "<style>p{}</style><script>let a</script><template>t</template><p>shown</p>"
    assert html_to_text(markup) == "shown"


@pytest.mark.parametrize("markup", ["", "   ", "<!-- only a comment -->", "<html></html>"])
def test_an_empty_page_is_empty_text(markup: str) -> None:
    """Markup without content is a page without text, not an error."""
    assert html_to_text(markup) == ""


@pytest.mark.parametrize(
    ("encoding", "head"),
    [
        ("utf-8", ""),
        ("cp1252", ""),
        ("utf-16", ""),
        ("cp1251", '<meta charset="windows-1251">'),
        ("shift_jis", '<meta http-equiv="Content-Type" content="text/html; charset=Shift_JIS">'),
    ],
)
def test_the_declared_charset_counts(
    encoding: str, head: str, write_file: Write, page_texts: Read
) -> None:
    """Marks, declarations and the bytes themselves tell the encoding."""
    word = {"cp1251": "Счёт", "shift_jis": "請求書"}.get(encoding, "Müller")
    markup = f"<html><head>{head}</head><body><p>{word}</p></body></html>"
    assert page_texts(write_file("a.html", markup.encode(encoding))) == [word]


def test_deep_nesting_is_no_error(write_file: Write, page_texts: Read) -> None:
    """Ten thousand open elements do not exhaust the stack."""
    page_texts(write_file("a.html", "<div>" * 10_000 + "deep" + "</div>" * 10_000))


SAVED = """MIME-Version: 1.0
Content-Type: multipart/related; type="text/html"; boundary="X"

--X
Content-Type: text/html; charset="utf-8"
Content-Transfer-Encoding: quoted-printable

<p>caf=C3=A9</p>
--X
Content-Type: image/png
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--X--
"""


def test_a_saved_page_is_read(write_file: Write, page_texts: Read) -> None:
    """The web page inside a MIME HTML file is decoded and rendered."""
    assert page_texts(write_file("a.mht", SAVED)) == ["café"]


def test_a_saved_page_without_page_gets_a_reason(write_file: Write, page_texts: Read) -> None:
    """A MIME HTML file with a picture alone says what it lacks."""
    path = write_file("a.mht", "Content-Type: image/png\n\nxx")
    with pytest.raises(UnreadableDocument, match="no web page"):
        page_texts(path)
