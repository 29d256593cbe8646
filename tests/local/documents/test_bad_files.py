"""Broken, empty, locked and huge files end as they should, within a worker's memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ibflow_nb.local.documents.errors import UnreadableDocument
from ibflow_nb.local.documents.layout import compose
from ibflow_nb.local.documents.options import OcrConfig, ReadOptions
from ibflow_nb.local.documents.readers import read_document

FAST = ReadOptions(ocr=OcrConfig(engine="tesseract"))
MOST_MEMORY = 2 * 1024**3

READ_AND_MEASURE = """
import resource, sys
from pathlib import Path
from ibflow_nb.local.documents.options import OcrConfig, ReadOptions
from ibflow_nb.local.documents.readers import read_document
pages = read_document(Path(sys.argv[1]), ReadOptions(ocr=OcrConfig(engine=sys.argv[2])))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
print(*(word.word for page in pages for word in page.words))
"""


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("invalid.pdf", "damaged"),
        ("empty.pdf", "empty"),
        ("password-example.pdf", "locked"),
        ("password_protected.xlsx", "password"),
    ],
)
def test_what_cannot_be_read_has_a_reason(documents: Path, name: str, reason: str) -> None:
    """One sentence tells why."""
    with pytest.raises(UnreadableDocument, match=reason) as caught:
        read_document(documents / "bad" / name, FAST)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("name", ["blank.pdf", "no_contents.pdf"])
def test_what_is_blank_is_a_record_without_text(documents: Path, name: str) -> None:
    """Its page is there, its text is empty."""
    record = compose(read_document(documents / "bad" / name, FAST))
    assert record.text == ""
    assert record.pages == [0]


@pytest.mark.parametrize("name", ["fake-power-point-malformed.pptx"])
def test_what_can_be_opened_is_read(documents: Path, name: str) -> None:
    """A malformed file gives the text that it has."""
    assert compose(read_document(documents / "bad" / name, FAST)).text.strip()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "engine", "word"),
    [
        ("malformed-from-issue-932.pdf", "rapidocr", "2021"),
        ("enormous.pdf", "rapidocr", "megapixels"),
        ("hugemono.pdf", "rapidocr", "image"),
        ("hugemono.pdf", "tesseract", "image"),
    ],
)
def test_huge_pages_stay_within_the_memory_of_a_worker(
    documents: Path, name: str, engine: str, word: str
) -> None:
    """Pages of thousands of megapixels are read at a lower resolution."""
    process = subprocess.run(
        [sys.executable, "-c", READ_AND_MEASURE, documents / "bad" / name, engine],
        capture_output=True,
        text=True,
        check=True,
        timeout=240,
    )
    memory, text = process.stdout.split("\n", 1)
    assert int(memory) < MOST_MEMORY
    assert word in text
