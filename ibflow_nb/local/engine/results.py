"""Reads the records of a run, 20 files a page (source: Flow Results API).

Of each ``.ibdoc`` only what the reply needs is decoded; words and lines are passed over.
"""

from __future__ import annotations

import posixpath
from itertools import groupby
from pathlib import Path

import msgspec

from ibflow_nb.api.errors import InvalidRequest, NotFound
from ibflow_nb.api.results import (
    FILES_PER_PAGE,
    BatchResults,
    BoundingPoly,
    ExtractedRegion,
    FileRecord,
    PageLayout,
    PageRange,
    Provenance,
    RecordLayout,
    ResultRecord,
    ResultsOptions,
    ResultsQuery,
    ResultsReply,
    SentField,
    SentRecord,
)
from ibflow_nb.local.documents.record import Classification, PageMetadata, RefinedPhrase
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.engine.batch import read_batch_results
from ibflow_nb.local.engine.folders import RESULTS_FILE


class _StoredRecord(msgspec.Struct):
    """A record without its text, words and lines."""

    refined_phrases: list[RefinedPhrase] = []
    metadata_list: list[PageMetadata] = []
    classification_payload: Classification | None = None
    checkpoint_results: dict[str, object] | None = None


_decoder = msgspec.json.Decoder(list[_StoredRecord])


def read_results(drive: Drive, query: ResultsQuery) -> ResultsReply:
    """Give the records of up to 20 files of a run.

    Args:
        drive: where the results and the record files are.
        query: ``ibresults_path`` names ``batch.ibflowresults`` or the folder that holds it.

    Raises:
        NotFound: there are no results at that path (yet).
        InvalidRequest: the file is no results file.
    """
    batch = _batch(drive, query.ibresults_path)
    offset = max(0, query.file_offset)
    indexes = sorted(map(int, batch.results))
    page = [index for index in indexes if index >= offset][: FILES_PER_PAGE + 1]
    records = [
        record
        for index in page[:FILES_PER_PAGE]
        for record in _records_of_file(drive, batch, index, query.options)
    ]
    return ResultsReply(
        records=records,
        binary_path=batch.binary_path,
        job_id=batch.job_id,
        has_more=len(page) > FILES_PER_PAGE,
        can_resume=batch.can_resume,
    )


def read_all_records(drive: Drive, path: str, options: ResultsOptions) -> list[ResultRecord]:
    """Give all records of a run, in the order of its files.

    Args:
        drive: where the results and the record files are.
        path: drive path of ``batch.ibflowresults`` or the folder that holds it.
        options: what each record tells.

    Raises:
        NotFound: there are no results at that path (yet).
        InvalidRequest: the file is no results file.
    """
    batch = _batch(drive, path)
    return [
        record
        for index in sorted(map(int, batch.results))
        for record in _records_of_file(drive, batch, index, options)
    ]


def _batch(drive: Drive, path: str) -> BatchResults:
    try:
        return read_batch_results(_results_file(drive, path))
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"{path} is no results file ({error}).") from error


def _results_file(drive: Drive, path: str) -> Path:
    try:
        found = drive.locate(path)
    except NotFound as error:
        raise NotFound(
            f"There are no results at '{path}': the run has not ended, or the path is wrong.",
            status_code=404,
        ) from error
    if found.is_dir():
        return _results_file(drive, f"{path.rstrip('/')}/{RESULTS_FILE}")
    return found


def _records_of_file(
    drive: Drive, batch: BatchResults, index: int, options: ResultsOptions
) -> list[ResultRecord]:
    found: list[ResultRecord] = []
    entries = batch.results[str(index)].records
    for path, group in groupby(entries, key=lambda entry: entry.ibocr_full_path):
        listed = list(group)
        if not path:
            found += [_failed(entry, index, entry.error_msg) for entry in listed]
            continue
        try:
            stored = _decoder.decode(drive.resolve(path).read_bytes())
        except (OSError, msgspec.DecodeError, InvalidRequest):
            name = path.rsplit("/", 1)[-1]
            reason = f"The record file {name} of {listed[0].file_name} is gone or damaged."
            found.append(_failed(listed[0], index, reason))
            continue
        found += [
            _record(stored[entry.record_index], entry, index, options)
            for entry in listed
            if entry.record_index < len(stored)
        ]
    return found


def _failed(entry: FileRecord, index: int, reason: str) -> ResultRecord:
    return SentRecord(
        file_name=entry.file_name,
        file_index=index,
        record_index=entry.record_index,
        results=[],
        output_file_path="",
        status="ERROR",
        error_msg=reason,
        classification_label=entry.classification_label,
    )


def _record(
    stored: _StoredRecord, entry: FileRecord, index: int, options: ResultsOptions
) -> ResultRecord:
    internal = options.wants("internal_keys")
    provenance = options.wants("provenance_info")
    record = SentRecord(
        file_name=entry.file_name,
        file_index=index,
        record_index=entry.record_index,
        output_file_path=entry.ibocr_full_path,
        status="OK",
        results=[
            _field(phrase, provenance=provenance)
            for phrase in stored.refined_phrases
            if internal or not phrase.label.startswith("__")
        ],
        classification_label=entry.classification_label,
        is_manually_reviewed=_is_reviewed(stored.checkpoint_results or {}),
    )
    if stored.classification_payload is not None:
        record.classification_label = stored.classification_payload.class_label
        record.class_score = stored.classification_payload.class_score
    if pages := [meta.layout.page for meta in stored.metadata_list]:
        record.page_range = PageRange(min(pages) + 1, max(pages) + 1)
    if options.include_page_layouts:
        record.layout = _layout(stored, entry.ibocr_full_path)
    if options.include_checkpoint_results:
        record.checkpoint_results = stored.checkpoint_results or {}
    return record


def _is_reviewed(checkpoint_results: dict[str, object]) -> bool:
    return bool(checkpoint_results.get("reviewed") or checkpoint_results.get("approved"))


def _field(phrase: RefinedPhrase, *, provenance: bool) -> SentField:
    regions = [
        ExtractedRegion(
            region.page,
            BoundingPoly(region.start_x, region.start_y, region.end_x, region.end_y),
        )
        for region in phrase.regions
    ]
    return SentField(
        key=phrase.label,
        value=phrase.word,
        field_type=phrase.output_type,
        error_msg=phrase.error_msg,
        model_confidence=phrase.confidence,
        provenance=Provenance(regions) if provenance else None,
    )


def _layout(stored: _StoredRecord, ibdoc: str) -> RecordLayout:
    folder = ibdoc.rpartition("/")[0]
    return RecordLayout(
        [
            PageLayout(
                page_number=meta.layout.page,
                width=meta.layout.width,
                height=meta.layout.height,
                processed_image_path=(
                    posixpath.normpath(f"{folder}/{meta.layout.processed_image_path}")
                    if meta.layout.processed_image_path
                    else ""
                ),
            )
            for meta in stored.metadata_list
        ]
    )
