"""The shapes of a frame: one list for each column, never a dictionary for each row."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ibflow_nb.api.results import Field, ResultRecord
from ibflow_nb.frames.convert import convert_column, convert_value, fault
from ibflow_nb.frames.regions import Place, locate, page_sizes

RECORD_COLUMNS = ("file_name", "file_index", "record_index", "class_label")
WIDE_COLUMNS = (*RECORD_COLUMNS, "output_file_path")
BOX_COLUMNS = ("left", "top", "right", "bottom")


def wide(records: Sequence[ResultRecord], convert: bool) -> pd.DataFrame:
    """One row a record, one column a field."""
    columns = _wide_record_columns(records)
    names = _field_names(records)
    if convert:
        fields = _cells(records, names, None)
        for index, name in enumerate(names.values()):
            columns[name] = convert_column(fields[index :: len(names)])
    else:
        columns.update(_side_by_side(_text(_cells(records, names, "value")), names))
    return pd.DataFrame(columns, copy=False)


def confidence(records: Sequence[ResultRecord], convert: bool) -> pd.DataFrame:
    """One row a record, one column with each field's confidence; there is nothing to convert."""
    columns = _wide_record_columns(records)
    names = _field_names(records)
    cells = _cells(records, names, "model_confidence")
    columns.update(_side_by_side(_numbers(cells), names))
    return pd.DataFrame(columns, copy=False)


def long(records: Sequence[ResultRecord], convert: bool) -> pd.DataFrame:
    """One row a field, with its confidence and its place on the page."""
    counts = np.array([len(record.results) for record in records], dtype=np.intp)
    fields = [field for record in records for field in record.results]
    columns = {
        name: column.array.repeat(counts) for name, column in _record_columns(records).items()
    }
    columns["key"] = _text([field.key for field in fields])
    columns["value"] = (
        pd.Series([convert_value(field) for field in fields], dtype=object)
        if convert
        else _text([field.value for field in fields])
    )
    columns["type"] = _text([field.field_type for field in fields])
    columns["confidence"] = _numbers([field.model_confidence for field in fields])
    columns["error"] = _text([field.error_msg or None for field in fields])
    return pd.DataFrame({**columns, **_place_columns(records, fields)}, copy=False)


def errors(records: Sequence[ResultRecord], convert: bool) -> pd.DataFrame:
    """One row a failed file or field; with ``convert`` also values that are not of their type."""
    found = list(_faults(records, convert))
    columns = _record_columns([record for record, *_ in found])
    columns["key"] = _text([key for _, key, _, _ in found])
    columns["value"] = _text([value for _, _, value, _ in found])
    columns["error"] = _text([reason for _, _, _, reason in found])
    return pd.DataFrame(columns, copy=False)


def _faults(
    records: Sequence[ResultRecord], convert: bool
) -> Iterator[tuple[ResultRecord, str | None, str | None, str]]:
    """Yield record, key, value and reason of everything that failed."""
    for record in records:
        if record.status == "ERROR":
            yield record, None, None, record.error_msg or "The file failed, no reason was sent."
        for field in record.results:
            reason = field.error_msg
            if field.failed and not reason:
                reason = "The field failed, no reason was sent."
            elif convert and not reason:
                reason = fault(field)
            if reason:
                yield record, field.key, field.value, reason


def _record_columns(records: Sequence[ResultRecord]) -> dict[str, pd.Series[Any]]:
    return {
        "file_name": _text([record.file_name for record in records]),
        "file_index": pd.Series([record.file_index for record in records], dtype="int64"),
        "record_index": pd.Series([record.record_index for record in records], dtype="int64"),
        "class_label": _text([record.classification_label or None for record in records]),
    }


def _wide_record_columns(records: Sequence[ResultRecord]) -> dict[str, pd.Series[Any]]:
    columns = _record_columns(records)
    columns["output_file_path"] = _text([record.output_file_path or None for record in records])
    return columns


def _field_names(records: Sequence[ResultRecord]) -> dict[str, str]:
    """Give the column name of each key, in first-seen order."""
    names = {field.key: "" for record in records for field in record.results}
    taken = {*WIDE_COLUMNS, *names}
    for key in names:
        name = key
        if key in WIDE_COLUMNS:
            while name in taken:
                name += "_field"
            taken.add(name)
        names[key] = name
    return names


def _cells(
    records: Sequence[ResultRecord], names: Collection[str], attribute: str | None
) -> list[Any]:
    """Give an attribute of each field, or the field itself, row by row; None where there is none.

    The last field of a key counts. Rows, not columns, are laid one behind the other: that is how
    fields lie in memory, and a walk through it column by column takes three times as long.
    """
    places = {key: place for place, key in enumerate(names)}
    empty: list[Any] = [None] * len(places)
    cells: list[Any] = []
    for record in records:
        row = empty.copy()
        for field in record.results:
            row[places[field.key]] = field if attribute is None else getattr(field, attribute)
        cells += row
    return cells


def _side_by_side(cells: pd.Series[Any], names: dict[str, str]) -> Iterator[tuple[str, Any]]:
    """Yield each column of cells that stand row by row, without copying where pandas allows."""
    for index, name in enumerate(names.values()):
        yield name, cells.array[index :: len(names)]


def _place_columns(
    records: Sequence[ResultRecord], fields: Sequence[Field]
) -> dict[str, pd.Series[Any]]:
    """Page and box of each of the fields; only those that have a place cost time."""
    places = np.full((1 + len(BOX_COLUMNS), len(fields)), np.nan)
    if any(field.provenance for field in fields):
        rows, found = zip(*_located(records), strict=True)
        places[:, rows] = np.array(found, dtype=np.float64).T
    page, *box = places
    columns = {"page": pd.Series(page, dtype="Int64")}
    columns.update((name, _numbers(cells)) for name, cells in zip(BOX_COLUMNS, box, strict=True))
    return columns


def _located(records: Sequence[ResultRecord]) -> Iterator[tuple[int, Place]]:
    """Yield row and place of each field that has one."""
    rows = itertools.count()
    for record in records:
        sizes = page_sizes(record)
        for field, row in zip(record.results, rows, strict=False):
            if field.provenance:
                yield row, locate(field.provenance, sizes)


def _text(values: Sequence[str | None]) -> pd.Series[Any]:
    """A column of strings; ``str`` is pandas' own choice of type, by its version.

    Where pandas keeps strings in Arrow, Arrow takes them over in a third of the time of pandas.
    """
    dtype = pd.Series(dtype="str").dtype
    if getattr(dtype, "storage", None) == "pyarrow":
        import pyarrow as pa

        return pd.Series(pd.array(pa.array(values, pa.large_string()), dtype=dtype), copy=False)
    return pd.Series(np.fromiter(values, object, len(values)), dtype="str")


def _numbers(values: Sequence[float | None] | np.ndarray[Any, Any]) -> pd.Series[Any]:
    return pd.Series(np.asarray(values, dtype="float64"), copy=False)
