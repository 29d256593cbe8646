"""The step ``map_records``: what one record is, a document, a page or a part of a page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Literal

import msgspec
import regex

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.local.documents.layout import PAGE_SEPARATOR, join_records
from ibflow_nb.local.documents.record import Record, Word
from ibflow_nb.local.steps.base import Outcome, StepError, Task
from ibflow_nb.local.steps.record_pages import (
    is_blank,
    pages_of,
    part_of,
    read_input,
    write_output,
)

_MAP_TYPES = ("entire_doc", "entire_doc_no_blank_pages", "page", "formula")
_FORMULA = re.compile(
    r"\s*(?P<function>MATCH|SPLIT)\s*\(\s*INPUT_COL\s*,\s*'(?P<pattern>(?:\\'|[^'])*)'\s*"
    r"(?:,\s*multiline\s*=\s*(?P<multiline>true|false)\s*)?\)\s*",
    re.IGNORECASE,
)


class Formula(msgspec.Struct, frozen=True):
    """How a page is cut: at the matches of a pattern, or into them.

    Attributes:
        splits: what lies between matches becomes records, rather than the matches.
        pattern: the compiled regular expression.
    """

    splits: bool
    pattern: regex.Pattern[str]

    @classmethod
    def parse(cls, text: str) -> Formula:
        """Read ``MATCH(INPUT_COL,'re',multiline=false)`` or the same with ``SPLIT``.

        Raises:
            InvalidRequest: it is neither, or the expression in it is wrong.
        """
        found = _FORMULA.fullmatch(text)
        if not found:
            raise InvalidRequest(
                f"map_records: formula {text!r} is neither MATCH(INPUT_COL,'...') nor "
                "SPLIT(INPUT_COL,'...')."
            )
        multiline = (found["multiline"] or "").lower() == "true"
        try:
            pattern = regex.compile(
                found["pattern"].replace("\\'", "'"), regex.MULTILINE if multiline else 0
            )
        except regex.error as error:
            raise InvalidRequest(f"map_records: the expression in formula: {error}.") from error
        return cls(found["function"].upper() == "SPLIT", pattern)

    def spans(self, text: str, seconds: float) -> list[tuple[int, int]]:
        """Give begin and end of each part of a page's text.

        Raises:
            TimeoutError: the expression took longer than ``seconds``.
        """
        matches = [match.span() for match in self.pattern.finditer(text, timeout=seconds)]
        if not self.splits:
            return matches
        starts = [0, *(end for _, end in matches)]
        return list(zip(starts, [*(start for start, _ in matches), len(text)], strict=True))


class MapRecords:
    """Decides what one record is; the steps after it work record by record.

    kwargs:
        map_type: ``entire_doc`` (default) makes one record of a file;
            ``entire_doc_no_blank_pages`` the same without its pages that have no text (a file
            that has none at all keeps them); ``page`` one record a page; ``formula`` one record
            for each part that the formula finds on a page.
        formula: for the last, ``MATCH(INPUT_COL,'re',multiline=false)``: a record a match, or
            ``SPLIT(INPUT_COL,'re',multiline=false)``: a record for what lies between matches.
            ``multiline=true`` lets ``^`` and ``$`` match at line ends. Nothing is matched across
            pages; parts without text are left out.

    Records know the pages that they cover; fields and classes of earlier steps are not kept.
    Source: the platform's step reference, "Map records"; the names of the kwargs are this
    project's.
    """

    name: ClassVar[str] = "map_records"
    scope: ClassVar[Literal["file", "batch"]] = "file"
    reads: ClassVar[Literal["source", "records"]] = "records"
    modules: ClassVar[tuple[str, ...]] = ()

    def check(self, kwargs: dict[str, Any], modules: dict[str, str]) -> None:
        """Refuse an unknown ``map_type`` and a wrong ``formula``.

        Raises:
            InvalidRequest: one sentence that names the key.
        """
        _parse(kwargs)

    def run(self, task: Task) -> Outcome:
        """Map the records of one file.

        Raises:
            StepError: the record file cannot be read, or the formula takes too long.
        """
        map_type, formula = _parse(task.kwargs)
        whole = join_records(read_input(task))
        if formula is not None:
            return write_output(task, _parts(task, whole, formula))
        if map_type == "entire_doc":
            return write_output(task, [whole])
        pages = list(pages_of(whole))
        if map_type == "page":
            return write_output(task, pages)
        filled = [page for page in pages if not is_blank(page)]
        return write_output(task, [join_records(filled) if filled else whole])


def _parse(kwargs: dict[str, Any]) -> tuple[str, Formula | None]:
    map_type = kwargs.get("map_type") or _MAP_TYPES[0]
    if map_type not in _MAP_TYPES:
        raise InvalidRequest(
            f"map_records: map_type is {map_type!r}, not one of {', '.join(_MAP_TYPES)}."
        )
    if map_type != "formula":
        return map_type, None
    return map_type, Formula.parse(str(kwargs.get("formula") or ""))


def _parts(task: Task, whole: Record, formula: Formula) -> list[Record]:
    try:
        return list(_formula_records(whole, formula, task.limits.regex_seconds))
    except TimeoutError as error:
        raise StepError(
            f"{task.name}: the formula of map_records took longer than "
            f"{task.limits.regex_seconds:g} s on one page; make its expression simpler."
        ) from error


def _formula_records(whole: Record, formula: Formula, seconds: float) -> Iterator[Record]:
    offset = 0
    for number, text in enumerate(whole.text.split(PAGE_SEPARATOR)):
        for start, end in formula.spans(text, seconds):
            part = part_of(whole, number, _within(offset + start, offset + end))
            if not is_blank(part):
                yield part
        offset += len(text) + len(PAGE_SEPARATOR)


def _within(start: int, end: int) -> Callable[[Word], bool]:
    """Test whether a word has a character in a span of the text."""
    return lambda word: word.offset < end and word.offset + len(word.word) > start
