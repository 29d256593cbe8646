"""How reading a document fails."""

from __future__ import annotations

from ibflow_nb.api.errors import IbflowError


class UnreadableDocument(IbflowError):
    """A document cannot be read: one sentence that tells why and what to do.

    The sentence does not name the file; the step that reads it does.
    """


class ManyScans(Exception):
    """A document has more pages for OCR than are read in one go; none of them was read.

    Attributes:
        pages: the wanted pages of the document, from 0.
        scans: those of them that need OCR.
    """

    def __init__(self, pages: list[int], scans: list[int]) -> None:
        super().__init__(f"{len(scans)} of {len(pages)} pages need OCR.")
        self.pages = pages
        self.scans = scans
