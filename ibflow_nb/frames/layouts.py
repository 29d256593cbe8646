"""The shapes of a frame: one list for each column, never a dictionary for each row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from ibflow_nb.api.results import Field, ResultRecord
from ibflow_nb.frames.convert import convert_column, convert_value, fault
from ibflow_nb.frames.regions import NOWHERE, locate, page_sizes

RECORD_COLUMNS = ("file_name", "file_index", "record_index", "class_label")
WIDE_COLUMNS = (*RECORD_COLUMNS, "output_file_path")


def wide(records: Sequence[ResultRecord], convert: bool) -> pd.DataFrame:
    """One row a record, one column a field."""
    columns = _record_columns(records)
    columns["output_file_path"] = _text([record.output_file_path or None for record in records])
    for name, fields in _field_columns(records):
        if convert:
            columns[name] = convert_column(fields)
        else:
            columns[name] = _text([None if field is None else field.value for field in fields])
    return pd.DataFrame(columns, copy=False)


def confidence(records: Sequence[ResultRecord], convert: bool) -> pd.DataFrame:
    """One row a record, one column with each field's confidence; there is nothing to convert."""
    columns = _record_columns(records)
    columns["output_file_path"] = _text([record.output_file_path or None for record in records])
    for name, fields in _field_columns(records):
        columns[name] = _numbers(
            [None if field is None else field.model_confidence for field in fields]
        )
    return pd.DataFrame(columns, copy=False)


def long(records: Sequence[ResultRecord], convert: bool) -> pd.DataFrame:
    """One row a field, with its confidence and its place on the page."""
    counts = [len(record.results) for record in records]
    fields = [field for record in records for field in record.results]
    places = []
    for record in records:
        sizes = page_sizes(record)
        places += [
            locate(field.provenance, sizes) if field.provenance else NOWHERE
            for field in record.results
        ]
    page, left, top, right, bottom = zip(*places, strict=True) if places else ((),) * 5
    columns = {
        name: column.repeat(counts).reset_index(drop=True)
        for name, column in _record_columns(records).items()
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
    columns["page"] = pd.Series(page, dtype="Int64")
    for name, values in zip(
        ("left", "top", "right", "bottom"), (left, top, right, bottom), strict=True
    ):
        columns[name] = _numbers(values)
    return pd.DataFrame(columns, copy=False)


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


def _field_columns(records: Sequence[ResultRecord]) -> Iterator[tuple[str, list[Field | None]]]:
    """Yield the column name and one field (or None) for each record, in first-seen order."""
    columns: dict[str, list[Field | None]] = {}
    for row, record in enumerate(records):
        for field in record.results:
            column = columns.get(field.key)
            if column is None:
                column = columns[field.key] = [None] * len(records)
            column[row] = field
    taken = {*WIDE_COLUMNS, *columns}
    for key, fields in columns.items():
        name = key
        if key in WIDE_COLUMNS:
            while name in taken:
                name += "_field"
            taken.add(name)
        yield name, fields


def _text(values: Sequence[str | None]) -> pd.Series[Any]:
    """A column of strings; ``str`` is pandas' own choice of type, by its version."""
    return pd.Series(values, dtype="str")


def _numbers(values: Sequence[float | None]) -> pd.Series[Any]:
    return pd.Series(values, dtype="float64")
