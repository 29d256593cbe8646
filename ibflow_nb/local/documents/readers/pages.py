"""From the text of pages to pages, for formats that know no geometry."""

from __future__ import annotations

from collections.abc import Iterable

from ibflow_nb.local.documents.layout import Page, page_from_text
from ibflow_nb.local.documents.surrogates import join_surrogates


def text_pages(texts: Iterable[str]) -> list[Page]:
    """Make one page of each text, numbered from 0; no text at all makes one empty page."""
    return [
        page_from_text(join_surrogates(text), number)
        for number, text in enumerate(list(texts) or [""])
    ]
