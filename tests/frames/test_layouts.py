"""The frames that records become."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from ibflow_nb.frames import Records
from ibflow_nb.frames.records import Layout

Build = Callable[..., Records]
WIDE = ["file_name", "file_index", "record_index", "class_label", "output_file_path"]
LONG = [
    *("file_name", "file_index", "record_index", "class_label", "key", "value", "type"),
    *("confidence", "error", "page", "left", "top", "right", "bottom"),
]


def field(key: str, value: str | None = None, **more: Any) -> dict[str, Any]:
    """A field as it is sent."""
    return {"key": key, "value": value, **more}


def region(index: int, *box: float) -> dict[str, Any]:
    """A region of a page (from 0), its box in pixels."""
    names = ("top_x", "top_y", "bottom_x", "bottom_y")
    return {"index": index, "bounding_poly": dict(zip(names, box, strict=True))}


def placed(*regions: dict[str, Any]) -> dict[str, Any]:
    """A record of two pages with one field read in these regions."""
    pages = [
        {"page_number": 0, "width": 1000, "height": 2000},
        {"page_number": 1, "width": 500, "height": 500},
    ]
    return {
        "results": [field("x", "v", provenance={"extracted_regions": list(regions)})],
        "layout": {"page_layouts": pages},
    }


def test_wide_has_one_row_a_record_and_fields_in_first_seen_order(build: Build) -> None:
    """Columns are the record's own five, then the fields as they are first seen."""
    frame = build(
        {
            "file_name": "a.pdf",
            "classification_label": "receipt",
            "output_file_path": "out/a.pdf.ibdoc",
            "results": [field("total", "12.50"), field("date", "2024-05-01")],
        },
        {
            "file_name": "b.pdf",
            "file_index": 1,
            "record_index": 2,
            "results": [field("tax", "1"), field("total", "007")],
        },
    ).to_frame()
    assert list(frame.columns) == [*WIDE, "total", "date", "tax"]
    assert frame.loc[0, WIDE].tolist() == ["a.pdf", 0, 0, "receipt", "out/a.pdf.ibdoc"]
    assert frame["total"].tolist() == ["12.50", "007"]
    assert frame["record_index"].tolist() == [0, 2]
    assert frame[["class_label", "output_file_path", "date"]].loc[1].isna().all()
    assert pd.isna(frame.loc[0, "tax"])


@pytest.mark.parametrize("layout", ["wide", "long", "errors", "confidence"])
def test_no_records_give_an_empty_frame_with_its_columns(layout: Layout) -> None:
    """A run without records gives a frame of no rows whose columns have their types."""
    frame = Records([]).to_frame(layout)
    assert len(frame) == 0
    assert list(frame.columns)[:4] == WIDE[:4]
    assert frame["file_index"].dtype == "int64"


def test_failed_file_has_a_row_without_values(build: Build) -> None:
    """A file that failed keeps its row in wide, with all fields missing."""
    frame = build(
        {"file_name": "a", "results": [field("total", "1")]},
        {"file_name": "b", "file_index": 1, "status": "ERROR", "error_msg": "No PDF."},
    ).to_frame()
    assert frame["file_name"].tolist() == ["a", "b"]
    assert frame["total"].isna().tolist() == [False, True]


def test_repeated_key_keeps_the_last_in_wide_and_all_in_long(build: Build) -> None:
    """A field that a record holds twice is one column in wide and two rows in long."""
    records = build({"results": [field("total", "1"), field("total", "2")]})
    assert records.to_frame()["total"].tolist() == ["2"]
    assert records.to_frame("long")["value"].tolist() == ["1", "2"]


def test_field_named_like_a_record_column_is_kept_apart(build: Build) -> None:
    """Such a field gets a name of its own, also when that name is taken as well."""
    frame = build(
        {
            "file_name": "a.pdf",
            "results": [field("file_name", "inner"), field("file_name_field", "other")],
        }
    ).to_frame()
    assert frame["file_name"].tolist() == ["a.pdf"]
    assert frame["file_name_field"].tolist() == ["other"]
    assert frame["file_name_field_field"].tolist() == ["inner"]
    assert frame.columns.is_unique


def test_values_stay_strings(build: Build) -> None:
    """Without convert nothing is changed: leading zeros, ERROR and empty text stay."""
    fields = [field("a", "007", field_type="INT"), field("b", "ERROR"), field("c", "")]
    frame = build({"results": fields}).to_frame()
    assert frame.loc[0, ["a", "b", "c"]].tolist() == ["007", "ERROR", ""]


