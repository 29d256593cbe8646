"""Values by their type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from ibflow_nb.frames import Records

Build = Callable[..., Records]


def column(build: Build, kind: str, *values: str | None) -> pd.Series[Any]:
    """Convert these values of one field, one record each."""
    records = build(
        *({"results": [{"key": "x", "value": value, "field_type": kind}]} for value in values)
    )
    return records.to_frame(convert=True)["x"]


@pytest.mark.parametrize(
    ("text", "number"),
    [("12.50", 12.5), (" -3 ", -3.0), ("1,234.5", 1234.5), ("1e3", 1000.0), (".5", 0.5)],
)
def test_float(build: Build, text: str, number: float) -> None:
    """A FLOAT in the English notation is read, also with thousands separators."""
    assert column(build, "FLOAT", text).tolist() == [number]


@pytest.mark.parametrize("text", ["", "ERROR", "12,50", "1.234,50", "nan", "inf", "$5", "1 2"])
def test_what_is_no_float_is_missing(build: Build, text: str) -> None:
    """A FLOAT that could mean something else, or nothing, is NA and never a wrong number."""
    series = column(build, "FLOAT", text, "1")
    assert series.dtype == "float64"
    assert series.isna().tolist() == [True, False]


def test_int_keeps_large_numbers_exact_and_missing_ones_missing(build: Build) -> None:
    """An INT column stays integer beside NA, without rounding above 2**53."""
    series = column(build, "INT", "9007199254740993", None, "12.0", "12.5", "9" * 20)
    assert series.dtype == "Int64"
    assert series.isna().tolist() == [False, True, False, True, True]
    assert series.iloc[0] == 9007199254740993
    assert series.iloc[2] == 12


@pytest.mark.parametrize(
    "text", ["2024-05-13", "2024/05/13", "13/05/2024", "5/13/2024", "13 May 2024", "May 13, 2024"]
)
def test_date(build: Build, text: str) -> None:
    """A DATE that can be read in one way only becomes that day."""
    series = column(build, "DATE", text, None)
    assert series.dtype.kind == "M"
    assert series.iloc[0] == pd.Timestamp(2024, 5, 13)
    assert pd.isna(series.iloc[1])


@pytest.mark.parametrize("text", ["03/04/2024", "30/02/2024", "soon", "2024-13-01"])
def test_doubtful_date_is_missing(build: Build, text: str) -> None:
    """A DATE that can be read in two ways, or in none, is NA."""
    assert column(build, "DATE", text).isna().all()


def test_date_of_any_century(build: Build) -> None:
    """Days outside the range of nanoseconds are kept."""
    assert column(build, "DATE", "1492-10-12").iloc[0].year == 1492


def test_lists_and_mappings_become_python_objects(build: Build) -> None:
    """LIST and DICT are read from their JSON text."""
    assert column(build, "LIST", '["a", 1]', "oops").tolist() == [["a", 1], None]
    assert column(build, "DICT", '{"a": [1]}').tolist() == [{"a": [1]}]


def test_table_becomes_a_nested_frame(build: Build) -> None:
    """A TABLE is a frame with the first row as header, short rows filled up."""
    nested = column(build, "Table", '[["item","qty"],["Pen","2"],["Cap"]]').iloc[0]
    assert list(nested.columns) == ["item", "qty"]
    assert nested["item"].tolist() == ["Pen", "Cap"]
    assert nested["qty"].isna().tolist() == [False, True]


def test_table_of_objects_and_repeated_headers(build: Build) -> None:
    """Rows as objects are read too, and columns always have names of their own."""
    objects, repeated, empty = column(
        build, "TABLE", '[{"a":"1"},{"a":"2"}]', '[["a","a",""],["1","2","3","4"]]', "[]"
    )
    assert objects["a"].tolist() == ["1", "2"]
    assert repeated.columns.is_unique
    assert repeated.shape == (1, 4)
    assert empty.empty


def test_text_stays_text(build: Build) -> None:
    """Values of other types are not guessed at; only ERROR becomes NA."""
    assert column(build, "ANY", "007", "ERROR", "x").isna().tolist() == [False, True, False]
    assert column(build, "TEXT", "007").tolist() == ["007"]


def test_column_of_several_types_keeps_each_value(build: Build) -> None:
    """Where records disagree on a field's type every value has its own."""
    frame = build(
        {"results": [{"key": "x", "value": "5", "field_type": "INT"}]},
        {"results": [{"key": "x", "value": "five", "field_type": "TEXT"}]},
    ).to_frame(convert=True)
    assert frame["x"].tolist() == [5, "five"]


def test_long_is_converted_value_by_value(build: Build) -> None:
    """In long the value column holds numbers, dates and text beside each other."""
    fields = [
        {"key": "n", "value": "5", "field_type": "INT"},
        {"key": "t", "value": "five", "field_type": "TEXT"},
    ]
    frame = build({"results": fields}).to_frame("long", convert=True)
    assert frame["value"].tolist() == [5, "five"]


def test_text_of_unconverted_values_is_reachable(build: Build) -> None:
    """The errors layout lists what is not of its type, with the text as it was sent."""
    fields = [
        {"key": "a", "value": "1.234,50", "field_type": "FLOAT"},
        {"key": "b", "value": "7", "field_type": "FLOAT"},
        {"key": "c", "value": "", "field_type": "DATE"},
    ]
    records = build({"results": fields})
    assert records.to_frame("errors").empty
    errors = records.to_frame("errors", convert=True)
    assert errors[["key", "value"]].to_numpy().tolist() == [["a", "1.234,50"]]
    assert "FLOAT" in errors["error"].iloc[0]
