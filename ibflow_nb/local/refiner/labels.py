"""Finds a label among words that OCR may have misread."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from ibflow_nb.local.refiner.errors import FieldError
from ibflow_nb.local.refiner.reading import PlacedWord

_TOKEN = re.compile(r"\w+")
# Characters that OCR takes for each other count as the same.
_ALIKE = str.maketrans({"0": "o", "1": "l", "i": "l", "5": "s", "8": "b"})
_FIRST_ERROR_AT = 4  # letters of a label from which on one may be wrong
_LETTERS_PER_ERROR = 5


@dataclass(frozen=True, slots=True)
class Token:
    """A run of letters and digits inside a word, ``start`` to ``end``."""

    key: str
    word: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Match:
    """Where a label stands in a row: from a token to a token; fewer errors are better."""

    errors: int
    first: Token
    last: Token


def label_key(label: str) -> str:
    """Fold a label into the letters that are compared.

    Raises:
        FieldError: it has neither a letter nor a digit.
    """
    key = "".join(_fold(token) for token in _TOKEN.findall(label))
    if not key:
        raise FieldError(f"The label {label!r} has no letter or digit to look for.")
    return key


def tokens_of(row: Sequence[PlacedWord]) -> list[Token]:
    """Split the words of a row into tokens that can be compared with a label."""
    return [
        Token(_fold(match.group()), index, match.start(), match.end())
        for index, word in enumerate(row)
        for match in _TOKEN.finditer(word.value.text)
    ]


def find_label(key: str, tokens: Sequence[Token]) -> Iterator[Match]:
    """Yield the places in a row that read like a label, from left to right.

    Args:
        key: as :func:`label_key` gives it.
        tokens: of the row; spaces between them are ignored, since OCR adds and drops some.
    """
    allowed = _allowed_errors(len(key))
    for index, first in enumerate(tokens):
        best = _best_end(key, tokens[index:], allowed)
        if best is not None:
            errors, last = best
            yield Match(errors, first, last)


def _best_end(key: str, tokens: Sequence[Token], allowed: int) -> tuple[int, Token] | None:
    best: tuple[int, Token] | None = None
    read = ""
    for token in tokens:
        read += token.key
        if len(read) > len(key) + allowed:
            break
        if len(read) < len(key) - allowed:
            continue
        errors = Levenshtein.distance(key, read, score_cutoff=allowed)
        if errors <= allowed and (best is None or errors < best[0]):
            best = (errors, token)
    return best


def _allowed_errors(length: int) -> int:
    if length < _FIRST_ERROR_AT:
        return 0
    return 1 + (length - _FIRST_ERROR_AT) // _LETTERS_PER_ERROR


def _fold(text: str) -> str:
    return text.casefold().translate(_ALIKE)
