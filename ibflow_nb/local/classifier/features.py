"""What a classifier looks at: words and pairs of words, and how the page looks.

The same function serves training and scoring, so both see the same document.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from math import log2
from typing import NamedTuple

from ibflow_nb.local.documents.record import Layout, Record, Word

_TOKEN = re.compile(r"[^\W_]+")
_DIGIT = re.compile(r"\d")
_COLUMN_GAP = re.compile(r"\S {2,}(?=\S)")
_HEAD = 0.2  # share of the first page's height that holds titles and letter heads


class Features(NamedTuple):
    """Counts of terms: those of the text, and those of the layout."""

    text: Counter[str]
    layout: Counter[str]


def features_of(record: Record) -> Features:
    """Count the terms of a record.

    Text terms are words in lower case, with every digit as ``0``, and pairs of neighbours.
    Layout terms are the words at the head of the first page, its shape, and rough measures: number
    of pages, words on a page, columns, length of lines, share of digits.
    """
    words = tokens(record.text)
    text = Counter(words)
    text.update(" ".join(pair) for pair in pairwise(words))
    return Features(text, Counter(_layout_terms(record)))


def tokens(text: str) -> list[str]:
    """Split into words in lower case with every digit as ``0``."""
    return [_DIGIT.sub("0", token) for token in _TOKEN.findall(text.casefold())]


def _layout_terms(record: Record) -> list[str]:
    words = [word for line in record.lines for word in line]
    layouts = [metadata.layout for metadata in record.metadata_list]
    if not layouts:
        return []
    lines = [line for line in record.text.splitlines() if line.strip()]
    gaps = sum(len(_COLUMN_GAP.findall(line)) for line in lines)
    characters = "".join(word.word for word in words)
    return [
        f"shape={_shape(layouts[0])}",
        f"pages={_magnitude(len(layouts))}",
        f"words={_magnitude(len(words) / len(layouts))}",
        f"line={_magnitude(len(words) / max(len(lines), 1))}",
        f"columns={_magnitude(2 * gaps / max(len(lines), 1))}",
        f"digits={round(10 * sum(map(str.isdigit, characters)) / max(len(characters), 1))}",
        *(f"head:{token}" for token in _head_tokens(words, layouts[0])),
    ]


def _shape(layout: Layout) -> str:
    ratio = layout.height / max(layout.width, 1)
    return "strip" if ratio > 1.8 else "portrait" if ratio > 1.05 else "landscape"


def _magnitude(value: float) -> int:
    return round(log2(1 + value))


def _head_tokens(words: list[Word], first: Layout) -> list[str]:
    bottom = first.height * _HEAD
    head = (word.word for word in words if word.page == first.page and word.end_y <= bottom)
    return tokens(" ".join(head))
