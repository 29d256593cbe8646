"""The step ``process_files``: any supported file becomes records of words and layout text."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, ClassVar, Literal

import msgspec

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.local.documents.errors import ManyScans, UnreadableDocument
from ibflow_nb.local.documents.kinds import find_kind
from ibflow_nb.local.documents.layout import Page, compose, join_records
from ibflow_nb.local.documents.options import OcrConfig, PageRanges, Passwords, ReadOptions
from ibflow_nb.local.documents.readers import read_document
from ibflow_nb.local.documents.record import Record, load_records, save_records
from ibflow_nb.local.steps.base import Outcome, Part, StepError, Task
from ibflow_nb.local.steps.source import known_class, original_file, with_tessdata

_PART_SCANS = 2  # pages for OCR in one unit of work; more are shared out
_PROCESS_TYPES: dict[str, frozenset[str] | None] = {
    "auto_to_txt": None,
    "images_to_txt": frozenset({"image", "pdf"}),
    "pdf_to_txt": frozenset({"pdf"}),
}
_PAGE_TYPES = ("default", "high_quality_doc", "low_quality_doc")
_LAYOUTS = ("layout_per_doc", "layout_per_page")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The step's kwargs, checked.

    Attributes:
        process_type: ``auto_to_txt`` takes every supported file, ``images_to_txt`` images and
            PDFs and reads all their pages by OCR, ``pdf_to_txt`` PDFs.
        per_page: one record a page rather than one a file.
        pages: pages of each file.
        passwords: for locked files.
        ocr: how pages without text are read.
        unknown: keys of ``ocr_config`` that mean nothing.
    """

    process_type: str
    per_page: bool
    pages: PageRanges
    passwords: Passwords
    ocr: OcrConfig
    unknown: list[str]

    @classmethod
    def parse(cls, kwargs: dict[str, Any]) -> Settings:
        """Read the kwargs of the step as they stand in a flow; empty values mean absent.

        Raises:
            InvalidRequest: one sentence that names the key.
        """
        settings = kwargs.get("settings") or {}
        if not isinstance(settings, dict):
            raise InvalidRequest("process_files: settings is not an object.")
        layout = _choice(settings, "output_format_layout", _LAYOUTS)
        page_type = _choice(settings, "ocr_page_type", _PAGE_TYPES)
        ocr, unknown = OcrConfig.parse(_text(settings, "ocr_config"))
        return cls(
            process_type=_choice(kwargs, "process_type", tuple(_PROCESS_TYPES)),
            per_page=layout == "layout_per_page",
            pages=PageRanges.parse(_text(settings, "page_range_str")),
            passwords=Passwords.parse(_text(settings, "encryption_config")),
            ocr=ocr.decide(page_type),
            unknown=unknown,
        )


def _text(values: dict[str, Any], key: str) -> str:
    value = values.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidRequest(f"process_files: {key} is not a string.")
    return value


def _choice(values: dict[str, Any], key: str, choices: tuple[str, ...]) -> str:
    value = _text(values, key) or choices[0]
    if value not in choices:
        raise InvalidRequest(f"process_files: {key} is {value!r}, not one of {', '.join(choices)}.")
    return value


class ProcessFiles:
    """Reads one file: its text layer or OCR, into an ``.ibdoc`` with page images beside.

    kwargs:
        process_type: ``auto_to_txt`` (default) takes every supported file, ``images_to_txt``
            images and PDFs and reads all their pages by OCR, ``pdf_to_txt`` PDFs.
        settings.ocr_page_type: ``high_quality_doc`` reads pages by the faster OCR engine,
            ``low_quality_doc`` by the better one, ``default`` chooses page by page.
        settings.output_format_layout: ``layout_per_doc`` (default) makes one record of a file,
            ``layout_per_page`` one of each page.
        settings.page_range_str: pages to read such as ``1-3,5,8-``, from 1; empty for all.
        settings.encryption_config: JSON text, ``{"passwords": ["..."]}`` or
            ``{"passwords": {"*.pdf": ["..."]}}``.
        settings.ocr_config: JSON text with any of ``engine`` (``auto``, ``rapidocr``,
            ``tesseract``), ``languages``, ``dpi`` and ``tessdata``.

    A file that an earlier step has read is read again from its source and keeps its class.
    Sources: Flow API document, "Run a fully configured step"; the platform's step reference.
    """

    name: ClassVar[str] = "process_files"
    scope: ClassVar[Literal["file", "batch"]] = "file"
    reads: ClassVar[Literal["source", "records"]] = "source"
    modules: ClassVar[tuple[str, ...]] = ()

    def check(self, kwargs: dict[str, Any], modules: dict[str, str]) -> None:
        """Refuse wrong settings at submission.

        Raises:
            InvalidRequest: one sentence that names the setting.
        """
        Settings.parse(kwargs)

    def run(self, task: Task) -> Outcome:
        """Read a file, one part of a long scan, or join the parts.

        Raises:
            StepError: the file cannot be read.
        """
        settings = Settings.parse(task.kwargs)
        if task.parts:
            return _join(task, settings)
        try:
            return _read(task, settings)
        except UnreadableDocument as error:
            reason = str(error)
            raise StepError(
                f"{task.name} cannot be read: {reason[:1].lower()}{reason[1:]}"
            ) from error
        except MemoryError as error:
            raise StepError(
                f"{task.name} cannot be read: it needs more memory than a worker may use."
            ) from error


