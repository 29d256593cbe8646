"""Functions on lists and maps. A single value counts as a list of one, an empty text as none."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.local.refiner.context import Context
from ibflow_nb.local.refiner.conversion import as_items, as_text
from ibflow_nb.local.refiner.errors import FieldError
from ibflow_nb.local.refiner.registry import constant, find_function, function
from ibflow_nb.local.refiner.values import (
    EMPTY,
    Items,
    Mapping,
    Table,
    Text,
    Value,
    describe,
)

_PAIR = 2


@function("list")
def list_(*values: Value) -> Items:
    """Make a list of its arguments, as ``[a, b]`` does."""
    return Items(values)


@function("first")
def first(list: Sequence[Value]) -> Value:
    """Give the first item; empty if there is none."""
    return list[0] if list else EMPTY


@function("last")
def last(list: Sequence[Value]) -> Value:
    """Give the last item; empty if there is none."""
    return list[-1] if list else EMPTY


@function("nth")
def nth(list: Sequence[Value], n: int) -> Value:
    """Give an item by its number: 1 is the first, -1 the last; empty if there is none.

    Raises:
        FieldError: ``n`` is 0.
    """
    if n == 0:
        raise FieldError("nth counts from 1 (or from -1, the last); there is no item 0.")
    index = n - 1 if n > 0 else n
    return list[index] if -len(list) <= index < len(list) else EMPTY


@function("map")
def map_(context: Context, list: Sequence[Value], function: str) -> Items:
    """Call a function of one argument, named in quotes, with each item of a list.

    Raises:
        FieldError: there is no such function or it needs more than one argument.
    """
    try:
        found = find_function(function)
        found.bind([EMPTY], [])
    except InvalidRequest as error:
        raise FieldError(f"map cannot use {function!r}: {error}.") from error
    return Items(tuple(found.call(context, found.bind([constant(item)], [])) for item in list))


@function("map_get")
def map_get(map: Value, key: str) -> Value:
    """Give the value of a key; empty if there is none.

    A map is a row of a table, a list of ``[key, value]`` pairs, or the JSON text of an object.
    Of a table it gives the list of the column's cells. Keys match in any case where none is
    spelled exactly so.

    Raises:
        FieldError: the value is no map.
    """
    match map:
        case Mapping():
            return map.get(key)
        case Table(rows=rows):
            return Items(tuple(row.get(key) for row in rows))
        case Text(text=text):
            return _from_json(map).get(key) if text.strip() else EMPTY
        case Items(items=items):
            return _from_pairs(items).get(key)
    raise FieldError(f"map_get needs a map, not {describe(map)}.")


def _from_pairs(items: Sequence[Value]) -> Mapping:
    pairs = [as_items(item) for item in items]
    if any(len(pair) != _PAIR for pair in pairs):
        raise FieldError("map_get needs pairs: a list of lists of a key and a value.")
    return Mapping(tuple((as_text(pair[0]).text, pair[1]) for pair in pairs))


def _from_json(text: Text) -> Mapping:
    try:
        entries = msgspec.json.decode(text.text, type=dict[str, str | int | float | bool | None])
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise FieldError("map_get needs a map; this text is no JSON object of texts.") from error
    words = {key: _plain_word(value) for key, value in entries.items()}
    return Mapping(tuple((key, text.computed(word)) for key, word in words.items()))


def _plain_word(value: str | int | float | bool | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
