"""Two runs, or a run and the truth, field by field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any, Literal, NamedTuple

import pandas as pd

from ibflow_nb.api.errors import FrameError
from ibflow_nb.api.results import Field, ResultRecord
from ibflow_nb.frames.convert import convert_value
from ibflow_nb.frames.layouts import WIDE_COLUMNS

Truth = (
    Sequence[ResultRecord]
    | Sequence[Mapping[str, Any]]
    | Mapping[str, Mapping[str, Any]]
    | pd.DataFrame
)
Outcome = Literal["same", "changed", "missing", "new"]
OUTCOMES: tuple[Outcome, ...] = ("same", "changed", "missing", "new")

_Key = tuple[str, int]
_Values = dict[str, Field | Any]
_MOST_ROWS = 200
_CELL = "text-align:left;vertical-align:top;padding:.2em .7em"
# Translucent, so that they tint light and dark pages alike.
_TINTS = {
    "same": "rgba(47,158,110,.18)",
    "changed": "rgba(224,138,30,.28)",
    "missing": "rgba(209,73,91,.28)",
    "new": "rgba(37,99,235,.22)",
}


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
    where the other's value is a number or date, or the field has such a type, as what they mean.
    """

    def __init__(self, fields: Sequence[Difference]) -> None:
        self._fields = list(fields)

    @classmethod
    def of(cls, records: Sequence[ResultRecord], other: Truth) -> Comparison:
        """Compare records; see :meth:`ibflow_nb.frames.Records.compare`."""
        return cls(list(_differences(_of_records(records), _read(other))))

    def to_frame(self) -> pd.DataFrame:
        """Give one row a field: ``file_name, record_index, key, outcome, here, there``."""
        frame = pd.DataFrame(self._fields, columns=list(Difference._fields))
        texts = dict.fromkeys(("file_name", "key", "outcome", "here", "there"), "str")
        return frame.astype(texts | {"record_index": "int64"})

    @property
    def accuracy(self) -> pd.DataFrame:
        """One row a field: counts of each outcome, and ``accuracy``.

        That is the share (0 to 1) of the values the other has which are the same here; NA for
        a field of which the other has none. New values do not count: the other cannot judge them.
        """
        counts = {
            key: Counter(field.outcome for field in self._fields if field.key == key)
            for key in dict.fromkeys(field.key for field in self._fields)
        }
        frame = pd.DataFrame(
            [[counts[key][outcome] for outcome in OUTCOMES] for key in counts],
            index=pd.Index(counts, name="key", dtype="str"),
            columns=list(OUTCOMES),
            dtype="int64",
        )
        known = frame["same"] + frame["changed"] + frame["missing"]
        frame["accuracy"] = frame["same"] / known.where(known > 0)
        return frame

    @property
    def overall(self) -> float:
        """The accuracy over all fields, 0 to 1; NaN where the other has no values."""
        counts = Counter(field.outcome for field in self._fields)
        known = counts["same"] + counts["changed"] + counts["missing"]
        return counts["same"] / known if known else float("nan")

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"<Comparison: {self._summary()}>"

    def _repr_html_(self) -> str:
        unlike = [field for field in self._fields if field.outcome != "same"]
        shown = "".join(map(_row, unlike[:_MOST_ROWS]))
        more = len(unlike) - _MOST_ROWS
        return (
            f'<div style="max-width:100%;overflow-x:auto"><p>{self._summary()}</p>'
            + _table(["field", *OUTCOMES, "accuracy"], self._accuracy_rows())
            + (_table(["file", "field", "outcome", "here", "there"], shown) if unlike else "")
            + (f"<p>{more:,} more: to_frame()</p>" if more > 0 else "")
            + "</div>"
        )

    def _summary(self) -> str:
        counts = Counter(field.outcome for field in self._fields)
        told = ", ".join(f"{counts[outcome]:,} {outcome}" for outcome in OUTCOMES)
        known = counts["same"] + counts["changed"] + counts["missing"]
        return f"{told}; accuracy {self.overall:.1%}" if known else told

    def _accuracy_rows(self) -> str:
        rows = []
        for key, row in self.accuracy.iterrows():
            cells = [_cell(escape(str(key)))]
            cells += [
                _cell(f"{int(row[outcome])}", _TINTS[outcome] if row[outcome] else "")
                for outcome in OUTCOMES
            ]
            cells.append(_cell("&mdash;" if pd.isna(row["accuracy"]) else f"{row['accuracy']:.1%}"))
            rows.append(f"<tr>{''.join(cells)}</tr>")
        return "".join(rows)


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
    typed = other if isinstance(other, Field) else Field("", right, _type_of(other, mine))
    meant = [convert_value(Field("", field.value, typed.field_type)) for field in (mine, typed)]
    if typed.field_type not in {"INT", "FLOAT", "DATE"} or None in meant:
        return False
    return bool(meant[0] == meant[1])


def _type_of(value: Any, mine: Field) -> str:
    """Give the type in which a value of the truth is to be compared."""
    if isinstance(value, str):
        return mine.field_type.upper()
    return "DATE" if hasattr(value, "isoformat") else "FLOAT"


def _shown(value: Field | Any) -> str | None:
    """Give a value as text without surplus spaces; None for no value."""
    if isinstance(value, Field):
        value = None if value.failed else value.value
    if value is None or (not isinstance(value, list | dict) and pd.isna(value)):
        return None
    return " ".join(str(value).split()) or None


def _of_records(records: Sequence[ResultRecord]) -> dict[_Key, _Values]:
    return _unique(
        ((record.file_name, record.record_index), {field.key: field for field in record.results})
        for record in records
    )


def _read(other: Truth) -> dict[_Key, _Values]:
    if isinstance(other, pd.DataFrame):
        frame = other.reset_index() if other.index.name == "file_name" else other
        return _unique(map(_named, frame.to_dict("records")))
    if isinstance(other, Mapping):
        return _unique(_named({**values, "file_name": name}) for name, values in other.items())
    if all(isinstance(entry, ResultRecord) for entry in other):
        return _of_records([entry for entry in other if isinstance(entry, ResultRecord)])
    return _unique(_named(entry) for entry in other if isinstance(entry, Mapping))


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


def _table(heads: Sequence[str], rows: str) -> str:
    head = "".join(f'<th scope="col" style="{_CELL}">{title}</th>' for title in heads)
    return (
        '<table style="border-collapse:collapse;margin:0 0 1em">'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _row(field: Difference) -> str:
    name = field.file_name + (f" #{field.record_index}" if field.record_index else "")
    tint = _TINTS[field.outcome]
    cells = [_cell(escape(name)), _cell(escape(field.key)), _cell(field.outcome, tint)]
    cells += [_cell(escape(value or "—"), tint) for value in (field.here, field.there)]
    return f"<tr>{''.join(cells)}</tr>"


def _cell(content: str, tint: str = "") -> str:
    return f'<td style="{_CELL}{f";background:{tint}" if tint else ""}">{content}</td>'
