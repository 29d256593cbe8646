"""The step ``filter``: only records of some classes go on."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.local.classifier.prediction import OTHER
from ibflow_nb.local.documents.record import Record
from ibflow_nb.local.steps.base import Outcome, Task
from ibflow_nb.local.steps.kwargs import read_choice, read_names, read_settings
from ibflow_nb.local.steps.record_pages import read_input, write_output


class Filter:
    """Keeps the records of some classes; a file that loses all of them has no records.

    kwargs:
        settings.filter_classes: the classes to keep, separated by commas; a record that was
            never classified counts as ``other``.
        settings.exclude: ``yes`` keeps all other classes instead; default ``no``.

    Source: the platform's flow guide names the step; the names of the kwargs are this project's.
    """

    name: ClassVar[str] = "filter"
    scope: ClassVar[Literal["file", "batch"]] = "file"
    reads: ClassVar[Literal["source", "records"]] = "records"
    modules: ClassVar[tuple[str, ...]] = ()

    def check(self, kwargs: dict[str, Any], modules: dict[str, str]) -> None:
        """Refuse a filter without classes.

        Raises:
            InvalidRequest: one sentence that names the key.
        """
        _parse(kwargs)

    def run(self, task: Task) -> Outcome:
        """Filter the records of one file.

        Raises:
            StepError: the record file cannot be read.
        """
        classes, exclude = _parse(task.kwargs)
        kept = [record for record in read_input(task) if (class_of(record) in classes) != exclude]
        return write_output(task, kept)


def class_of(record: Record) -> str:
    """Give a record's class; ``other`` when it was never classified."""
    payload = record.classification_payload
    return payload.class_label if payload else OTHER


def _parse(kwargs: dict[str, Any]) -> tuple[set[str], bool]:
    settings = read_settings(Filter.name, kwargs)
    classes = read_names(Filter.name, settings, "filter_classes")
    if not classes:
        raise InvalidRequest("filter: settings.filter_classes names no class to keep.")
    return classes, read_choice(Filter.name, settings, "exclude")
