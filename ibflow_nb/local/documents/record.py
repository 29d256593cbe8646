"""The record format on disk: an ``.ibdoc`` is a JSON list of records.

Pages count from 0, boxes are pixels of their own page, measured from its top left corner.
Records and pages always have all their keys; words and phrases leave out what is not known.
Source: the platform's OCR record (words in lines, one layout a page, refined phrases).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from ibflow_nb.api.errors import IbflowError
from ibflow_nb.local.atomic import write_atomic


class BrokenRecords(IbflowError):
    """An ``.ibdoc`` that cannot be read."""


class WordConfidence(msgspec.Struct, omit_defaults=True, gc=False):
    """How sure the OCR was of a word, 0 to 1."""

    word_confidence: float


class Word(msgspec.Struct, omit_defaults=True, gc=False):
    """A word on a page.

    Attributes:
        word: the text; ``raw_word`` on the wire is the same unless it was corrected.
        start_x, start_y, end_x, end_y: box in pixels of the page.
        page: page of the file, from 0.
        offset: index of the word's first character in the record's ``text``.
        confidence: absent for text that was not read by OCR.
    """

    word: str
    start_x: float
    start_y: float
    end_x: float
    end_y: float
    page: int = msgspec.field(default_factory=int)  # being made by a factory, it is always sent
    offset: int = 0
    line_height: float = 0.0
    word_width: float = 0.0
    char_width: float = 0.0
    raw_word: str | None = None
    confidence: WordConfidence | None = None


class Layout(msgspec.Struct):
    """One page of a record.

    Attributes:
        width, height: of the page in pixels; word boxes use this space.
        page: page of the file, from 0.
        page_input_path: drive path of the source file.
        processed_image_path: path of the page image, relative to the ``.ibdoc``'s folder.
        corrected_rotation: degrees that the page was turned clockwise to stand upright.
        is_image_page: whether the text comes from OCR.
    """

    width: float
    height: float
    page: int = 0
    page_input_path: str = ""
    processed_image_path: str = ""
    corrected_rotation: float = 0.0
    is_image_page: bool = False


class PageMetadata(msgspec.Struct):
    """Entry of ``metadata_list``."""

    layout: Layout


class Region(msgspec.Struct, gc=False):
    """A box on a page: page from 0, pixels of the page."""

    page: int
    start_x: float
    start_y: float
    end_x: float
    end_y: float


class RefinedPhrase(msgspec.Struct, omit_defaults=True):
    """A field extracted by a refiner.

    Attributes:
        label: name of the field; ``__`` in front marks an internal one.
        word: its value as text; ``ERROR`` when it failed. Lists and tables are JSON text.
        output_type: ANY, TEXT, INT, FLOAT, DATE, LIST, DICT or TABLE.
        error_msg: why it failed.
        confidence: 0 to 1; absent when nothing is known.
        regions: where it was read, one box for each line it covers.
    """

    label: str
    word: str
    output_type: str = "ANY"
    error_msg: str = ""
    confidence: float | None = None
    regions: list[Region] = []


class Classification(msgspec.Struct, omit_defaults=True):
    """Class of a record and how sure the classifier was, 0 to 1."""

    class_label: str
    class_score: float | None = None


class Record(msgspec.Struct):
    """A document or a part of one.

    Attributes:
        text: the layout text; pages are separated by a form feed. For each word
            ``text[word.offset : word.offset + len(word.word)] == word.word``.
        lines: words in reading order, one list for each visual line.
        metadata_list: the pages of the record in order.
        refined_phrases: fields, in the order of the refiner program.
        classification_payload: class of the record, once classified.
        checkpoint_results: validations of the record, once checked.
    """

    text: str = ""
    lines: list[list[Word]] = []
    metadata_list: list[PageMetadata] = []
    refined_phrases: list[RefinedPhrase] = []
    classification_payload: Classification | None = None
    checkpoint_results: dict[str, Any] | None = None

    @property
    def pages(self) -> list[int]:
        """Pages of the file that the record covers, from 0."""
        return [meta.layout.page for meta in self.metadata_list]


_decoder = msgspec.json.Decoder(list[Record])


def load_records(path: Path) -> list[Record]:
    """Read an ``.ibdoc``.

    Raises:
        BrokenRecords: the file is missing or is no list of records.
    """
    try:
        return _decoder.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        raise BrokenRecords(f"The record file {path.name} cannot be read: {error}.") from error


def save_records(path: Path, records: list[Record]) -> None:
    """Write an ``.ibdoc`` atomically."""
    write_atomic(path, msgspec.json.encode(records))