def test_long_has_one_row_a_field(build: Build) -> None:
    """Every field is a row with its record, type, confidence and error."""
    frame = build(
        {
            "file_name": "a",
            "classification_label": "receipt",
            "results": [
                field("total", "1.5", field_type="FLOAT", model_confidence=0.9),
                field("date", "ERROR", field_type="DATE", error_msg="No date found."),
            ],
        },
        {"file_name": "b", "file_index": 1},
        {"file_name": "c", "file_index": 2, "results": [field("total")]},
    ).to_frame("long")
    assert list(frame.columns) == LONG
    assert frame["file_name"].tolist() == ["a", "a", "c"]
    assert frame["file_index"].tolist() == [0, 0, 2]
    assert frame["type"].tolist() == ["FLOAT", "DATE", "ANY"]
    assert frame["confidence"].tolist()[0] == 0.9
    assert frame["error"].isna().tolist() == [True, False, True]
    assert pd.isna(frame.loc[2, "value"])
    assert frame.index.tolist() == [0, 1, 2]


def test_page_counts_from_one_and_box_is_a_fraction(build: Build) -> None:
    """Pixels of page 1 (from 0) become page 2 and fractions of its own size."""
    frame = build(placed(region(1, 50, 100, 250, 125))).to_frame("long")
    assert frame.loc[0, ["page", "left", "top", "right", "bottom"]].tolist() == [
        *(2, 0.1, 0.2, 0.5, 0.25)
    ]


def test_several_regions_are_enclosed_on_the_first_page(build: Build) -> None:
    """A value of several lines and pages has the box around its lines on the first page."""
    frame = build(
        placed(region(0, 100, 200, 300, 220), region(0, 50, 240, 200, 260), region(1, 0, 0, 9, 9))
    ).to_frame("long")
    assert frame.loc[0, ["page", "left", "top", "right", "bottom"]].tolist() == [
        *(1, 0.05, 0.1, 0.3, 0.13)
    ]


def test_box_stays_on_the_page(build: Build) -> None:
    """A box that sticks out of the page is cut at its edge."""
    frame = build(placed(region(1, -20, 0, 700, 500))).to_frame("long")
    assert frame.loc[0, ["left", "right"]].tolist() == [0.0, 1.0]


def test_box_without_page_size_is_missing(build: Build) -> None:
    """Where the size of the page was not sent, the page is known and the box is NA."""
    record = placed(region(0, 1, 1, 2, 2))
    del record["layout"]
    frame = build(record, {"results": [field("y", "v")]}).to_frame("long")
    assert frame["page"].tolist()[0] == 1
    assert pd.isna(frame.loc[1, "page"])
    assert frame[["left", "top", "right", "bottom"]].isna().all(axis=None)


def test_confidence_has_the_shape_of_wide(build: Build) -> None:
    """The confidence layout holds numbers where wide holds values."""
    frame = build(
        {"results": [field("a", "x", model_confidence=0.25), field("b", "y")]},
    ).to_frame("confidence")
    assert list(frame.columns) == [*WIDE, "a", "b"]
    assert frame["a"].tolist() == [0.25]
    assert frame["b"].dtype == "float64"
    assert frame["b"].isna().all()


def test_errors_lists_failed_files_and_fields(build: Build) -> None:
    """Each failed file and field is one row with its reason."""
    frame = build(
        {"file_name": "a", "results": [field("x", "1"), field("y", "ERROR", error_msg="Why.")]},
        {"file_name": "b", "file_index": 1, "status": "ERROR", "error_msg": "No PDF."},
        {"file_name": "c", "file_index": 2, "results": [field("z", "ERROR")]},
    ).to_frame("errors")
    assert list(frame.columns) == [*WIDE[:4], "key", "value", "error"]
    assert frame["file_name"].tolist() == ["a", "b", "c"]
    assert frame["key"].isna().tolist() == [False, True, False]
    assert frame["error"].tolist()[:2] == ["Why.", "No PDF."]


def test_wide_and_long_agree(build: Build) -> None:
    """Pivoting long gives the values of wide."""
    records = build(
        *(
            {"file_name": str(n), "file_index": n, "results": [field(k, f"{k}{n}") for k in "abc"]}
            for n in range(5)
        )
    )
    pivoted = records.to_frame("long").pivot(index="file_index", columns="key", values="value")
    assert pivoted.to_numpy().tolist() == records.to_frame()[list("abc")].to_numpy().tolist()
