"""OpenDocument texts."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ibflow_nb.local.documents.errors import UnreadableDocument

Read = Callable[..., list[str]]

CONTENT = """<office:document-content
 xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0">
<office:body><office:text>
<text:tracked-changes><text:p>deleted</text:p></text:tracked-changes>
<text:h>Title</text:h>
<text:p>a<text:s text:c="3"/>b<draw:frame><draw:text-box><text:p>box</text:p></draw:text-box>
</draw:frame><text:span>c</text:span></text:p>
<text:list><text:list-item><text:p>point</text:p></text:list-item></text:list>
<table:table><table:table-header-rows><table:table-row>
<table:table-cell><text:p>Item</text:p></table:table-cell>
<table:table-cell><text:p>Price</text:p></table:table-cell>
</table:table-row></table:table-header-rows>
<table:table-row><table:table-cell><text:p>Sandwich</text:p></table:table-cell>
<table:table-cell><text:p>5</text:p></table:table-cell></table:table-row></table:table>
<text:p><text:soft-page-break/>second page</text:p>
</office:text></office:body></office:document-content>"""


@pytest.fixture
def odt_file(tmp_path: Path) -> Callable[[str | bytes], Path]:
    """Make an OpenDocument text with this content."""

    def make(content: str | bytes) -> Path:
        with zipfile.ZipFile(tmp_path / "a.odt", "w") as archive:
            archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
            archive.writestr("content.xml", content)
        return tmp_path / "a.odt"

    return make


def test_everything_people_see_is_read(
    odt_file: Callable[[str | bytes], Path], page_texts: Read
) -> None:
    """Headings, spaces, boxes, lists, tables and page breaks; no deleted text."""
    first, second = page_texts(odt_file(CONTENT))
    assert first.split("\n") == [
        "Title",
        "a   b c",
        "box",
        "point",
        "Item      Price",
        "Sandwich  5",
    ]
    assert second == "second page"


def test_an_encrypted_one_gets_a_reason(
    odt_file: Callable[[str | bytes], Path], page_texts: Read
) -> None:
    """Content that is no XML is a reason that names the likely cause."""
    with pytest.raises(UnreadableDocument, match="password"):
        page_texts(odt_file(b"\x8f\x02\x9a encrypted"))
