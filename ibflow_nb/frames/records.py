"""The records of a run: a sequence that shows itself and becomes a frame."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, get_args, overload

import msgspec

from ibflow_nb.api.errors import ApiError, BadReply, FrameError
from ibflow_nb.api.results import ResultRecord
from ibflow_nb.frames import html
from ibflow_nb.frames.decoding import decode

if TYPE_CHECKING:
    import pandas as pd

    from ibflow_nb.frames.comparison import Comparison, Truth
    from ibflow_nb.frames.pictures.charts import Charts
    from ibflow_nb.frames.pictures.pages import PageLoader
    from ibflow_nb.frames.pictures.review import Review

Layout = Literal["wide", "long", "errors", "confidence"]


class Records(Sequence[ResultRecord]):
    """Records of one run, in the order of the reply.

    Behaves as a read-only list of :class:`~ibflow_nb.api.results.ResultRecord`; a slice gives
    Records again. Source of the fields: Flow Results API.

    Attributes:
        job_id: the run they come from; empty when not known.
    """

    def __init__(
        self,
        records: Iterable[ResultRecord] = (),
        *,
        job_id: str = "",
        load_pages: PageLoader | None = None,
    ) -> None:
        """Hold records.

        Args:
            records: in order.
            job_id: the run they come from.
            load_pages: fetches pictures of pages for :meth:`show`; without it there are none.
        """
        self._records = list(records)
        self.job_id = job_id
        self._load_pages = load_pages

    @classmethod
    def from_json(cls, reply: bytes, *, load_pages: PageLoader | None = None) -> Records:
        """Read the reply of ``run_sync`` or ``flow_binary/results``.

        Args:
            reply: its body.
            load_pages: fetches pictures of pages for :meth:`show`; without it there are none.

        Raises:
            ApiError: the reply reports an error.
            BadReply: it is not JSON, or holds no list of records.
        """
        with _collector_paused():
            try:
                decoded = decode(reply)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise BadReply(f"The reply with the records cannot be read: {error}.") from error
        if decoded.status == "ERROR":
            raise ApiError(decoded.msg or "The server reported an error without a message.")
        if decoded.records is None:
            raise BadReply("The reply holds no 'records'; is it one of run_sync or of results?")
        return cls(decoded.records, job_id=decoded.job_id or "", load_pages=load_pages)

    @overload
    def __getitem__(self, index: int) -> ResultRecord: ...
    @overload
    def __getitem__(self, index: slice) -> Records: ...
    def __getitem__(self, index: int | slice) -> ResultRecord | Records:
        if isinstance(index, slice):
            return self._with(self._records[index])
        return self._records[index]

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[ResultRecord]:
        return iter(self._records)

    @property
    def errors(self) -> Records:
        """The records with an error: of their file, or of one of their fields."""
        failed = [
            record
            for record in self._records
            if record.status == "ERROR" or any(field.failed for field in record.results)
        ]
        return self._with(failed)

    def to_frame(
        self,
        layout: Layout = "wide",
        *,
        convert: bool = False,
        index: Literal["file"] | None = None,
    ) -> pd.DataFrame:
        """Give the records as a frame; what is missing is NA.

        ======================  ==========================================================
        ``layout``              rows and columns
        ======================  ==========================================================
        ``"wide"``              one row a record: ``file_name, file_index, record_index,
                                class_label, output_file_path``, then one column per field
                                in the order in which they are first seen
        ``"long"``              one row a field: ``file_name, file_index, record_index,
                                class_label, key, value, type, confidence, error, page,
                                left, top, right, bottom``
        ``"confidence"``        as wide, with each field's confidence (0 to 1) as its value
        ``"errors"``            one row a failed field or file (then ``key`` is NA):
                                ``file_name, file_index, record_index, class_label, key,
                                value, error``
        ======================  ==========================================================

        Pages count from 1. Boxes are fractions of the page (0 to 1, from its top left corner);
        a value that was read at several places has the box around those on its first page.
        Where one record holds a field twice, wide shows the last and long both. A field named
        like one of the first five columns gets ``_field`` behind its name in wide.

        Args:
            layout: shape of the frame.
            convert: give numbers, dates, lists and tables (as frames) by ``field_type``
                instead of strings. What cannot be converted, ``ERROR`` included, becomes NA;
                ``to_frame("errors", convert=True)`` lists it with its text. Frames with tables
                in them cannot be written as Parquet; the strings can.
            index: ``"file"`` takes ``file_name``, the path within the input folder, as index,
                to join the records with what else is known of the files.

        Raises:
            FrameError: there is no such layout or index.
        """
        from ibflow_nb.frames import layouts  # pandas is loaded here and not before

        if layout not in get_args(Layout):
            names = ", ".join(get_args(Layout))
            raise FrameError(f"There is no layout {layout!r}; use one of {names}.")
        build = {
            "wide": layouts.wide,
            "long": layouts.long,
            "confidence": layouts.confidence,
            "errors": layouts.errors,
        }[layout]
        if index not in {None, "file"}:
            raise FrameError(f"There is no index {index!r}; use 'file' or leave it out.")
        with _collector_paused():
            frame = build(self._records, convert)
        return frame if index is None else frame.set_index("file_name")

    def compare(self, other: Truth) -> Comparison:
        """Compare field by field with another run, or with what is known to be right.

        Args:
            other: Records; a wide frame, converted or not; the path of a CSV file of such a
                shape; a list of mappings with ``file_name`` and fields; or a mapping from file
                name to fields, or to a list of those, one for each record. A ``record_index``
                tells records of one file apart, it is 0 where it is not given.

        Raises:
            FrameError: ``other`` names no files, or one record twice, or cannot be read.
        """
        from ibflow_nb.frames.comparison import Comparison

        return Comparison.of(self._records, other)

    def show(self, first: int = 0, *, most: int = 10, threshold: float = html.DOUBTFUL) -> Review:
        """Show records beside their pages, each field boxed where it was read.

        Args:
            first: index of the record that is seen first; the ones after it come along, for
                next and previous.
            most: records in the view; each brings pictures of up to four pages.
            threshold: confidences below (0 to 1) are marked.

        Raises:
            IndexError: there is no such record.
        """
        from ibflow_nb.frames.pictures.review import Review

        if self._records and not -len(self) <= first < len(self):
            raise IndexError(f"There is no record {first}: the run has {len(self)}, from 0.")
        start = first % max(len(self), 1)
        return Review(
            list(enumerate(self._records))[start : start + max(most, 1)],
            len(self),
            load=self._load_pages,
            job_id=self.job_id,
            threshold=threshold,
        )

    def charts(self, *, threshold: float = html.DOUBTFUL) -> Charts:
        """Chart how often each field has a value, and how sure the run is of it.

        Args:
            threshold: values with a confidence below (0 to 1) count as doubtful.
        """
        from ibflow_nb.frames.pictures.charts import Charts

        return Charts(self._records, threshold=threshold)

    def _with(self, records: list[ResultRecord]) -> Records:
        """Give some of these records as Records of the same run."""
        return Records(records, job_id=self.job_id, load_pages=self._load_pages)

    def __repr__(self) -> str:
        return f"<Records: {html.summary(self)}>"

    def _repr_html_(self) -> str:
        return html.table(self)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Keep Python's cyclic collector from walking millions of new objects again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
