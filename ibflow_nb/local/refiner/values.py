"""The values of the extraction language: immutable, and aware of where they were read.

Every value knows its *sources*: the character ranges of the record's text that it was made
from. A text that was cut out of the record also knows where each of its characters stands, so
that a cut of a cut still points at the right words.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from typing import NamedTuple, TypeAlias

import msgspec

from ibflow_nb.local.refiner.errors import FieldError

MAX_DEPTH = 20
MAX_SIZE = 50_000_000  # of one value, in characters, parts of parts included
_ITEM_SIZE = 100  # what an item of a list costs beside its characters

# Money keeps its digits; huge exponents fail instead of printing a million zeros.
ARITHMETIC = Context(
    prec=28, Emin=-100, Emax=100, traps=[DivisionByZero, InvalidOperation, Overflow]
)


class Span(NamedTuple):
    """Characters ``start`` to ``end`` (excluded) of the record's text."""

    start: int
    end: int


class Piece(NamedTuple):
    """``length`` characters of a value from ``at``; they stand at ``offset`` in the record."""

    at: int
    length: int
    offset: int


def check_size(size: int) -> None:
    """Refuse a value that would fill the worker's memory.

    Raises:
        FieldError: it is larger than ``MAX_SIZE``.
    """
    if size > MAX_SIZE:
        raise FieldError(f"The value is too large: more than {MAX_SIZE:,} characters.")


@dataclass(frozen=True, slots=True)
class Text:
    """A text.

    Attributes:
        text: the characters.
        pieces: where they stand in the record, in order of ``at``.
        aligned: whether the pieces tell it character by character; a computed text, such as
            a date in another format, only knows the places as a whole.
    """

    text: str
    pieces: tuple[Piece, ...] = ()
    aligned: bool = True

    @property
    def size(self) -> int:
        """Characters and places that the value holds."""
        return len(self.text) + len(self.pieces)

    @property
    def sources(self) -> tuple[Span, ...]:
        """Where in the record it was read."""
        return tuple(Span(piece.offset, piece.offset + piece.length) for piece in self.pieces)

    def cut(self, start: int, end: int) -> Text:
        """Give the characters ``start`` to ``end`` with their own places."""
        if not self.aligned:
            return Text(self.text[start:end], self.pieces, aligned=False)
        first = max(bisect_right(self.pieces, start, key=lambda piece: piece.at) - 1, 0)
        return Text(self.text[start:end], tuple(self._pieces_between(first, start, end)))

    def _pieces_between(self, index: int, start: int, end: int) -> Iterator[Piece]:
        while index < len(self.pieces) and self.pieces[index].at < end:
            at, length, offset = self.pieces[index]
            low, high = max(at, start), min(at + length, end)
            if low < high:
                yield Piece(low - start, high - low, offset + low - at)
            index += 1

    def strip(self) -> Text:
        """Give the text without white space at its ends."""
        start = len(self.text) - len(self.text.lstrip())
        return self.cut(start, max(start, len(self.text.rstrip())))

    def computed(self, text: str) -> Text:
        """Give another text that was made from this one.

        Where the length is the same (other case, say) characters keep their places.

        Raises:
            FieldError: it is too large.
        """
        check_size(len(text))
        return Text(text, self.pieces, aligned=self.aligned and len(text) == len(self.text))


@dataclass(frozen=True, slots=True)
class Number:
    """A decimal number."""

    value: Decimal
    sources: tuple[Span, ...] = ()

    @property
    def size(self) -> int:
        """Places that the value holds, and the number itself."""
        return 1 + len(self.sources)


@dataclass(frozen=True, slots=True)
class Boolean:
    """True or false."""

    value: bool
    sources: tuple[Span, ...] = ()

    @property
    def size(self) -> int:
        """Places that the value holds, and the boolean itself."""
        return 1 + len(self.sources)


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: tuple[Value, ...]
    size: int = field(init=False)
    depth: int = field(init=False)

    def __post_init__(self) -> None:
        _measure(self, self.items)

    @property
    def sources(self) -> tuple[Span, ...]:
        """Where in the record the items were read."""
        return all_sources(self.items)


