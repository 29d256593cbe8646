"""The kind of a document is told by content first, by extension second."""

from __future__ import annotations

import shutil
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from ibflow_nb.local.documents.errors import UnreadableDocument
from ibflow_nb.local.documents.kinds import find_kind
from ibflow_nb.local.documents.options import ReadOptions
from ibflow_nb.local.documents.readers import read_document
from ibflow_nb.local.limits import Limits


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("receipts/003.jpg", "image"), ("scans/linn.pdf", "pdf"), ("scans/typewriter.png", "image"),
        ("office/fake.docx", "docx"), ("office/stanley-cups.xlsx", "xlsx"),
        ("office/tests-example.xls", "xls"), ("office/fake-power-point.pptx", "pptx"),
        ("office/fake-doc.rtf", "rtf"), ("office/fake-html.html", "html"),
        ("office/fake-email.msg", "msg"),
    ],
)  # fmt: skip
def test_content_tells_the_kind_under_any_name(
    documents: Path, tmp_path: Path, file: str, kind: str
) -> None:
    """A file without an extension, or with a wrong one, is still known."""
    assert find_kind(documents / file) == kind
    shutil.copyfile(documents / file, tmp_path / "document")
    assert find_kind(tmp_path / "document") == kind


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("office/fake-text.txt", "text"), ("office/stanley-cups.csv", "csv"),
        ("office/fake-email.eml", "eml"), ("bad/password_protected.xlsx", "xlsx"),
        ("bad/fake-power-point-malformed.pptx", "pptx"), ("bad/invalid.pdf", "pdf"),
    ],
)  # fmt: skip
def test_the_extension_tells_what_content_does_not(documents: Path, file: str, kind: str) -> None:
    """Text formats, locked and broken files are known by their names."""
    assert find_kind(documents / file) == kind


def test_an_empty_file_is_a_reason(documents: Path) -> None:
    """Nothing can be read of no bytes."""
    with pytest.raises(UnreadableDocument, match=r"empty \(0 bytes\)"):
        find_kind(documents / "bad" / "empty.pdf")


def test_unknown_types_are_named(tmp_path: Path) -> None:
    """One sentence tells the type and what can be read."""
    (tmp_path / "a.bin").write_bytes(bytes(range(256)))
    with pytest.raises(UnreadableDocument, match="type 'bin' cannot be read"):
        find_kind(tmp_path / "a.bin")


def test_readable_text_needs_no_known_name(tmp_path: Path) -> None:
    """A file of text is text, whatever it is called."""
    (tmp_path / "NOTES.unknown").write_text("Total 10")
    assert find_kind(tmp_path / "NOTES.unknown") == "text"


def test_archives_are_no_documents(tmp_path: Path) -> None:
    """A zip that is no office file says what to do."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.txt", "text")
    with pytest.raises(UnreadableDocument, match="extract it"):
        find_kind(tmp_path / "a.zip")


def test_only_the_start_of_a_media_type_is_read(tmp_path: Path) -> None:
    """An entry that unpacks to 64 MB costs no such memory before the limits are checked."""
    with zipfile.ZipFile(tmp_path / "bomb", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", bytes(64 * 1024**2))
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableDocument, match="extract it"):
            find_kind(tmp_path / "bomb")
        assert tracemalloc.get_traced_memory()[1] < 4 * 1024**2
    finally:
        tracemalloc.stop()


def test_a_text_document_is_known_by_its_media_type(tmp_path: Path) -> None:
    """OpenDocument text needs no extension."""
    with zipfile.ZipFile(tmp_path / "document", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
    assert find_kind(tmp_path / "document") == "odt"


def test_large_files_are_refused(documents: Path) -> None:
    """The limit on the file's size holds before anything is read."""
    with pytest.raises(UnreadableDocument, match="the limit is 10"):
        read_document(
            documents / "office" / "fake-text.txt", ReadOptions(limits=Limits(file_bytes=10))
        )
