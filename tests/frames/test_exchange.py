"""Frames given on: to files, by index, and to other libraries."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ibflow_nb.api.errors import FrameError
from ibflow_nb.frames import Records
from ibflow_nb.frames.records import Layout

Build = Callable[..., Records]
LAYOUTS: tuple[Layout, ...] = ("wide", "long", "errors", "confidence")


@pytest.fixture
def records(build: Build) -> Records:
    """Two records with a number, a text with a comma and a missing value."""
    number = {"key": "total", "value": "12.50", "field_type": "FLOAT", "model_confidence": 0.5}
    return build(
        {"file_name": "in/a.pdf", "results": [number, {"key": "name", "value": 'Ä, "x"\n'}]},
        {"file_name": "b.pdf", "file_index": 1, "results": [{"key": "name", "value": None}]},
    )


def test_index_joins_back_to_files(records: Records) -> None:
    """With the file as index a list of the same files joins on."""
    frame = records.to_frame(index="file")
    assert frame.index.name == "file_name"
    known = pd.DataFrame({"customer": ["A", "B"]}, index=["b.pdf", "in/a.pdf"])
    assert frame.join(known)["customer"].tolist() == ["B", "A"]


def test_another_index_is_refused(records: Records) -> None:
    """A wrong index is named."""
    with pytest.raises(FrameError, match="'row'"):
        records.to_frame(index="row")  # type: ignore[arg-type]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_csv_gives_the_frame_again(records: Records, layout: Layout, tmp_path: Path) -> None:
    """What pandas writes as CSV it reads again, value for value."""
    frame = records.to_frame(layout)
    frame.to_csv(tmp_path / "x.csv", index=False)
    again = pd.read_csv(tmp_path / "x.csv", dtype=dict(frame.dtypes))
    assert (again.dtypes == frame.dtypes).all()
    missing = frame.isna()  # None or NaN, by the version of pandas
    assert (again.isna() == missing).all(axis=None)
    pd.testing.assert_frame_equal(
        again.astype(object).mask(missing, ""), frame.astype(object).mask(missing, "")
    )


@pytest.mark.parametrize("layout", LAYOUTS)
def test_frames_are_the_same_without_arrow(records: Records, layout: Layout) -> None:
    """Where pandas keeps strings as Python's, a frame has the same values and types."""
    frame = records.to_frame(layout)
    with pd.option_context("mode.string_storage", "python"):
        plain = records.to_frame(layout)
        pd.testing.assert_frame_equal(
            plain, frame.astype(plain.dtypes), check_column_type=False, check_exact=True
        )


@pytest.mark.parametrize("convert", [False, True])
def test_parquet_gives_the_frame_again(records: Records, convert: bool, tmp_path: Path) -> None:
    """What pandas writes as Parquet it reads again, types included."""
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    frame = records.to_frame(convert=convert)
    frame.to_parquet(tmp_path / "x.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "x.parquet"), frame)


@pytest.mark.parametrize("library", ["pyarrow", "polars"])
def test_other_libraries_take_the_frame(records: Records, library: str) -> None:
    """Arrow tables and polars frames are made of ours by Arrow's stream interface."""
    pytest.importorskip("pyarrow", reason="pandas hands frames on through pyarrow")
    module: Any = pytest.importorskip(library, reason=f"{library} is not installed")
    frame = records.to_frame(convert=True)
    make = module.table if library == "pyarrow" else module.DataFrame
    taken = make(frame)
    column = taken["total"].to_pylist() if library == "pyarrow" else taken["total"].to_list()
    assert column[0] == 12.5