@dataclass(frozen=True, slots=True)
class Mapping:
    """Values by key, such as a table row by its headers."""

    entries: tuple[tuple[str, Value], ...]
    size: int = field(init=False)
    depth: int = field(init=False)

    def __post_init__(self) -> None:
        _measure(self, [value for _, value in self.entries])

    @property
    def sources(self) -> tuple[Span, ...]:
        """Where in the record the values were read."""
        return all_sources(value for _, value in self.entries)

    def get(self, key: str) -> Value:
        """Give the value of a key, in any case if none is spelled exactly so; else empty."""
        for name, value in self.entries:
            if name == key:
                return value
        for name, value in self.entries:
            if name.casefold() == key.casefold():
                return value
        return EMPTY


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headers; a list of rows to the functions that take lists."""

    headers: tuple[str, ...]
    rows: tuple[Mapping, ...]
    size: int = field(init=False)
    depth: int = field(init=False)

    def __post_init__(self) -> None:
        _measure(self, self.rows)

    @property
    def sources(self) -> tuple[Span, ...]:
        """Where in the record the cells were read."""
        return all_sources(self.rows)


Value: TypeAlias = Text | Number | Boolean | Items | Mapping | Table
Container: TypeAlias = Items | Mapping | Table

EMPTY = Text("")
# A plain value as JSON knows it.
Plain: TypeAlias = "str | Decimal | bool | list[Plain] | dict[str, Plain]"

_encoder = msgspec.json.Encoder(decimal_format="number")


def check_items(count: int) -> None:
    """Refuse a list that would fill the worker's memory, before it is made.

    Raises:
        FieldError: it has too many items.
    """
    check_size(count * _ITEM_SIZE)


def _measure(container: Container, parts: Sequence[Value]) -> None:
    size = sum(part.size + _ITEM_SIZE for part in parts)
    depth = 1 + max((depth_of(part) for part in parts), default=0)
    check_size(size)
    if depth > MAX_DEPTH:
        raise FieldError(f"Lists are nested deeper than {MAX_DEPTH} levels.")
    object.__setattr__(container, "size", size)
    object.__setattr__(container, "depth", depth)


def depth_of(value: Value) -> int:
    """Give how deep lists are nested in a value; 0 for a value that is no list."""
    return value.depth if isinstance(value, Items | Mapping | Table) else 0


def all_sources(values: Iterable[Value]) -> tuple[Span, ...]:
    """Give the places of several values, each once, in order of first mention."""
    return tuple(dict.fromkeys(span for value in values for span in value.sources))


def from_record(text: str) -> Text:
    """Make the value of a record's whole text."""
    return Text(text, (Piece(0, len(text), 0),) if text else ())


def join_texts(texts: Sequence[Text], separator: str = "") -> Text:
    """Put texts one after the other; each keeps its places."""
    check_size(sum(len(text.text) for text in texts) + len(separator) * max(len(texts) - 1, 0))
    pieces: list[Piece] = []
    at = 0
    for text in texts:
        pieces += [Piece(at + piece.at, piece.length, piece.offset) for piece in text.pieces]
        at += len(text.text) + len(separator)
    joined = separator.join(text.text for text in texts)
    return Text(joined, tuple(pieces), aligned=all(text.aligned for text in texts))


def describe(value: Value) -> str:
    """Name the kind of a value for an error message."""
    kinds = {Text: "a text", Number: "a number", Boolean: "true or false", Items: "a list"}
    return kinds.get(type(value), "a map" if isinstance(value, Mapping) else "a table")


def write_number(number: Decimal) -> str:
    """Write a number without an exponent, with the digits that it was read with."""
    return format(number, "f")


def to_plain(value: Value) -> Plain:
    """Give a value without its places; a table is a list of rows, the first its headers."""
    match value:
        case Text(text=text):
            return text
        case Number(value=number):
            return number
        case Boolean(value=truth):
            return truth
        case Items(items=items):
            return [to_plain(item) for item in items]
        case Mapping(entries=entries):
            return {key: to_plain(item) for key, item in entries}
        case Table(headers=headers, rows=rows):
            cells: list[Plain] = [[to_plain(cell) for _, cell in row.entries] for row in rows]
            return [list[Plain](headers), *cells]


def to_word(value: Value) -> str:
    """Write a value as it stands in a record's field: lists, maps and tables are JSON text."""
    match value:
        case Text(text=text):
            return text
        case Number(value=number):
            return write_number(number)
        case Boolean(value=truth):
            return "true" if truth else "false"
        case _:
            return _encoder.encode(to_plain(value)).decode()
