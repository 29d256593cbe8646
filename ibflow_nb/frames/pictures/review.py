"""Documents of a run beside their fields, to be looked through."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from ibflow_nb.api.results import ResultRecord
from ibflow_nb.frames.pictures import review_html
from ibflow_nb.frames.pictures.pages import (
    PageLoader,
    is_doubtful,
    load_pictures,
    view_document,
)


class Review:
    """Pages with the extracted fields boxed; shows itself as HTML in a notebook.

    The HTML holds all that it shows, so it stays in the saved notebook and works in exports:
    next and previous document, and the tie between box and row, need no script and no server.

    Attributes:
        doubtful: file name and key of each field shown whose confidence is below the threshold.
    """

    def __init__(
        self,
        records: Sequence[tuple[int, ResultRecord]],
        total: int,
        *,
        load: PageLoader | None,
        job_id: str,
        threshold: float,
    ) -> None:
        self._documents = [view_document(record) for _, record in records]
        load_pictures(self._documents, load, job_id)
        self._numbers = [number for number, _ in records]
        self._total = total
        self._threshold = threshold
        self._name = f"ibr-{uuid.uuid4().hex[:8]}"

    @property
    def doubtful(self) -> list[tuple[str, str]]:
        """The fields of low confidence, as file name and key."""
        return [
            (document.record.file_name, field.key)
            for document in self._documents
            for field in document.record.results
            if is_doubtful(field, self._threshold)
        ]

    def __repr__(self) -> str:
        names = ", ".join(document.record.file_name for document in self._documents)
        return (
            f"<Review of {len(self._documents)} of {self._total} records: {names}; "
            f"fields below {self._threshold:g}: {len(self.doubtful)}>"
        )

    def _repr_html_(self) -> str:
        return review_html.render(
            self._documents, self._numbers, self._total, self._threshold, self._name
        )
