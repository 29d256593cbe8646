"""Two runs, or a run and the truth, field by field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from typing import Any, Literal, NamedTuple

import msgspec
import pandas as pd

from ibflow_nb.api.errors import FrameError
from ibflow_nb.api.results import Field, ResultRecord
from ibflow_nb.frames.convert import convert_value
from ibflow_nb.frames.layouts import WIDE_COLUMNS

Truth = (
    Sequence[ResultRecord]
    | Sequence[Mapping[str, Any]]
    | Mapping[str, Mapping[str, Any] | Sequence[Mapping[str, Any]]]
    | pd.DataFrame
    | str
    | PathLike[str]
)
Outcome = Literal["same", "changed", "missing", "new"]
OUTCOMES: tuple[Outcome, ...] = ("same", "changed", "missing", "new")

_Key = tuple[str, int]
_Values = dict[str, Field | Any]
_STRUCTURED = frozenset({"TABLE", "LIST", "DICT"})


class Difference(NamedTuple):
    """One field of one record; ``here`` is this run's value, ``there`` the other's."""

    file_name: str
    record_index: int
    key: str
    outcome: Outcome
    here: str | None
    there: str | None


class Comparison:
    """What is the same in two runs, or in a run and the truth; shows itself as HTML.

    A value is ``changed`` where both have one and they differ, ``missing`` where only the other
    has one, ``new`` where only this run has one; fields that neither has are left out. An empty
    text and a failed field count as no value. Texts are compared without their surplus spaces;
    where the other's value is a number or date, or the field has such a type, as what they mean;
    tables, lists and mappings cell by cell.

    Attributes:
        fields: each field of each record that either has.
    """

    def __init__(self, fields: Sequence[Difference]) -> None:
        self.fields = list(fields)

    @classmethod
    def of(cls, records: Sequence[ResultRecord], other: Truth) -> Comparison:
        """Compare records; see :meth:`ibflow_nb.frames.Records.compare`."""
        return cls(list(_differences(_of_records(records), _read(other))))

    def to_frame(self) -> pd.DataFrame:
        """Give one row a field: ``file_name, record_index, key, outcome, here, there``."""
        frame = pd.DataFrame(self.fields, columns=list(Difference._fields))
        texts = dict.fromkeys(("file_name", "key", "outcome", "here", "there"), "str")
        return frame.astype(texts | {"record_index": "int64"})

    @property
    def accuracy(self) -> pd.DataFrame:
        """One row a field: counts of each outcome, and ``accuracy``.

        That is the share (0 to 1) of the values the other has which are the same here; NA for
        a field of which the other has none. New values do not count: the other cannot judge them.
        """
        counts = Counter((field.key, field.outcome) for field in self.fields)
        keys = list(dict.fromkeys(field.key for field in self.fields))
        frame = pd.DataFrame(
            [[counts[key, outcome] for outcome in OUTCOMES] for key in keys],
            index=pd.Index(keys, name="key", dtype="str"),
            columns=list(OUTCOMES),
            dtype="int64",
        )
        known = frame["same"] + frame["changed"] + frame["missing"]
        frame["accuracy"] = frame["same"] / known.where(known > 0)
        return frame

    @property
    def overall(self) -> float:
        """The accuracy over all fields, 0 to 1; NaN where the other has no values."""
        counts = Counter(field.outcome for field in self.fields)
        known = counts["same"] + counts["changed"] + counts["missing"]
        return counts["same"] / known if known else float("nan")

    def __len__(self) -> int:
        return len(self.fields)

    @property
    def summary(self) -> str:
        """How many fields have each outcome, and the accuracy, in words."""
        counts = Counter(field.outcome for field in self.fields)
        told = ", ".join(f"{counts[outcome]:,} {outcome}" for outcome in OUTCOMES)
        known = counts["same"] + counts["changed"] + counts["missing"]
        return f"{told}; accuracy {self.overall:.1%}" if known else told

    def __repr__(self) -> str:
        return f"<Comparison: {self.summary}>"

    def _repr_html_(self) -> str:
        from ibflow_nb.frames.pictures import comparison_html

        return comparison_html.render(self)


def _differences(
    here: Mapping[_Key, _Values], there: Mapping[_Key, _Values]
) -> Iterator[Difference]:
    for record in dict.fromkeys([*here, *there]):
        mine, others = here.get(record, {}), there.get(record, {})
        for key in dict.fromkeys([*mine, *others]):
            left, right = _shown(mine.get(key)), _shown(others.get(key))
            if left is None and right is None:
                continue
            outcome: Outcome = "same"
            if left is None:
                outcome = "missing"
            elif right is None:
                outcome = "new"
            elif not _alike(mine[key], others[key]):
                outcome = "changed"
            yield Difference(*record, key, outcome, left, right)


def _alike(mine: Field, other: Field | Any) -> bool:
    """Tell whether two values mean the same."""
    left, right = _shown(mine), _shown(other)
    if left == right:
        return True
    kind = (other.field_type if isinstance(other, Field) else _type_of(other, mine)).upper()
    if kind in _STRUCTURED:
        cells = _cells(left)
        return cells is not None and cells == _cells(right)
    if kind not in {"INT", "FLOAT", "DATE"}:
        return False
    meant = [convert_value(Field("", text, kind)) for text in (left, right)]
    return None not in meant and bool(meant[0] == meant[1])


def _type_of(value: Any, mine: Field) -> str:
    """Give the type in which a value of the truth is to be compared."""
    if isinstance(value, str):
        return mine.field_type
    if isinstance(value, list | dict | pd.DataFrame):
        return "TABLE"
    return "DATE" if hasattr(value, "isoformat") else "FLOAT"


def _shown(value: Field | Any) -> str | None:
    """Give a value as text without surplus spaces; None for no value."""
    if isinstance(value, Field):
        value = None if value.failed else value.value
    if isinstance(value, pd.DataFrame):
        value = [list(value.columns), *value.to_numpy().tolist()]
    if isinstance(value, list | dict):
        value = msgspec.json.encode(value, enc_hook=str).decode()
    if value is None or pd.isna(value):
        return None
    return " ".join(str(value).split()) or None


def _cells(text: str | None) -> Any:
    """Give what a JSON text holds with all cells as text; None where it is no JSON."""
    try:
        return _as_text(msgspec.json.decode(text or ""))
    except msgspec.DecodeError:
        return None


def _as_text(value: Any) -> Any:
    if isinstance(value, list):
        return [_as_text(one) for one in value]
    if isinstance(value, dict):
        return {key: _as_text(one) for key, one in value.items()}
    return "" if value is None else " ".join(str(value).split())


def _of_records(records: Sequence[ResultRecord]) -> dict[_Key, _Values]:
    return _unique(
        ((record.file_name, record.record_index), {field.key: field for field in record.results})
        for record in records
    )


def _read(other: Truth) -> dict[_Key, _Values]:
    if isinstance(other, str | PathLike):
        other = _read_csv(other)
    if isinstance(other, pd.DataFrame):
        frame = other.reset_index() if other.index.name == "file_name" else other
        return _unique(map(_named, frame.to_dict("records")))
    if isinstance(other, Mapping):
        return _unique(
            _named({"record_index": index, **fields, "file_name": name})
            for name, values in other.items()
            for index, fields in enumerate([values] if isinstance(values, Mapping) else values)
        )
    if all(isinstance(entry, ResultRecord) for entry in other):
        return _of_records([entry for entry in other if isinstance(entry, ResultRecord)])
    return _unique(_named(entry) for entry in other if isinstance(entry, Mapping))


def _read_csv(path: str | PathLike[str]) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype="str", keep_default_na=False)
    except (OSError, ValueError) as error:
        reason = str(error).strip().rstrip(".")
        raise FrameError(f"The truth {path} cannot be read as CSV: {reason}.") from error


def _named(row: Mapping[Any, Any]) -> tuple[_Key, _Values]:
    """Take the record's name and its fields out of a row as wide frames have it."""
    if "file_name" not in row:
        raise FrameError(
            "What is compared with must name the file of each record as 'file_name', as the "
            "frames of to_frame() do."
        )
    values = {str(key): value for key, value in row.items() if key not in WIDE_COLUMNS}
    return (str(row["file_name"]), int(row.get("record_index", 0))), values


def _unique(records: Iterator[tuple[_Key, _Values]] | Any) -> dict[_Key, _Values]:
    found: dict[_Key, _Values] = {}
    for key, values in records:
        if key in found:
            raise FrameError(f"Record {key[1]} of {key[0]} is there twice; it cannot be compared.")
        found[key] = values
    return found