def _read(task: Task, settings: Settings) -> Outcome:
    source, drive_path = original_file(task)
    options = _options(task, settings)
    _check_type(source, settings)
    try:
        pages = read_document(source, options)
    except ManyScans as found:
        return Outcome(split=_share_out(found.pages, found.scans))
    records = _records(pages, drive_path, settings)
    _save(task, records)
    return Outcome(
        output=str(task.record_file),
        records=len(records),
        pages=len(pages),
        log=_log(task, settings, pages),
    )


def _options(task: Task, settings: Settings) -> ReadOptions:
    options = ReadOptions(
        passwords=settings.passwords.for_file(task.name),
        pages=settings.pages,
        text_layer=settings.process_type != "images_to_txt",
        ocr=with_tessdata(task, settings.ocr),
        scans_at_once=_PART_SCANS if task.part is None else None,
        images=task.record_file.parent / "images",
        image_stem=Path(task.name).name,
        limits=task.limits,
    )
    if task.part is None:
        return options
    return options.within(
        page for page in settings.pages.select(task.part.last + 1) if page >= task.part.first
    )


def _check_type(source: Path, settings: Settings) -> None:
    kinds = _PROCESS_TYPES[settings.process_type]
    if kinds is not None and find_kind(source) not in kinds:
        raise UnreadableDocument(
            f"{settings.process_type} takes no such files; use auto_to_txt for them."
        )


def _share_out(pages: list[int], scans: list[int]) -> list[Part]:
    """Cut a file into runs of pages that have a few pages for OCR each."""
    cuts = scans[_PART_SCANS::_PART_SCANS]
    starts = [pages[0], *cuts]
    return [Part(first, end - 1) for first, end in zip(starts, [*cuts, pages[-1] + 1], strict=True)]


def _records(pages: list[Page], drive_path: str, settings: Settings) -> list[Record]:
    if settings.per_page:
        return [compose([page], input_path=drive_path) for page in pages]
    return [compose(pages, input_path=drive_path)]


def _save(task: Task, records: list[Record]) -> None:
    payload = known_class(task)
    for record in records:
        record.classification_payload = payload
    save_records(task.record_file, records)


def _join(task: Task, settings: Settings) -> Outcome:
    """Make the file's records of those of its parts, which are removed."""
    parts = [Path(part) for part in task.parts]
    if all(part.exists() for part in parts):
        records = [record for part in parts for record in load_records(part)]
        if not settings.per_page:
            records = [join_records(records)]
        _save(task, records)
    else:  # joined before, by a worker that was stopped before it could say so
        records = load_records(task.record_file)
    for part in parts:
        part.unlink(missing_ok=True)
    return Outcome(
        output=str(task.record_file),
        records=len(records),
        pages=sum(len(record.metadata_list) for record in records),
    )


def _log(task: Task, settings: Settings, pages: list[Page]) -> list[str]:
    lines = [f"ocr_config has the unknown key {key!r}." for key in settings.unknown]
    engines = Counter(page.engine for page in pages if page.is_image)
    ocr = "".join(f", {count} by OCR ({engine})" for engine, count in sorted(engines.items()))
    noun = "page" if len(pages) == 1 else "pages"
    lines.append(f"{task.name}: {len(pages)} {noun} read{ocr}.")
    return lines
