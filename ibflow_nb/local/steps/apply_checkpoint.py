"""The step ``apply_checkpoint``: records must pass validations before the flow goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal

import msgspec

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.local.documents.record import (
    BrokenRecords,
    Record,
    RefinedPhrase,
    load_records,
    save_records,
)
from ibflow_nb.local.limits import Limits
from ibflow_nb.local.refiner.validation import Formula, check_formulas
from ibflow_nb.local.steps.base import BatchItem, Outcome, StepError, Task
from ibflow_nb.local.steps.kwargs import read_choice, read_settings
from ibflow_nb.local.steps.page_images import follow_images

_STATED = 3  # failures that the reason of a stop tells in full


class Validation(msgspec.Struct, frozen=True):
    """A formula of the checkpoint.

    Attributes:
        expression: in the extraction language, over the record's fields; it must hold.
        class_label: only for records of this class; empty for all.
        name: for messages and results; the expression where empty.
        message: what to say when it does not hold.
    """

    expression: str
    class_label: str = ""
    name: str = ""
    message: str = ""


class Review(msgspec.Struct, frozen=True):
    """What a reviewer said about a record.

    Attributes:
        file_index, record_index: the record.
        fields: corrected values by label.
        approved: whether the record passes whatever its validations say.
    """

    file_index: int
    record_index: int = 0
    fields: dict[str, str] = {}
    approved: bool = False


class Kwargs(msgspec.Struct, frozen=True):
    """The step's own kwargs; see :class:`ApplyCheckpoint`."""

    validations: list[Validation] = []
    reviewed: list[Review] = []


class ApplyCheckpoint:
    """Checks all records of a run and stops the job while one of them fails.

    kwargs:
        validations: list of ``{"expression", "class_label", "name", "message"}``, all but the
            expression optional; an expression of the extraction language over the record's
            fields that must hold for records of the class (of every class where it is empty).
        settings.straight_through: ``yes`` lets the files whose records all pass go on while
            the others wait; default ``no``: one failing record holds up the whole batch.
        reviewed: list of ``{"file_index", "record_index", "fields": {label: value},
            "approved"}``; given with a review, not in the flow. The values replace those of
            the record before it is checked again; ``approved`` passes it as it is.

    The records are written with their ``checkpoint_results``: ``passed``, ``approved``, the
    labels that were ``reviewed``, and ``validations`` with ``name``, ``passed``, ``message``.
    When a record fails the outcome has ``stop``; its ``outputs`` then are the files that may go
    on all the same. Source: the platform names the step, its two modes and the state
    STOPPED_AT_CHECKPOINT; the names of the kwargs are this project's.
    """

    name: ClassVar[str] = "apply_checkpoint"
    scope: ClassVar[Literal["file", "batch"]] = "batch"
    reads: ClassVar[Literal["source", "records"]] = "records"
    modules: ClassVar[tuple[str, ...]] = ()

    def check(self, kwargs: dict[str, Any], modules: dict[str, str]) -> None:
        """Refuse a checkpoint without validations, or with a wrong one.

        Raises:
            InvalidRequest: one sentence that names the key, or the formula and the position.
        """
        _parse(kwargs)
        read_choice(self.name, read_settings(self.name, kwargs), "straight_through")

    def run(self, task: Task) -> Outcome:
        """Check the records of all files.

        Raises:
            StepError: a record file cannot be read.
        """
        kwargs, formulas = _parse(task.kwargs)
        straight = read_choice(self.name, read_settings(self.name, task.kwargs), "straight_through")
        reviews = {(review.file_index, review.record_index): review for review in kwargs.reviewed}
        passed: dict[str, Path] = {}
        counts: dict[str, int] = {}
        failures: list[str] = []
        for item in task.items:
            target = Path(task.output_dir) / f"{item.name}.ibdoc"
            records = _load(item, target)
            reasons = _check_file(item, records, formulas, reviews, task.limits)
            save_records(target, records)
            failures += reasons
            if not reasons:
                passed[str(item.index)] = target
                counts[str(item.index)] = len(records)
        if failures and not straight:
            passed, counts = {}, {}
        return Outcome(
            outputs={index: str(path) for index, path in passed.items()},
            record_counts=counts,
            records=sum(counts.values()),
            stop=_reason(failures),
            log=[
                *failures,
                *(
                    f"The review of file {file}, record {n}: no such record waits here."
                    for file, n in reviews
                ),
            ],
        )


def _parse(kwargs: dict[str, Any]) -> tuple[Kwargs, list[tuple[str, Formula]]]:
    """Read the kwargs; formulas come with the class that they are for."""
    try:
        parsed = msgspec.convert(kwargs, Kwargs)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"apply_checkpoint: {error}.") from error
    if not parsed.validations:
        raise InvalidRequest("apply_checkpoint: validations names no formula to check.")
    return parsed, [
        (
            entry.class_label,
            Formula.read(entry.name or entry.expression, entry.expression, entry.message),
        )
        for entry in parsed.validations
    ]


def _load(item: BatchItem, target: Path) -> list[Record]:
    try:
        records = load_records(Path(item.input))
    except BrokenRecords as error:
        raise StepError(f"{item.name}: {error}") from error
    follow_images(records, Path(item.input).parent, target.parent)
    return records


def _check_file(
    item: BatchItem,
    records: list[Record],
    formulas: list[tuple[str, Formula]],
    reviews: dict[tuple[int, int], Review],
    limits: Limits,
) -> list[str]:
    """Check the records of a file, using up their reviews; give why they fail."""
    return [
        f"{item.name}, record {number}: {reason}"
        for number, record in enumerate(records)
        for reason in _check(record, formulas, reviews.pop((item.index, number), None), limits)
    ]


def _check(
    record: Record, formulas: list[tuple[str, Formula]], review: Review | None, limits: Limits
) -> list[str]:
    """Take over reviewed values, check a record, note the results in it.

    Returns:
        Why it fails; empty when it passes.
    """
    if review is not None:
        _correct(record, review.fields)
    label = record.classification_payload.class_label if record.classification_payload else ""
    chosen = [formula for wanted, formula in formulas if wanted in {"", label}]
    reasons = check_formulas(record, chosen, limits)
    approved = review is not None and review.approved
    passed = approved or not any(reasons)
    record.checkpoint_results = {
        "passed": passed,
        "approved": approved,
        "reviewed": list(review.fields) if review else [],
        "validations": [
            {"name": formula.name, "passed": not reason, "message": reason}
            for formula, reason in zip(chosen, reasons, strict=True)
        ],
    }
    return [] if passed else [reason for reason in reasons if reason]


def _correct(record: Record, values: dict[str, str]) -> None:
    phrases = {phrase.label: phrase for phrase in record.refined_phrases}
    for label, value in values.items():
        phrase = phrases.get(label)
        if phrase is None:
            record.refined_phrases.append(RefinedPhrase(label, value))
        else:
            phrase.word, phrase.error_msg = value, ""


def _reason(failures: list[str]) -> str:
    if not failures:
        return ""
    stated = "; ".join(failure.rstrip(".") for failure in failures[:_STATED])
    more = f"; and {len(failures) - _STATED} more" if len(failures) > _STATED else ""
    return f"Stopped at the checkpoint until these are reviewed: {stated}{more}."
