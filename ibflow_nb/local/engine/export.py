"""Records as CSV: one row a record, fields as columns.

Used by ``flow/export/review_batch`` and by ``run_sync`` with ``result_format: "csv"``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from ibflow_nb.api.results import ResultRecord

RECORD_SUFFIXES = (".ibocr", ".ibdoc")
RECORD_COLUMNS = ("file_name", "file_index", "record_index", "class_label", "error_msg")


def records_csv(records: Sequence[ResultRecord]) -> str:
    """Write records as CSV with a header row, lines ended as RFC 4180 says.

    Columns are those of :data:`RECORD_COLUMNS`, then each field by its label in the order in
    which they are first seen; a label that is one of the former gets ``_field`` at its end. A
    file that failed has its reason in ``error_msg`` and no values.
    """
    keys = list(dict.fromkeys(field.key for record in records for field in record.results))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([*RECORD_COLUMNS, *_column_names(keys)])
    for record in records:
        values = {field.key: field.value for field in record.results}
        writer.writerow(
            [
                record.file_name,
                record.file_index,
                record.record_index,
                record.classification_label,
                record.error_msg,
                *(values.get(key) for key in keys),
            ]
        )
    return text.getvalue()


def batch_folder(path: str) -> str:
    """Give the output folder that a path stands for: itself, or that of a record file in it.

    Old clients name ``<output folder>/out.ibocr``, whether or not it is there.
    """
    folder, _, name = path.rstrip("/").rpartition("/")
    return folder if name.endswith(RECORD_SUFFIXES) else path


def _column_names(keys: Sequence[str]) -> list[str]:
    taken = {*RECORD_COLUMNS, *keys}
    names = []
    for key in keys:
        name = key
        while key in RECORD_COLUMNS and name in taken:
            name += "_field"
        taken.add(name)
        names.append(name)
    return names
