"""Records and frames of a real run, read over HTTP from the embedded platform."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pypdfium2
import pytest

import ibflow_nb
from ibflow_nb.examples import EXAMPLES, WORKSPACE
from ibflow_nb.frames import Records
from ibflow_nb.local.launch import stop_platform

INPUT = WORKSPACE / "receipts" / "input"
PRINTED = ("harbour-hotel.pdf", "page-and-quill.pdf")


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Records]:
    """Records of the receipts flow on the printed receipts and a broken file."""
    root = tmp_path_factory.mktemp("platform")
    folder = "local/my-repo/fs/Instabase Drive/mixed/input"
    try:
        with ibflow_nb.connect("local", root=root) as client:
            for name in PRINTED:
                client.files.write(f"{folder}/{name}", (INPUT / name).read_bytes())
            client.files.write(f"{folder}/broken.pdf", b"this is no PDF")
            job = client.flows.run(f"{EXAMPLES}/receipts/receipts.ibflow", folder)
            yield job.wait(60).records()
    finally:
        stop_platform(root)


def test_wide_holds_what_the_documents_say(records: Records) -> None:
    """The frame has the true value of each field, and NA for the broken file."""
    truth = msgspec.json.decode((INPUT.parent / "truth.json").read_bytes())
    frame = records.to_frame().set_index("file_name")
    for name in PRINTED:
        assert frame.loc[name, list(truth[name])].to_dict() == truth[name]
    assert frame.loc["broken.pdf", ["merchant", "total"]].isna().all()


def test_broken_file_is_the_only_error(records: Records) -> None:
    """The file that cannot be read is reported with a reason; the others have no error."""
    errors = records.to_frame("errors")
    assert errors["file_name"].tolist() == ["broken.pdf"]
    assert "PDF" in errors["error"][0]


@pytest.mark.parametrize(("key", "printed"), [("total", "588.90"), ("date", "21 July 2024")])
def test_boxes_enclose_the_values(records: Records, key: str, printed: str) -> None:
    """The text that the PDF itself has in a value's box is the value as printed."""
    frame = records.to_frame("long")
    row = frame[(frame["file_name"] == PRINTED[0]) & (frame["key"] == key)].iloc[0]
    assert row["page"] == 1
    with pypdfium2.PdfDocument(Path(INPUT / PRINTED[0])) as document:
        page = document[0]
        width, height = page.get_size()
        text = page.get_textpage().get_text_bounded(
            left=row["left"] * width - 1,
            right=row["right"] * width + 1,
            top=height - row["top"] * height + 1,
            bottom=height - row["bottom"] * height - 1,
        )
    assert printed in text
    assert len(text) <= len(printed) + 2
