"""How the evaluation of a field fails."""

from __future__ import annotations

from ibflow_nb.api.errors import IbflowError


class FieldError(IbflowError):
    """A field cannot be computed on this record; the sentence becomes its error message."""
