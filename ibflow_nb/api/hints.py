"""Hints at the word that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    """Ask whether the known word nearest to a wrong one was meant.

    Args:
        word: what was said.
        known: what could have been said.
        otherwise: the hint where nothing known is near.
    """
    import difflib  # not at the start of every kernel

    near = difflib.get_close_matches(word, list(known), n=1)
    return f"did you mean '{near[0]}'?" if near else otherwise
