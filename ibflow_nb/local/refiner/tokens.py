"""Letters and digits of words, folded so that what OCR confuses counts as the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(r"\w+")
_ALIKE = str.maketrans({"0": "o", "1": "l", "i": "l", "5": "s", "8": "b"})


@dataclass(frozen=True, slots=True)
class Token:
    """A run of letters and digits.

    Attributes:
        key: its folded characters.
        word: index of the word in its row.
        start, end: place in the word's text.
    """

    key: str
    word: int
    start: int
    end: int


def split_tokens(text: str, word: int = 0) -> Iterator[Token]:
    """Yield the tokens of a word's text."""
    for match in _TOKEN.finditer(text):
        key = match.group().casefold().translate(_ALIKE)
        yield Token(key, word, match.start(), match.end())
