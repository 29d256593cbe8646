"""From the text of pages to pages, for formats that know no geometry."""

from __future__ import annotations

from collections.abc import Iterable

from ibflow_nb.local.documents.layout import Page, page_from_text


def text_pages(texts: Iterable[str]) -> list[Page]:
    """Make one page of each text, numbered from 0; no text at all makes one empty page."""
    return [page_from_text(_valid(text), number) for number, text in enumerate(list(texts) or [""])]


def _valid(text: str) -> str:
    """Join surrogates to the characters they stand for; those left over cannot be written."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
