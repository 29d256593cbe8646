"""Characters that came as two halves, as in UTF-16."""

from __future__ import annotations


def join_surrogates(text: str) -> str:
    """Join surrogates to the characters they stand for; those left over cannot be written."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
