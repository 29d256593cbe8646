"""How reading a document fails."""

from __future__ import annotations

from ibflow_nb.api.errors import IbflowError


class UnreadableDocument(IbflowError):
    """A document cannot be read: one sentence that tells why and what to do.

    The sentence does not name the file; the step that reads it does.
    """
