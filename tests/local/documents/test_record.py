"""The record format as other programs meet it on the disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ibflow_nb.local.documents.layout import compose, page_from_text
from ibflow_nb.local.documents.record import load_records, save_records


def test_a_record_has_all_its_keys_on_disk(tmp_path: Path) -> None:
    """A reader of an ``.ibdoc`` finds fields and class even where there are none yet."""
    [record] = _written(tmp_path)
    assert record["refined_phrases"] == []
    assert record["classification_payload"] is None
    assert record["text"] == "Total 12"


def test_words_and_pages_tell_their_page_on_disk(tmp_path: Path) -> None:
    """The first page is page 0, written out and not left to the reader."""
    [record] = _written(tmp_path)
    assert [word["page"] for line in record["lines"] for word in line] == [0, 0]
    [meta] = record["metadata_list"]
    assert meta["layout"]["page"] == 0
    assert meta["layout"]["is_image_page"] is False


def test_a_record_comes_back_as_it_was(tmp_path: Path) -> None:
    """Writing and reading lose nothing."""
    records = [compose([page_from_text("Total 12", 3)])]
    save_records(tmp_path / "a.ibdoc", records)
    assert load_records(tmp_path / "a.ibdoc") == records


def _written(folder: Path) -> list[dict[str, Any]]:
    save_records(folder / "a.ibdoc", [compose([page_from_text("Total 12", 0)])])
    found: list[dict[str, Any]] = json.loads((folder / "a.ibdoc").read_bytes())
    return found
