"""Whether the text layer of a page can be trusted, or is made of glyph codes."""

from __future__ import annotations

import re

from ibflow_nb.local.documents.record import Word

# Letters of 1,000 in English; other languages in Latin script are near enough.
_FREQUENCY = dict(
    zip(
        "etaoinsrhldcumfpgwybvkxjqz",
        (127, 91, 82, 75, 70, 67, 63, 60, 61, 40, 43, 28, 28, 24, 22, 19, 20, 24, 20, 15, 10, 8,
         2, 2, 1, 1),
        strict=True,
    )
)  # fmt: skip
_STRANGE = re.compile("[\ufffd\ue000-\uf8ff]")
_STRANGE_SHARE = 0.1  # share of characters without a meaning in a broken text layer
_USUAL = 52  # mean frequency of the letters of a sane text layer: text has 55 to 70, codes 25 to 47
_FEW = 100  # letters below which nothing is said about them


def is_sane(words: list[Word]) -> bool:
    """Tell whether words look like text of a language rather than glyph codes."""
    texts = [word.word for word in words]
    characters = "".join(texts)
    if len(_STRANGE.findall(characters)) > _STRANGE_SHARE * len(characters):
        return False
    longer = [text for text in texts if len(text) >= 4 and text.isascii() and text.isalpha()]
    letters = "".join(longer).lower()
    usual = sum(letters.count(letter) * weight for letter, weight in _FREQUENCY.items())
    return len(letters) < _FEW or usual >= _USUAL * len(letters)
