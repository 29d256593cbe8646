"""What is wanted of a document: pages, passwords, OCR, limits."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Any, Literal, get_args

import msgspec

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.api.schema import explain
from ibflow_nb.local.documents.errors import ManyScans, UnreadableDocument
from ibflow_nb.local.limits import Limits

# What the one model of rapidocr reads, by the names that tesseract gives languages.
RAPIDOCR_LANGUAGES = frozenset({
    "afr", "aze", "bos", "cat", "ces", "chi_sim", "chi_tra", "cym", "dan", "deu", "eng", "est",
    "eus", "fil", "fin", "fra", "gle", "glg", "hrv", "hun", "ind", "isl", "ita", "jpn", "lat",
    "lav", "lit", "ltz", "mlt", "mri", "msa", "nld", "nor", "oci", "pol", "por", "que", "ron",
    "slk", "slv", "spa", "sqi", "srp_latn", "swa", "swe", "tur", "uzb", "vie",
})  # fmt: skip
Engine = Literal["auto", "rapidocr", "tesseract"]
_ENGINES = get_args(Engine)
_RANGE = re.compile(r"\s*(\d{1,9})\s*(?:(-)\s*(\d{0,9})\s*)?")


class PageRanges(msgspec.Struct, frozen=True):
    """Pages of a file, as pairs of first and last from 0; no pairs mean all pages.

    A last page of ``None`` means up to the end.
    """

    pairs: tuple[tuple[int, int | None], ...] = ()

    @classmethod
    def parse(cls, text: str) -> PageRanges:
        """Read a setting such as ``1-3,5,8-``, counted from 1; empty means all.

        Raises:
            InvalidRequest: it is no such list.
        """
        pairs = [_parse_range(item, text) for item in text.split(",")] if text.strip() else []
        return cls(tuple(pairs))

    def select(self, count: int) -> list[int]:
        """Give the pages, in order and from 0, of a file that has ``count`` pages."""
        if not self.pairs:
            return list(range(count))
        return sorted(
            {
                page
                for first, last in self.pairs
                for page in range(first, count if last is None else min(last + 1, count))
            }
        )


def _parse_range(item: str, text: str) -> tuple[int, int | None]:
    match = _RANGE.fullmatch(item)
    if match:
        first, dash, last = match.groups()
        end = int(first) if not dash else int(last) if last else None
        if int(first) >= 1 and (end is None or end >= int(first)):
            return int(first) - 1, end if end is None else end - 1
    raise InvalidRequest(
        f"page_range_str {text!r} is no list of pages such as '1-3,5,8-', counted from 1."
    )


class Passwords(msgspec.Struct, frozen=True):
    """Passwords to try, each with the glob of the file names that it is for."""

    entries: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Passwords:
        """Read ``encryption_config``: a list of passwords, or lists by glob.

        Args:
            text: JSON such as ``{"passwords": ["a"]}`` or ``{"passwords": {"*.pdf": ["a"]}}``;
                empty for none.

        Raises:
            InvalidRequest: it has another shape; the text itself is not repeated.
        """
        if not text.strip():
            return cls()
        try:
            config = msgspec.json.decode(text, type=_EncryptionConfig)
        except msgspec.DecodeError:
            raise InvalidRequest(
                'encryption_config is not a JSON string such as \'{"passwords": ["..."]}\''
                ' or \'{"passwords": {"*.pdf": ["..."]}}\'.'
            ) from None
        if isinstance(config.passwords, list):
            return cls(tuple(("*", password) for password in config.passwords))
        return cls(
            tuple((glob, item) for glob, items in config.passwords.items() for item in items)
        )

    def for_file(self, name: str) -> tuple[str, ...]:
        """Give the passwords to try on a file: its globs match its name or its whole path."""
        last = PurePosixPath(name).name
        return tuple(
            password
            for glob, password in self.entries
            if fnmatch(last, glob) or fnmatch(name, glob)
        )

    def __repr__(self) -> str:
        return f"Passwords({len(self.entries)})"


class _EncryptionConfig(msgspec.Struct):
    passwords: list[str] | dict[str, list[str]] = []


class OcrConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """How pages without a text layer are read; the keys of ``ocr_config``.

    Attributes:
        engine: ``rapidocr`` reads poor scans best, ``tesseract`` is faster on clean ones;
            ``auto`` leaves the choice to ``ocr_page_type`` and, with its ``default``, to each
            page.
        languages: as tesseract names them, such as ``eng`` or ``fra``; empty is English and,
            for rapidocr, every language of its model.
        dpi: resolution that PDF pages are rendered at.
        tessdata: folder with ``<language>.traineddata`` files: a drive path, or one of the
            machine; empty is the bundled English.
    """

    engine: Engine = "auto"
    languages: tuple[str, ...] = ()
    dpi: int = 200
    tessdata: str = ""

    @classmethod
    def parse(cls, text: str) -> tuple[OcrConfig, list[str]]:
        """Read the setting ``ocr_config``.

        Args:
            text: a JSON object as text; empty for the defaults.

        Returns:
            The configuration, and the keys that are not known.

        Raises:
            InvalidRequest: it is no JSON object, or a value is of the wrong kind.
        """
        try:
            values: dict[str, Any] = msgspec.json.decode(text or "{}", type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise InvalidRequest(f"ocr_config is no JSON object in a string: {error}.") from error
        if isinstance(values.get("languages"), str):
            values["languages"] = re.split(r"[+,\s]+", values["languages"].strip())
        if (engine := values.get("engine", "auto")) not in _ENGINES:
            raise InvalidRequest(
                f"ocr_config: engine is {engine!r}, not one of {', '.join(_ENGINES)}."
            )
        try:
            config = msgspec.convert(values, cls)
        except msgspec.ValidationError as error:
            raise InvalidRequest(f"ocr_config: {explain(error)}.") from error
        _check_ocr_config(config)
        return config, sorted(values.keys() - set(cls.__struct_fields__))

    def decide(self, page_type: str) -> OcrConfig:
        """Settle the engine, or leave it to each page.

        Args:
            page_type: ``high_quality_doc`` is for pages that the faster engine reads as well,
                ``low_quality_doc`` for those that it does not, ``default`` for both.

        Raises:
            InvalidRequest: the engine that is asked for does not read a language.
        """
        unread = [name for name in self.languages if name not in RAPIDOCR_LANGUAGES]
        if self.engine == "rapidocr" and unread:
            raise InvalidRequest(
                f"ocr_config: rapidocr does not read {', '.join(unread)}; take the"
                " engine tesseract and a tessdata folder with its model."
            )
        if self.engine != "auto":
            return self
        engine: Engine = "auto"
        if unread or page_type == "high_quality_doc":
            engine = "tesseract"
        elif page_type == "low_quality_doc" or set(self.languages) - {"eng"}:
            engine = "rapidocr"
        return msgspec.structs.replace(self, engine=engine)


_DPI = range(50, 1201)
_LANGUAGE = re.compile(r"[A-Za-z0-9_]+(/[A-Za-z0-9_]+)?")


def _check_ocr_config(config: OcrConfig) -> None:
    if config.dpi not in _DPI:
        raise InvalidRequest(
            f"ocr_config: dpi is {config.dpi}, not {_DPI.start} to {_DPI.stop - 1}."
        )
    for language in config.languages:
        if not _LANGUAGE.fullmatch(language):
            raise InvalidRequest(f"ocr_config: {language!r} is no language code.")


class ReadOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How one document is read.

    Attributes:
        passwords: to be tried in this order on a locked file.
        pages: pages that are wanted.
        text_layer: whether the text layer of a PDF is used; otherwise every page is read by OCR.
        ocr: how pages without text are read; with the engine ``auto`` the choice is made page
            by page.
        scans_at_once: pages that are read by OCR in one go; with more, the document is to be
            shared out. ``None`` reads any number.
        images: folder that images of OCR pages are saved in; ``None`` saves none.
        image_prefix: path of that folder relative to the record file, with a ``/`` at its end.
        image_stem: begin of the image names: ``<stem>_p<page>.jpg``.
        limits: what the document may cost.
    """

    passwords: tuple[str, ...] = ()
    pages: PageRanges = PageRanges()
    text_layer: bool = True
    ocr: OcrConfig = OcrConfig()
    scans_at_once: int | None = None
    images: Path | None = None
    image_prefix: str = "images/"
    image_stem: str = "page"
    limits: Limits = msgspec.field(default_factory=Limits)

    def choose(self, count: int, what: str) -> list[int]:
        """Give the pages to read, from 0, of a file that has ``count`` of them.

        Args:
            count: pages in the file.
            what: the file in a sentence, ``document`` or ``image``.

        Raises:
            UnreadableDocument: no page is wanted, or more than the limit.
        """
        pages = self.pages.select(count)
        if not pages:
            raise UnreadableDocument(
                f"page_range_str selects no page; the last of the {what} is page {count}."
            )
        if len(pages) > self.limits.pages:
            raise UnreadableDocument(
                f"The {what} has {len(pages):,} pages to read, the limit is"
                f" {self.limits.pages:,}; choose some with page_range_str."
            )
        return pages

    def check_scans(self, pages: list[int], scans: list[int]) -> None:
        """Leave a document with too many pages for OCR to be shared out.

        Args:
            pages: the wanted pages, from 0.
            scans: those of them that need OCR.

        Raises:
            ManyScans: they are more than are read at once.
        """
        if self.scans_at_once is not None and len(scans) > self.scans_at_once:
            raise ManyScans(pages, scans)

    def within(self, pages: Iterable[int]) -> ReadOptions:
        """Give the same options for these pages alone."""
        return msgspec.structs.replace(
            self, pages=PageRanges(tuple((page, page) for page in pages))
        )
