"""Values by their ``field_type``: numbers, dates, lists, mappings and tables.

Only what can be read in one way is converted. A date such as 03/04/2024 stays unconverted:
which of the two it is, the refiner must say (``parse_date``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pandas as pd

from ibflow_nb.api.results import Field

_NUMBER = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:,\d{3})+)?(?:\.\d+)?(?:[eE][+-]?\d+)?")
_DATE_FORMATS = ("%Y/%m/%d", "%Y.%m.%d", "%d %B %Y", "%d %b %Y", "%B %d, %Y", "%b %d, %Y")
_NUMERIC_DATE = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_INT64 = range(-(2**63), 2**63)
_Rows = list[list[Any] | dict[str, Any]]


def convert_column(fields: Sequence[Field | None]) -> pd.Series[Any]:
    """Convert the values of one field over all records.

    The column has the dtype of its type (``Int64``, ``float64``, ``datetime64[us]``, ``str``);
    where records disagree on the type, and for lists, mappings and tables, it is ``object``.
    """
    values = [None if field is None else convert_value(field) for field in fields]
    kinds = {field.field_type.upper() for field in fields if field is not None}
    dtypes = {_DTYPES.get(kind, "str") for kind in kinds}
    return pd.Series(values, dtype=dtypes.pop() if len(dtypes) == 1 else "object")


def convert_value(field: Field) -> Any:
    """Convert one value; None when it is missing, failed or not of its type."""
    if field.value is None or field.failed:
        return None
    parse = _PARSERS.get(field.field_type.upper())
    if parse is None:
        return field.value
    try:
        return parse(field.value.strip())
    except (ValueError, msgspec.MsgspecError):
        return None


def fault(field: Field) -> str:
    """Say why a value is not of its type; empty when it is, or when it is missing or blank."""
    if field.value is None or not field.value.strip() or convert_value(field) is not None:
        return ""
    return f"The value is not of the type {field.field_type}."


def _number(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return float(text.replace(",", ""))


def _integer(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        as_float = _number(text)
        number = int(as_float)
        if number != as_float:
            raise
    if number not in _INT64:
        raise ValueError(text)
    return number


def _date(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except ValueError:
        pass
    if numeric := _NUMERIC_DATE.fullmatch(text):
        first, second, year = map(int, numeric.groups())
        if first <= 12 and second <= 12 and first != second:
            raise ValueError(text)
        day, month = (second, first) if second > 12 else (first, second)
        return datetime(year, month, day)
    for form in _DATE_FORMATS:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    raise ValueError(text)


def _list(text: str) -> list[Any]:
    return msgspec.json.decode(text, type=list[Any])


def _mapping(text: str) -> dict[str, Any]:
    return msgspec.json.decode(text, type=dict[str, Any])


def _table(text: str) -> pd.DataFrame:
    """Read a JSON list of rows whose first row holds the headers, or a list of objects."""
    rows = msgspec.json.decode(text, type=_Rows)
    if not rows or isinstance(rows[0], dict):
        return pd.DataFrame(rows)
    header, *body = [list(row) for row in rows]
    width = max(len(row) for row in rows)
    names: list[str] = []
    for index in range(width):
        name = str(header[index]) if index < len(header) else ""
        names.append(name if name and name not in names else f"{name or 'column'}_{index + 1}")
    cells = [row + [None] * (width - len(row)) for row in body]
    return pd.DataFrame(cells, columns=names)


_PARSERS: dict[str, Callable[[str], Any]] = {
    "INT": _integer,
    "FLOAT": _number,
    "DATE": _date,
    "LIST": _list,
    "DICT": _mapping,
    "TABLE": _table,
}
_DTYPES = {
    "INT": "Int64",
    "FLOAT": "float64",
    "DATE": "datetime64[us]",
    "LIST": "object",
    "DICT": "object",
    "TABLE": "object",
}
