"""Refiner programs: fields with expressions, run in order on records."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.local.documents.record import Record, RefinedPhrase
from ibflow_nb.local.limits import Limits
from ibflow_nb.local.refiner.context import Context
from ibflow_nb.local.refiner.errors import FieldError
from ibflow_nb.local.refiner.evaluation import evaluate
from ibflow_nb.local.refiner.reading import Reading
from ibflow_nb.local.refiner.registry import similar
from ibflow_nb.local.refiner.syntax import Node, parse, variables
from ibflow_nb.local.refiner.values import EMPTY, Value, to_word

INPUT = "INPUT_COL"
ERROR = "ERROR"
MAX_FIELDS = 1_000
MAX_KEPT = 100_000_000  # characters of all values of a record


class _Desc(msgspec.Struct, rename="camel"):
    label: str = ""
    output_type: str = "ANY"


class _Req(msgspec.Struct):
    expression: str = ""


class _FieldEntry(msgspec.Struct):
    desc: _Desc
    req: _Req = msgspec.field(default_factory=_Req)


class _ProgramFile(msgspec.Struct):
    fields: list[_FieldEntry] = []


_decoder = msgspec.json.Decoder(_ProgramFile)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a program.

    Attributes:
        label: its name, with ``_`` for spaces.
        output_type: in upper case, such as ``TEXT`` or ``TABLE``.
        tree: of its expression; None where that is empty, which gives an empty text.
    """

    label: str
    output_type: str
    tree: Node | None


@dataclass(frozen=True, slots=True)
class Program:
    """A refiner program, parsed once and run on many records."""

    fields: tuple[Field, ...]

    def run(self, record: Record, limits: Limits) -> list[RefinedPhrase]:
        """Compute all fields of a record, in order; each may use those before it.

        A field that fails is ``ERROR`` with its reason, and so is each that uses it.

        Args:
            record: is not changed.
            limits: what a file may cost.
        """
        reading = Reading(record)
        values: dict[str, Value | FieldError] = {INPUT: reading.text}
        phrases: list[RefinedPhrase] = []
        kept = 0
        for field in self.fields:
            try:
                value = compute(field.tree, values, reading, limits)
                kept += value.size
                _check_kept(kept)
                phrases.append(_phrase(field, value, reading))
                values[field.label] = value
            except FieldError as error:
                values[field.label] = error
                phrases.append(_failed(field, error))
        return phrases


def load_program(text: str) -> Program:
    """Read an ``.ibrefiner`` file.

    Args:
        text: JSON ``{"fields": [{"desc": {"label", "outputType"}, "req": {"expression"}}]}``;
            other keys (options, development input) are passed over.

    Raises:
        InvalidRequest: it is no such JSON, a label is missing or given twice, or an expression
            is wrong; one sentence with the label and the position.
    """
    try:
        entries = _decoder.decode(text).fields
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise InvalidRequest(f"The refiner program is not valid: {error}.") from error
    if len(entries) > MAX_FIELDS:
        raise InvalidRequest(f"The refiner program has more than {MAX_FIELDS:,} fields.")
    known = [INPUT]
    fields = []
    for number, entry in enumerate(entries, 1):
        label = re.sub(r"\s", "_", entry.desc.label.strip())
        if not label:
            raise InvalidRequest(f"Field {number} of the refiner program has no label.")
        if label in known:
            raise InvalidRequest(f"The refiner program has two fields {label!r}.")
        tree = parse_field(entry.req.expression, label, known)
        fields.append(Field(label, entry.desc.output_type.upper(), tree))
        known.append(label)
    return Program(tuple(fields))


def parse_field(expression: str, label: str, known: Sequence[str]) -> Node | None:
    """Parse an expression and check the names that it uses.

    Args:
        expression: in the extraction language; empty gives None.
        label: of the field, for messages.
        known: the names that it may use.

    Raises:
        InvalidRequest: the expression is wrong or uses another name.
    """
    if not expression.strip():
        return None
    tree = parse(expression, label)
    for variable in variables(tree):
        if variable.name not in known:
            raise InvalidRequest(
                f"The expression of field {label!r} uses {variable.name!r} ({variable.place}),"
                f" but there is no such field before it{similar(variable.name, known)}."
            )
    return tree


def compute(
    tree: Node | None, values: Mapping[str, Value | FieldError], reading: Reading, limits: Limits
) -> Value:
    """Compute one expression on a record; an empty one gives an empty text.

    Raises:
        FieldError: one sentence that says why there is no value.
    """
    return EMPTY if tree is None else evaluate(tree, values, Context(reading, limits))


def _phrase(field: Field, value: Value, reading: Reading) -> RefinedPhrase:
    return RefinedPhrase(
        field.label,
        to_word(value),
        output_type=field.output_type,
        confidence=reading.confidence(value.sources),
        regions=reading.regions(value.sources),
    )


def _failed(field: Field, error: FieldError) -> RefinedPhrase:
    return RefinedPhrase(field.label, ERROR, output_type=field.output_type, error_msg=str(error))


def _check_kept(size: int) -> None:
    if size > MAX_KEPT:
        raise FieldError(
            f"The fields of the record hold more than {MAX_KEPT:,} characters together."
        )
