"""Word documents."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import pytest
from docx.enum.text import WD_BREAK

from ibflow_nb.local.documents.errors import UnreadableDocument

Read = Callable[..., list[str]]
Write = Callable[[str, bytes | str], Path]

NAMESPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:v="urn:schemas-microsoft-com:vml" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
)

SPAN = '<w:gridSpan w:val="2"/>'
MERGE = '<w:vMerge w:val="restart"/>'


@pytest.fixture
def word_file(tmp_path: Path) -> Callable[[str], Path]:
    """Make a Word document whose body is the given XML."""

    def make(body: str) -> Path:
        plain, path = tmp_path / "plain.docx", tmp_path / "made.docx"
        docx.Document().save(str(plain))
        with zipfile.ZipFile(plain) as source, zipfile.ZipFile(path, "w") as target:
            for entry in source.infolist():
                content = source.read(entry)
                if entry.filename == "word/document.xml":
                    content = (
                        f"<w:document {NAMESPACES}><w:body>{body}</w:body></w:document>".encode()
                    )
                target.writestr(entry, content)
        return path

    return make


def paragraph(text: str) -> str:
    """Give the XML of a paragraph with one run."""
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def cell(text: str, properties: str = "") -> str:
    """Give the XML of a table cell."""
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{paragraph(text)}</w:tc>"


def test_tables_are_aligned_and_nested_ones_stay_in_their_cell(
    documents: Path, page_texts: Read
) -> None:
    """Uniform, nested and merged tables keep every cell at its place."""
    (text,) = page_texts(documents / "office" / "docx-tables.docx")
    assert "Header Col 1  Header Col 2\nLorem ipsum   A link example" in text
    assert "a  >b<     c\nd  e    f  i\n   g&t  h\nj  k       l" in text
    assert text.endswith("a  b\n   c  d\ne")


def test_irregular_rows_are_read(word_file: Callable[[str], Path], page_texts: Read) -> None:
    """Rows that begin late, span columns or continue a cell above keep the grid."""
    table = (
        "<w:tbl>"
        f"<w:tr>{cell('A')}{cell('B')}{cell('C')}</w:tr>"
        f"<w:tr>{cell('wide', SPAN)}{cell('1', MERGE)}</w:tr>"
        "<w:tr><w:trPr><w:gridBefore w:val='1'/></w:trPr>"
        f"{cell('b')}{cell('hidden', '<w:vMerge/>')}</w:tr>"
        "</w:tbl>"
    )
    (text,) = page_texts(word_file(table))
    assert text.split("\n") == ["A     B  C", "wide     1", "      b"]


def test_text_boxes_are_read_once(word_file: Callable[[str], Path], page_texts: Read) -> None:
    """A text box is read from the drawing and not again from its copy for old programs."""
    box = f"<w:txbxContent>{paragraph('in the box')}</w:txbxContent>"
    body = (
        "<w:p><w:r><w:t>before</w:t><mc:AlternateContent>"
        f"<mc:Choice Requires='wps'><w:drawing><wps:txbx>{box}</wps:txbx></w:drawing></mc:Choice>"
        f"<mc:Fallback><w:pict><v:textbox>{box}</v:textbox></w:pict></mc:Fallback>"
        "</mc:AlternateContent></w:r></w:p>"
    )
    assert page_texts(word_file(body)) == ["before\nin the box"]


def test_content_controls_and_insertions_are_read_and_deletions_not(
    word_file: Callable[[str], Path], page_texts: Read
) -> None:
    """The text is that of the document with all changes accepted."""
    body = (
        f"<w:sdt><w:sdtContent>{paragraph('control')}</w:sdtContent></w:sdt>"
        "<w:p><w:ins><w:r><w:t>new</w:t></w:r></w:ins>"
        "<w:del><w:r><w:delText>old</w:delText></w:r></w:del>"
        "<w:r><w:instrText>PAGE</w:instrText></w:r></w:p>"
        f"<w:tbl><w:sdt><w:sdtContent><w:tr>{cell('row')}</w:tr></w:sdtContent></w:sdt></w:tbl>"
    )
    assert page_texts(word_file(body)) == ["control\nnew\nrow"]


def test_page_breaks_begin_pages(tmp_path: Path, page_texts: Read) -> None:
    """Explicit breaks split; the one that Word notes behind them does not split again."""
    document = docx.Document()
    document.add_paragraph("one").add_run().add_break(WD_BREAK.PAGE)
    document.add_paragraph("two")
    document.save(str(tmp_path / "a.docx"))
    assert page_texts(tmp_path / "a.docx") == ["one", "two"]


def test_headers_stand_above_and_footers_below(tmp_path: Path, page_texts: Read) -> None:
    """Headers and footers are part of the text, each once."""
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "ACME Ltd"
    document.sections[0].footer.paragraphs[0].text = "VAT 123"
    document.add_paragraph("body")
    document.save(str(tmp_path / "a.docx"))
    assert page_texts(tmp_path / "a.docx") == ["ACME Ltd\nbody\nVAT 123"]


def test_a_broken_package_gets_a_reason(write_file: Write, page_texts: Read) -> None:
    """A zip that ends early is reported, not raised as a parser's error."""
    with pytest.raises(UnreadableDocument, match="damaged"):
        page_texts(write_file("a.docx", b"PK\x03\x04 and no more"))


def test_a_damaged_part_gets_a_reason(documents: Path, write_file: Write, page_texts: Read) -> None:
    """A package whose compressed data is damaged inside is reported too."""
    content = bytearray((documents / "office" / "fake.docx").read_bytes())
    with zipfile.ZipFile(documents / "office" / "fake.docx") as archive:
        start = archive.getinfo("word/document.xml").header_offset + 80
    content[start : start + 200] = bytes(200)
    with pytest.raises(UnreadableDocument, match="no readable Word document"):
        page_texts(write_file("a.docx", bytes(content)))


def test_an_external_entity_is_not_followed(
    word_file: Callable[[str], Path], page_texts: Read, tmp_path: Path
) -> None:
    """A document cannot pull in files of the machine."""
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    path = word_file(paragraph("shown"))
    declaration = f'<!DOCTYPE d [<!ENTITY e SYSTEM "{secret.as_uri()}">]>'
    hostile = tmp_path / "hostile.docx"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(hostile, "w") as target:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename == "word/document.xml":
                content = declaration.encode() + content.replace(b"shown", b"shown &e;")
            target.writestr(entry, content)
    assert "secret" not in "".join(page_texts(hostile))
