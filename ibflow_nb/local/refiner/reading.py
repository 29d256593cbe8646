"""A record as the language reads it: words by place in the text and by place on the page."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, pairwise
from statistics import fmean

from ibflow_nb.local.documents.record import Record, Region, Word
from ibflow_nb.local.refiner.tokens import Token, split_tokens
from ibflow_nb.local.refiner.values import Piece, Span, Text, from_record, join_texts

_GAP = 1.6  # a gap wider than this many characters separates two columns
_NARROW = 0.4  # narrowest character, as a share of the line's height
_CELL = 1.0  # of text that has no boxes: a character is a square of this size


@dataclass(frozen=True, slots=True)
class PlacedWord:
    """A word on a page; ``page`` counts the record's pages from 0."""

    value: Text
    page: int
    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        """Height of the box."""
        return self.bottom - self.top

    @property
    def character(self) -> float:
        """Usual width of a character, never much narrower than the line is high."""
        width = (self.right - self.left) / max(len(self.value.text), 1)
        return max(width, _NARROW * self.height)


class Row(tuple[PlacedWord, ...]):
    """The words of a visual line, from left to right."""

    @cached_property
    def tokens(self) -> list[Token]:
        """The letters and digits of the words, to find labels in."""
        return [
            token
            for index, word in enumerate(self)
            for token in split_tokens(word.value.text, index)
        ]

    @cached_property
    def key(self) -> str:
        """The folded characters of all tokens."""
        return "".join(token.key for token in self.tokens)


class Reading:
    """A record with its words found by offset; regions and confidences of values.

    Attributes:
        record: the record.
        text: its text as a value.
    """

    def __init__(self, record: Record) -> None:
        self.record = record
        self.text = from_record(record.text)
        numbered = [
            (word, line) for line, words in enumerate(record.lines) for word in words if word.word
        ]
        numbered.sort(key=lambda entry: entry[0].offset)
        self._words = [word for word, _ in numbered]
        self._lines = [line for _, line in numbered]
        self._starts = [word.offset for word in self._words]
        self._pages = {meta.layout.page: n for n, meta in enumerate(record.metadata_list)}

    @cached_property
    def rows(self) -> list[Row]:
        """All words of the record in visual lines."""
        return self._rows(range(len(self._words))) if self._words else _grid_rows(self.text)

    def rows_of(self, text: Text) -> list[Row]:
        """Give the words of a text in visual lines.

        A text that was not read from words has no boxes; its characters then stand on a grid.
        """
        if text == self.text:
            return self.rows
        rows = self._rows(self._overlapping(text.sources))
        return rows or _grid_rows(text)

    def page_size(self, page: int) -> tuple[float, float] | None:
        """Give width and height of a page of the record, from 0; None if there is no such page."""
        if not 0 <= page < len(self.record.metadata_list):
            return None
        layout = self.record.metadata_list[page].layout
        return layout.width, layout.height

    def regions(self, sources: Iterable[Span]) -> list[Region]:
        """Give where a value was read: one box for each line of the record that it covers."""
        found = self._overlapping(sources)
        by_line = groupby(found, key=lambda index: (self._words[index].page, self._lines[index]))
        return [
            _bounding_box(page, [self._words[index] for index in group])
            for (page, _), group in by_line
        ]

    def confidence(self, sources: Iterable[Span]) -> float | None:
        """Give the mean confidence of the words read; None for text that is not from OCR."""
        words = (self._words[index] for index in self._overlapping(sources))
        known = [w.confidence.word_confidence for w in words if w.confidence is not None]
        return fmean(known) if known else None

    def _overlapping(self, sources: Iterable[Span]) -> list[int]:
        """Give the indices of the words that a value touches, in order of the text."""
        found: set[int] = set()
        for start, end in sources:
            index = max(bisect_right(self._starts, start) - 1, 0)
            while index < len(self._words) and self._starts[index] < end:
                if self._starts[index] + len(self._words[index].word) > start:
                    found.add(index)
                index += 1
        return sorted(found)

    def _rows(self, indices: Iterable[int]) -> list[Row]:
        return [
            Row(self._placed(self._words[index]) for index in group)
            for _, group in groupby(indices, key=lambda index: self._lines[index])
        ]

    def _placed(self, word: Word) -> PlacedWord:
        return PlacedWord(
            Text(word.word, (Piece(0, len(word.word), word.offset),)),
            self._pages.get(word.page, word.page),
            word.start_x,
            word.start_y,
            word.end_x,
            word.end_y,
        )


def segments(row: Row) -> list[Row]:
    """Split a row where a gap wider than an ordinary space separates two columns."""
    found: list[list[PlacedWord]] = [[row[0]]] if row else []
    for before, word in pairwise(row):
        if word.left - before.right > _GAP * min(before.character, word.character):
            found.append([word])
        else:
            found[-1].append(word)
    return [Row(words) for words in found]


def row_text(words: Sequence[PlacedWord]) -> Text:
    """Join the words of a row by single spaces."""
    return join_texts([word.value for word in words], " ")


def _grid_rows(text: Text) -> list[Row]:
    rows: list[Row] = []
    start = 0
    for number, line in enumerate(text.text.splitlines(keepends=True)):
        words = Row(_grid_words(text, start, line, number))
        if words:
            rows.append(words)
        start += len(line)
    return rows


def _grid_words(text: Text, start: int, line: str, number: int) -> Iterator[PlacedWord]:
    for match in re.finditer(r"\S+", line):
        left, right = match.span()
        yield PlacedWord(
            text.cut(start + left, start + right),
            0,
            left * _CELL,
            number * _CELL,
            right * _CELL,
            (number + 1) * _CELL,
        )


def _bounding_box(page: int, words: list[Word]) -> Region:
    return Region(
        page,
        min(word.start_x for word in words),
        min(word.start_y for word in words),
        max(word.end_x for word in words),
        max(word.end_y for word in words),
    )
