"""Flow results (source: Flow Results API and Run results endpoint; run_sync's records)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic

import msgspec

from ibflow_nb.api.schema import Envelope, Reply, Request

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    # Texts that repeat all through a run: labels, types, classes, states. A decoder that is told
    # which there are (``ResultRecord[Literal[...]]``) gives one string instead of a million.
    Repeated = TypeVar("Repeated", bound=str, default=str)
else:
    from typing import TypeVar

    Repeated = TypeVar("Repeated", bound=str)

FILES_PER_PAGE = 20


class ResultsOptions(Request):
    """Options of ``flow_binary/results``.

    Attributes:
        include_page_layouts: add ``layout`` to each record.
        include_checkpoint_results: add ``checkpoint_results`` to each record.
        refined_phrases_features: names out of ``provenance_info`` and ``internal_keys``, as a
            list or as an object of booleans; both forms are in use.
    """

    include_page_layouts: bool = False
    include_checkpoint_results: bool = False
    refined_phrases_features: list[str] | dict[str, bool] = []

    def wants(self, feature: str) -> bool:
        """Tell whether ``provenance_info`` or ``internal_keys`` was asked for."""
        features = self.refined_phrases_features
        return bool(features.get(feature)) if isinstance(features, dict) else feature in features


class ResultsQuery(Request):
    """Body of ``flow_binary/results``: 20 files a page, from ``file_offset`` on."""

    ibresults_path: str
    options: ResultsOptions = msgspec.field(default_factory=ResultsOptions)
    file_offset: int = 0
    job_id: str = ""


class PageImageQuery(Request):
    """Body of ``flow_binary/page_image``; names a page as the records do.

    Attributes:
        ibocr_path: drive path of the ``.ibdoc``, the record's ``output_file_path``.
        page_number: page of the file, from 0, as in the record's layout.
        record_index: index of the record within the file.
        job_id: the run; its flow knows the passwords of locked files.
        longest_side: pixels of the picture's longer side at most.
    """

    ibocr_path: str
    page_number: int = 0
    record_index: int = 0
    job_id: str = ""
    longest_side: int = 1400


class PageImage(Envelope):
    """Reply of ``flow_binary/page_image``: a picture of the page's box space, of any scale.

    Attributes:
        media_type: ``image/webp``, or ``image/svg+xml`` for a page that has words and no looks.
        content: the picture, base64 on the wire.
    """

    media_type: str
    content: bytes


class BoundingPoly(msgspec.Struct, gc=False):
    """A box on a page, in pixels of that page, from its top left corner."""

    top_x: float
    top_y: float
    bottom_x: float
    bottom_y: float


class ExtractedRegion(msgspec.Struct, gc=False):
    """Where a value was read: page (from 0) and box."""

    index: int
    bounding_poly: BoundingPoly


class Provenance(msgspec.Struct, omit_defaults=True, gc=False):
    """Where a value comes from; one region for each line it covers."""

    extracted_regions: list[ExtractedRegion] = []


class Field(msgspec.Struct, Generic[Repeated], gc=False):
    """One extracted field of a record.

    Attributes:
        key: the field's label; internal ones begin with ``__``.
        value: text as extracted; ``ERROR`` when the field failed.
        field_type: ANY, TEXT, INT, FLOAT, DATE, LIST, DICT or TABLE.
        error_msg: why the field failed.
        model_confidence: 0 to 1; absent when nothing is known.
        provenance: only with the feature ``provenance_info``.
    """

    key: Repeated
    value: str | None = None
    field_type: Repeated = "ANY"  # type: ignore[assignment]
    error_msg: str = ""
    model_confidence: float | None = None
    provenance: Provenance | None = None

    @property
    def failed(self) -> bool:
        """Whether the refiner reported an error, by a message or by the value ``ERROR``."""
        return self.value == "ERROR" or bool(self.error_msg)


class SentField(Field, omit_defaults=True, kw_only=True):
    """A field as the embedded platform sends it: these keys always, others when they say more."""

    key: str
    value: str
    field_type: str
    error_msg: str


class PageLayout(msgspec.Struct, omit_defaults=True, gc=False):
    """A page of the record: number (from 0), size in pixels, drive paths of its images."""

    page_number: int
    width: float
    height: float
    processed_image_path: str = ""
    thumbnail_image_path: str = ""


class RecordLayout(msgspec.Struct, omit_defaults=True, gc=False):
    """Pages of a record; only with ``include_page_layouts``."""

    page_layouts: list[PageLayout] = []


class PageRange(msgspec.Struct):
    """Pages of the input file that a record covers, from 1, both ends included."""

    start_page: int
    end_page: int


class ResultRecord(msgspec.Struct, Generic[Repeated], omit_defaults=True, gc=False):
    """One record of a run; a file that failed has one with ``status`` ERROR and no results.

    Attributes:
        file_name: name of the input file, relative to the input folder.
        file_index: its index in the run, from 0.
        record_index: index of the record within the file, from 0.
        results: the extracted fields in order.
        output_file_path: drive path of the ``.ibdoc`` the record is in.
        status: OK or ERROR.
        error_msg: one sentence on why the file failed.
        classification_label: class of the record.
        class_score: 0 to 1.
        page_range: pages of the file that the record covers.
        layout: pages with their size and images.
        checkpoint_results: validations of the record.
        is_manually_reviewed: whether a reviewer corrected or approved it at a checkpoint.
    """

    file_name: str = ""
    file_index: int = 0
    record_index: int = 0
    results: list[Field[Repeated]] = []
    output_file_path: str = ""
    status: Repeated = "OK"  # type: ignore[assignment]
    error_msg: str = ""
    classification_label: Repeated = ""  # type: ignore[assignment]
    class_score: float | None = None
    page_range: PageRange | None = None
    layout: RecordLayout | None = None
    checkpoint_results: dict[str, Any] | None = None
    is_manually_reviewed: bool = False


class SentRecord(ResultRecord, kw_only=True):
    """A record as the embedded platform sends it: these keys always, others when they have a value.

    Replies of other servers may lack any key, so they are read as :class:`ResultRecord`.
    """

    file_name: str
    file_index: int
    record_index: int
    results: list[Field]
    output_file_path: str
    status: str


class ResultsReply(Envelope):
    """Reply of ``flow_binary/results``: the records of up to 20 files."""

    records: list[ResultRecord]
    binary_path: str = ""
    job_id: str = ""
    has_more: bool = False
    can_resume: bool = False


class FileRecords(Reply):
    """One file's entry in ``batch.ibflowresults``."""

    records: list[FileRecord] = []


class FileRecord(Reply, omit_defaults=False):
    """One record in ``batch.ibflowresults``: its status and the ``.ibdoc`` that holds it.

    ``classification_label`` is the class that a metaflow found for the file.
    """

    status: str = "OK"
    ibocr_full_path: str = ""
    file_name: str = ""
    record_index: int = 0
    error_msg: str = ""
    classification_label: str = ""


class BatchResults(Reply, omit_defaults=False):
    """Content of ``batch.ibflowresults``; ``results`` maps file index (as text) to records."""

    results: dict[str, FileRecords]
    can_resume: bool = False
    binary_path: str = ""
    job_id: str = ""
    msg: str = ""
