"""Page ranges, passwords, OCR settings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.local.documents.options import OcrConfig, PageRanges, Passwords


@pytest.mark.parametrize(
    ("text", "pages"),
    [
        ("", [0, 1, 2, 3, 4, 5, 6, 7, 8]), ("1", [0]), ("1-3,5,8-", [0, 1, 2, 4, 7, 8]),
        (" 2 - 3 , 3-4 ", [1, 2, 3]), ("9-12", [8]), ("20", []),
    ],
)  # fmt: skip
def test_page_ranges_count_from_one_and_may_overlap(text: str, pages: list[int]) -> None:
    """Ranges count from 1, may overlap, be open and go beyond the end."""
    assert PageRanges.parse(text).select(9) == pages


@pytest.mark.parametrize("text", ["0", "a", "3-2", "-3", "1--2", "1,,2", ",", "1.5", "1-2-3"])
def test_broken_page_ranges_are_refused(text: str) -> None:
    """Anything else is named in one sentence."""
    with pytest.raises(InvalidRequest, match="is no list of pages"):
        PageRanges.parse(text)


@given(st.text(max_size=12))
def test_any_page_range_is_read_or_refused(text: str) -> None:
    """No text breaks the parser, and no page lies outside the file."""
    try:
        pages = PageRanges.parse(text).select(5)
    except InvalidRequest:
        return
    assert set(pages) <= set(range(5))


def test_passwords_are_chosen_by_name() -> None:
    """A glob matches the file's name or its path; a plain list is for all files."""
    passwords = Passwords.parse('{"passwords": {"*.pdf": ["a"], "tax/*": ["b"], "x.xlsx": ["c"]}}')
    assert passwords.for_file("tax/2024.pdf") == ("a", "b")
    assert passwords.for_file("deep/x.xlsx") == ("c",)
    assert Passwords.parse('{"passwords": ["a"]}').for_file("any") == ("a",)
    assert Passwords.parse("").for_file("any") == ()


def test_passwords_are_not_shown() -> None:
    """Neither the representation nor the error repeats them."""
    assert "hidden" not in repr(Passwords.parse('{"passwords": ["hidden"]}'))
    with pytest.raises(InvalidRequest) as caught:
        Passwords.parse('{"passwords": {"hidden"')
    assert "hidden" not in str(caught.value)


def test_unknown_ocr_keys_are_given_back() -> None:
    """They change nothing."""
    config, unknown = OcrConfig.parse('{"engine": "tesseract", "speed": 1, "blur": true}')
    assert config == OcrConfig(engine="tesseract")
    assert unknown == ["blur", "speed"]


@pytest.mark.parametrize("value", ['"eng+fra"', '"eng, fra"', '["eng", "fra"]'])
def test_languages_come_as_text_or_list(value: str) -> None:
    """All ways to write languages mean the same."""
    assert OcrConfig.parse(f'{{"languages": {value}}}')[0].languages == ("eng", "fra")


@pytest.mark.parametrize(
    ("text", "page_type", "engine"),
    [
        ("", "default", "auto"),
        ("", "high_quality_doc", "tesseract"),
        ("", "low_quality_doc", "rapidocr"),
        ('{"engine": "rapidocr"}', "high_quality_doc", "rapidocr"),
        ('{"engine": "tesseract"}', "low_quality_doc", "tesseract"),
        ('{"languages": "eng"}', "default", "auto"),
        ('{"languages": "fra"}', "default", "rapidocr"),
        ('{"languages": "rus"}', "default", "tesseract"),
    ],
)
def test_the_engine_is_decided(text: str, page_type: str, engine: str) -> None:
    """A named engine wins; else the languages and the page type decide, or leave it open."""
    assert OcrConfig.parse(text)[0].decide(page_type).engine == engine
