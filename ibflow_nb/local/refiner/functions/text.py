"""Functions on texts."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from ibflow_nb.local.refiner.conversion import as_text
from ibflow_nb.local.refiner.errors import FieldError
from ibflow_nb.local.refiner.registry import function
from ibflow_nb.local.refiner.values import (
    Items,
    Number,
    Table,
    Text,
    Value,
    check_items,
    check_size,
    join_texts,
)


@function("concat")
def concat(*values: Text) -> Text:
    """Put texts one after the other."""
    return join_texts(values)


@function("join")
def join(list: Sequence[Value], sep: str) -> Text:
    """Put the items of a list one after the other, with a separator between them."""
    return join_texts([as_text(item) for item in list], sep)


@function("split")
def split(text: Text, sep: str) -> Items:
    """Cut a text at each separator; an empty text gives an empty list.

    Raises:
        FieldError: the separator is empty.
    """
    if not sep:
        raise FieldError("split needs a separator that is not empty.")
    check_items(text.text.count(sep))
    parts: list[Text] = []
    start = 0
    for part in text.text.split(sep) if text.text else []:
        parts.append(text.cut(start, start + len(part)))
        start += len(part) + len(sep)
    return Items(tuple(parts))


@function("strip")
def strip(text: Text) -> Text:
    """Remove white space from both ends."""
    return text.strip()


@function("upper")
def upper(text: Text) -> Text:
    """Write in upper case."""
    return text.computed(text.text.upper())


@function("lower")
def lower(text: Text) -> Text:
    """Write in lower case."""
    return text.computed(text.text.lower())


@function("replace")
def replace(text: Text, old: str, new: str) -> Text:
    """Replace each occurrence of one text by another; an empty ``old`` changes nothing."""
    if not old:
        return text
    check_size(len(text.text) + text.text.count(old) * (len(new) - len(old)))
    return text.computed(text.text.replace(old, new))


@function("length")
def length(value: Value) -> Number:
    """Count the characters of a text, or the items of a list."""
    if isinstance(value, Items):
        return Number(Decimal(len(value.items)), value.sources)
    if isinstance(value, Table):
        return Number(Decimal(len(value.rows)), value.sources)
    return Number(Decimal(len(as_text(value).text)), value.sources)
