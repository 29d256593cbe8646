"""Finds a label in a row of words that OCR may have misread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from ibflow_nb.local.refiner.errors import FieldError
from ibflow_nb.local.refiner.reading import Row
from ibflow_nb.local.refiner.tokens import Token, split_tokens

MAX_LABEL = 200
_FIRST_ERROR_AT = 4  # letters of a label from which on one may be wrong
_LETTERS_PER_ERROR = 5


@dataclass(frozen=True, slots=True)
class Match:
    """Where a label stands in a row: from a token to a token; fewer errors are better."""

    errors: int
    first: Token
    last: Token


def label_key(label: str) -> str:
    """Fold a label into the letters that are compared.

    Raises:
        FieldError: it has neither a letter nor a digit, or is too long for a label.
    """
    if len(label) > MAX_LABEL:
        raise FieldError(f"A label is longer than {MAX_LABEL} characters.")
    key = "".join(token.key for token in split_tokens(label))
    if not key:
        raise FieldError(f"The label {label!r} has no letter or digit to look for.")
    return key


def find_label(key: str, row: Row, skip: int = 0) -> Iterator[Match]:
    """Yield the places in a row that read like a label, from left to right.

    Of places that overlap only the best reading counts: ``9 Date`` reads like ``Date`` with one
    error, but the 9 is no part of the label.

    Args:
        key: as :func:`label_key` gives it.
        row: its words; spaces between them are ignored, since OCR adds and drops some.
        skip: number of tokens at the row's start to pass over.
    """
    allowed = _allowed_errors(len(key))
    if not _may_hold(key, row.key, allowed):
        return
    pending: Match | None = None
    for index in range(skip, len(row.tokens)):
        best = _best_end(key, row.tokens, index, allowed)
        if best is None:
            continue
        match = Match(best[0], row.tokens[index], best[1])
        if pending is None:
            pending = match
        elif _overlap(pending, match):
            pending = min(pending, match, key=lambda place: place.errors)
        else:
            yield pending
            pending = match
    if pending is not None:
        yield pending


def _overlap(left: Match, right: Match) -> bool:
    """Tell whether a place reaches into one that begins after it."""
    last, first = left.last, right.first
    return (first.word, first.start) <= (last.word, last.start)


def _may_hold(key: str, text: str, allowed: int) -> bool:
    """Tell fast, by a bound that errs on the safe side, that a row cannot hold a label."""
    if not allowed or len(text) <= len(key):
        return key in text or bool(allowed)
    return fuzz.partial_ratio(key, text) >= 100 * (1 - 2 * allowed / len(key))


def _best_end(
    key: str, tokens: Sequence[Token], index: int, allowed: int
) -> tuple[int, Token] | None:
    best: tuple[int, Token] | None = None
    read = ""
    while index < len(tokens) and len(read) <= len(key) + allowed:
        read += tokens[index].key
        if abs(len(read) - len(key)) <= allowed:
            errors = Levenshtein.distance(key, read, score_cutoff=allowed)
            if errors <= allowed and (best is None or errors < best[0]):
                best = (errors, tokens[index])
        index += 1
    return best


def _allowed_errors(length: int) -> int:
    if length < _FIRST_ERROR_AT:
        return 0
    return 1 + (length - _FIRST_ERROR_AT) // _LETTERS_PER_ERROR
