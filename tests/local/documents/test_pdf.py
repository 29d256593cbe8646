"""PDFs: text layers, scans, locked and broken files."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
import pytest

from ibflow_nb.local.documents.errors import ManyScans, UnreadableDocument
from ibflow_nb.local.documents.layout import Page, compose
from ibflow_nb.local.documents.options import OcrConfig, PageRanges, ReadOptions
from ibflow_nb.local.documents.pdf import read_pdf
from ibflow_nb.local.documents.pdf_words import read_text_layer
from ibflow_nb.local.documents.record import Word
from ibflow_nb.local.documents.sanity import is_sane
from ibflow_nb.local.limits import Limits

FAST = OcrConfig(engine="tesseract", dpi=150)


def text_of(file: Path, options: ReadOptions | None = None) -> str:
    """Give the layout text of a PDF."""
    return compose(read_pdf(file, options or ReadOptions(ocr=FAST))).text


def line_with(text: str, start: str) -> str:
    """Give the first line that holds a text."""
    return next(line for line in text.split("\n") if start in line)


def test_table_rows_stay_on_one_line(documents: Path) -> None:
    """All figures of a state stand on its line, in columns."""
    text = text_of(documents / "digital" / "nics-background-checks-2015-11.pdf")
    alabama = line_with(text, "Alabama").split()
    assert alabama[:4] == ["Alabama", "18,870", "23,022", "22,650"]
    assert alabama[-1] == "71,137"
    arizona = line_with(text, "Arizona").split()
    assert (arizona[1], arizona[-1]) == ("2,303", "27,087")


def test_a_page_with_a_rotation_is_read_upright(documents: Path) -> None:
    """A table on a page that is displayed turned keeps its rows and columns."""
    text = text_of(documents / "digital" / "senate-expenditures.pdf")
    rows = [line for line in text.split("\n") if "CITIBANK - TRAVEL CBA CARD" in line]
    assert len(rows) > 5
    assert len({row.index("CITIBANK") for row in rows}) == 1
    assert rows[0].split()[:2] == ["DHAW20190001", "05/03/2019"]


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("QualityHosting", r"Rechnungsnr\. +30064443 +Kundennr\. +47774"),
        ("QualityHosting", r" 1 +1 +Small Business StandardExchange 2010 +3,89 +3,89"),
        ("oyo", r"Guest Name: Sanjay +Date: 31/12/2017"),
        ("oyo", r"Room Charges +Rs 1939 x 1 Night x 1 Room +Rs 1939"),
    ],
)
def test_invoices_keep_labels_beside_values(documents: Path, name: str, row: str) -> None:
    """What stands in one row of an invoice stands on one line of its text."""
    assert re.search(row, text_of(documents / "invoices" / f"{name}.pdf"))


def test_boxes_are_pixels_of_the_page(documents: Path) -> None:
    """Words lie inside a page of 200 dots an inch."""
    [page] = read_pdf(documents / "digital" / "senate-expenditures.pdf", ReadOptions())
    assert (page.width, page.height) == pytest.approx((2200, 1700))
    assert all(0 <= w.start_x < w.end_x <= page.width for w in page.words)
    assert all(0 <= w.start_y < w.end_y <= page.height for w in page.words)


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_text_that_runs_sideways_is_turned(documents: Path, angle: int) -> None:
    """Turned content on a page without a rotation gives the same text and tells the turn."""
    source = documents / "digital" / "scotus-transcript-p1.pdf"
    document = pdfium.PdfDocument(source)
    page = document[0]
    page.set_rotation(angle)
    turned = read_text_layer(page, 1.0)
    page.set_rotation(0)
    upright = read_text_layer(page, 1.0)
    document.close()
    assert turned.rotation == (360 - angle) % 360
    assert (turned.width, turned.height) == pytest.approx((upright.width, upright.height))
    texts = [
        compose([Page(layer.width, layer.height, layer.words)]).text.split()
        for layer in (turned, upright)
    ]
    assert texts[0] == texts[1]


def test_form_fields_are_read(tmp_path: Path) -> None:
    """What stands in an annotation of the page is text of the page."""
    document = pdfium.PdfDocument.new()
    page = document.new_page(300, 200)
    annotation = pdfium_c.FPDFPage_CreateAnnot(page, pdfium_c.FPDF_ANNOT_STAMP)
    rect = pdfium_c.FS_RECTF(left=20, top=120, right=200, bottom=80)
    pdfium_c.FPDFAnnot_SetRect(annotation, rect)
    stream = "BT /F1 18 Tf 20 90 Td (APPROVED) Tj ET\0".encode("utf-16-le")
    buffer = (pdfium_c.c_ushort * (len(stream) // 2)).from_buffer_copy(stream)
    pdfium_c.FPDFAnnot_SetAP(annotation, pdfium_c.FPDF_ANNOT_APPEARANCEMODE_NORMAL, buffer)
    pdfium_c.FPDFPage_CloseAnnot(annotation)
    page.gen_content()
    file = tmp_path / "stamped.pdf"
    document.save(file)
    document.close()
    assert "APPROVED" in text_of(file)


def pdf_with_map(meanings: str, shown: str) -> bytes:
    """Write a PDF of one line of text in a font that says what its letters mean."""
    unicode = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def "
        "/CMapType 2 def 1 begincodespacerange <00> <FF> endcodespacerange "
        f"2 beginbfchar {meanings} endbfchar endcmap end end"
    )
    text = f"BT /F1 24 Tf 20 100 Td ({shown}) Tj ET"
    page = "/Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 6 0 R"
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        f"<<{page}/Resources<</Font<</F1 4 0 R>>>>>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 5 0 R>>",
        f"<</Length {len(unicode)}>>stream\n{unicode}\nendstream",
        f"<</Length {len(text)}>>stream\n{text}\nendstream",
    ]
    body = "".join(f"{number} 0 obj{item} endobj\n" for number, item in enumerate(objects, 1))
    return f"%PDF-1.4\n{body}trailer<</Root 1 0 R>>\n".encode()


def test_rare_characters_are_whole_and_in_their_place(tmp_path: Path) -> None:
    """A character that UTF-16 writes as two neither breaks nor shifts the words behind it."""
    file = tmp_path / "smile.pdf"
    file.write_bytes(pdf_with_map("<41> <D83DDE00> <42> <0042>", "A BB A"))
    [page] = read_pdf(file, ReadOptions())
    assert [word.word for word in page.words] == ["\U0001f600", "BB", "\U0001f600"]
    starts = [word.start_x * 72 / 200 for word in page.words]
    assert starts == pytest.approx([20, 42.7, 81.4], abs=0.1)


def test_page_ranges_keep_the_numbers_of_the_file(documents: Path) -> None:
    """Only the wanted pages are read."""
    options = ReadOptions(pages=PageRanges.parse("2,14-"))
    pages = read_pdf(documents / "digital" / "federal-register-2020-17221.pdf", options)
    assert [page.number for page in pages] == [1, 13, 14]


def test_a_range_beyond_the_end_is_a_reason(documents: Path) -> None:
    """A range that selects nothing says how many pages there are."""
    with pytest.raises(UnreadableDocument, match="last of the document is page 1"):
        text_of(
            documents / "digital" / "scotus-transcript-p1.pdf",
            ReadOptions(pages=PageRanges.parse("7-9")),
        )


def test_too_many_pages_are_refused(documents: Path) -> None:
    """The sentence names the limit and the way out."""
    with pytest.raises(UnreadableDocument, match="the limit is 3; choose some with page_range_str"):
        text_of(
            documents / "digital" / "federal-register-2020-17221.pdf",
            ReadOptions(limits=Limits(pages=3)),
        )


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("invalid.pdf", "damaged or cut off"), ("password-example.pdf", "encryption_config")],
)
def test_unreadable_files_tell_why(documents: Path, name: str, sentence: str) -> None:
    """Damaged and locked files have a reason each."""
    with pytest.raises(UnreadableDocument, match=sentence):
        text_of(documents / "bad" / name)


def test_a_wrong_password_is_told_and_not_repeated(documents: Path) -> None:
    """The sentence does not show the password that was tried."""
    options = ReadOptions(passwords=("secret",))
    with pytest.raises(UnreadableDocument, match="no password in encryption_config") as caught:
        text_of(documents / "bad" / "password-example.pdf", options)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["blank.pdf", "no_contents.pdf"])
def test_blank_pages_are_records_without_text(documents: Path, name: str) -> None:
    """A page with nothing on it is a page without words, and needs no OCR."""
    [page] = read_pdf(documents / "bad" / name, ReadOptions())
    assert page.words == []
    assert not page.is_image


def test_few_words_on_a_scan_do_not_pass_for_its_text(documents: Path) -> None:
    """A date stamped on a scanned page does not hide what the scan says."""
    [page] = read_pdf(documents / "bad" / "malformed-from-issue-932.pdf", ReadOptions(ocr=FAST))
    assert page.is_image


def test_scans_are_counted_before_ocr(documents: Path) -> None:
    """Pages without a text layer are told from digital ones, and too many are left alone."""
    none = ReadOptions(scans_at_once=0)
    with pytest.raises(ManyScans) as caught:
        read_pdf(documents / "scans" / "cardinal.pdf", none)
    assert (caught.value.pages, caught.value.scans) == ([0, 1, 2, 3], [0, 1, 2, 3])
    for name in ("digital/senate-expenditures.pdf", "bad/blank.pdf"):
        assert len(read_pdf(documents / name, none)) == 1


def words(text: str) -> list[Word]:
    """Make words without boxes."""
    return [Word(item, 0, 0, 0, 0) for item in text.split()]


@pytest.mark.parametrize(
    ("text", "sane"),
    [
        ("The quick brown fox jumps over the lazy dog " * 3, True),
        ("1,234.50 2,345.60 99 X-12 " * 10, True),
        ("\ufffd\ufffd\ue001 \ufffd\ufffd abc", False),
        ("契約書 東京都 " * 20, True),
        ("HTTP XML CSV", True),
    ],
)
def test_glyph_codes_are_not_text(text: str, sane: bool) -> None:
    """A text layer of replacement characters or of letters in no language is not trusted."""
    assert is_sane(words(text)) is sane


@pytest.mark.parametrize("shift", range(1, 26))
def test_shifted_letters_are_not_text(documents: Path, shift: int) -> None:
    """A font whose codes are not its letters gives a text layer that is not trusted."""
    [page] = read_pdf(
        documents / "digital" / "federal-register-2020-17221.pdf",
        ReadOptions(pages=PageRanges.parse("3")),
    )
    letters = string.ascii_lowercase
    table = str.maketrans(letters, letters[shift:] + letters[:shift])
    assert is_sane(page.words)
    assert not is_sane(words(" ".join(w.word.lower().translate(table) for w in page.words)))
