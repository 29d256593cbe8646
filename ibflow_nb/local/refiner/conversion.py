"""How a value is taken where a function or an operator wants another kind."""

from __future__ import annotations

import re
from decimal import Decimal

from ibflow_nb.local.refiner.errors import FieldError
from ibflow_nb.local.refiner.values import (
    ARITHMETIC,
    Boolean,
    Items,
    Mapping,
    Number,
    Piece,
    Table,
    Text,
    Value,
    describe,
    to_word,
)

_NUMBER = re.compile(r"\s*[+-]?(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]+)?\s*", re.ASCII)
_MAX_DIGITS = 100


def plain_number(text: str) -> Decimal | None:
    """Read a text that is nothing but a number, such as ``-1,007.50``; else None."""
    if len(text) > _MAX_DIGITS or not _NUMBER.fullmatch(text):
        return None
    return ARITHMETIC.create_decimal(text.replace(",", "").strip())


def as_number(value: Value) -> Decimal:
    """Take a number, or a text that is one.

    Raises:
        FieldError: the value is no number.
    """
    if isinstance(value, Number):
        return value.value
    if isinstance(value, Text):
        number = plain_number(value.text)
        if number is not None:
            return number
        raise FieldError(f"{shorten(value.text)} is not a number; parse_number reads numbers.")
    raise FieldError(f"A number is needed here, not {describe(value)}.")


def as_integer(value: Value) -> int:
    """Take a whole number.

    Raises:
        FieldError: the value is no whole number.
    """
    number = as_number(value)
    if number != number.to_integral_value():
        raise FieldError(f"A whole number is needed here, not {to_word(value)}.")
    return int(number)


def as_text(value: Value) -> Text:
    """Take a text; numbers and truth values are written out.

    Raises:
        FieldError: the value is a list, map or table.
    """
    if isinstance(value, Text):
        return value
    if isinstance(value, Number | Boolean):
        return computed_text(to_word(value), value)
    raise FieldError(f"A text is needed here, not {describe(value)}.")


def computed_text(word: str, origin: Value) -> Text:
    """Make a text that was computed from another value and keeps its places."""
    if isinstance(origin, Text):
        return origin.computed(word)
    pieces = tuple(Piece(0, end - start, start) for start, end in origin.sources)
    return Text(word, pieces, aligned=False)


def as_truth(value: Value) -> bool:
    """Take a condition: false, 0, an empty text and an empty list do not hold."""
    match value:
        case Boolean(value=truth):
            return truth
        case Number(value=number):
            return number != 0
        case Text(text=text):
            return text != ""
        case Items(items=items):
            return bool(items)
        case Mapping(entries=entries):
            return bool(entries)
        case Table(rows=rows):
            return bool(rows)


def as_items(value: Value) -> tuple[Value, ...]:
    """Take a list; a single value is a list of one, an empty text an empty list."""
    match value:
        case Items(items=items):
            return items
        case Table(rows=rows):
            return rows
        case Text(text=""):
            return ()
        case _:
            return (value,)


def shorten(text: str, length: int = 40) -> str:
    """Quote a text for an error message, cut where it is long."""
    line = " ".join(text[: 4 * length].split())
    return f"'{line}'" if len(line) <= length else f"'{line[:length]}…'"
