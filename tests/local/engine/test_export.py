"""Records as CSV."""

from __future__ import annotations

import csv
import io

from ibflow_nb.api.results import Field, ResultRecord
from ibflow_nb.local.engine.export import RECORD_COLUMNS, records_csv


def rows(*records: ResultRecord) -> list[dict[str, str]]:
    """Write records as CSV and read them back."""
    return list(csv.DictReader(io.StringIO(records_csv(records), newline="")))


def test_each_record_is_a_row_with_its_fields_as_columns() -> None:
    """A record without a field that others have leaves its cell empty."""
    first = ResultRecord(file_name="a.txt", results=[Field("total", "1"), Field("date", "x")])
    second = ResultRecord(file_name="b.txt", file_index=1, results=[Field("tax", None)])
    table = rows(first, second)
    assert list(table[0]) == [*RECORD_COLUMNS, "total", "date", "tax"]
    assert [(row["file_name"], row["total"], row["tax"]) for row in table] == [
        ("a.txt", "1", ""),
        ("b.txt", "", ""),
    ]


def test_values_survive_commas_quotes_and_lines() -> None:
    """What CSV gives a meaning to is quoted."""
    value = 'one, "two"\r\nthree'
    assert rows(ResultRecord(results=[Field("text", value)]))[0]["text"] == value


def test_a_failed_file_has_a_row_with_its_reason() -> None:
    """It is not left out."""
    failed = ResultRecord(file_name="a.txt", status="ERROR", error_msg="a.txt is broken.")
    assert rows(failed)[0]["error_msg"] == "a.txt is broken."


def test_a_label_like_an_own_column_keeps_its_values() -> None:
    """Such a field gets a name of its own that no other field has."""
    fields = [Field("file_name", "x"), Field("file_name_field", "y")]
    row = rows(ResultRecord(file_name="a.txt", results=fields))[0]
    assert row["file_name"] == "a.txt"
    assert row["file_name_field_field"] == "x"
    assert row["file_name_field"] == "y"
