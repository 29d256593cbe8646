"""The step ``apply_classifier``: each record gets a class."""

from __future__ import annotations

from itertools import groupby
from typing import Any, ClassVar, Literal

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.local.classifier.file import Classifier, load_classifier
from ibflow_nb.local.documents.layout import join_records
from ibflow_nb.local.documents.record import Classification, Record
from ibflow_nb.local.steps.base import Outcome, Task
from ibflow_nb.local.steps.filter import class_of
from ibflow_nb.local.steps.kwargs import read_choice, read_names, read_settings
from ibflow_nb.local.steps.record_pages import pages_of, read_input, write_output

MODULE = "classifier_path"


class ApplyClassifier:
    """Gives each record the class that an ``.ibclassifier`` finds, ``other`` when none is likely.

    kwargs:
        classifier_path: the ``.ibclassifier`` file, relative to the flow's ``rootDir``.
        settings.filter_classes: only records of these classes go on, separated by commas;
            empty (default) lets all go on.
        settings.split_inputs: ``yes`` classifies page by page and makes one record of
            neighbouring pages of one class; for PDF and TIFF files these pages are also written
            to ``labeled_outputs/<class>/<name>.<class>-<from>-<to>.pdf`` in the step's folder,
            pages from 1. Default ``no``.
        settings.whole_file: ``yes`` classifies a file as a whole and gives its class to each of
            its records; default ``no``. This key is this project's.

    The outcome's ``route`` is the class of the file's records where they are all of one class.
    Source: the platform's step reference, "Apply classifier", and its public sample flow.
    """

    name: ClassVar[str] = "apply_classifier"
    scope: ClassVar[Literal["file", "batch"]] = "file"
    reads: ClassVar[Literal["source", "records"]] = "records"
    modules: ClassVar[tuple[str, ...]] = (MODULE,)

    def check(self, kwargs: dict[str, Any], modules: dict[str, str]) -> None:
        """Refuse a step without a classifier, or with a broken one.

        Raises:
            InvalidRequest: one sentence that names the key or the file.
        """
        if MODULE not in modules:
            raise InvalidRequest(f"The step apply_classifier needs {MODULE!r} in its kwargs.")
        settings = read_settings(self.name, kwargs)
        read_names(self.name, settings, "filter_classes")
        split = read_choice(self.name, settings, "split_inputs")
        if read_choice(self.name, settings, "whole_file") and split:
            raise InvalidRequest(
                f"{self.name}: settings.whole_file and settings.split_inputs exclude each other."
            )
        try:
            load_classifier(modules[MODULE])
        except InvalidRequest as error:
            raise InvalidRequest(f"{kwargs.get(MODULE, MODULE)}: {error}") from error

    def run(self, task: Task) -> Outcome:
        """Classify the records of one file.

        Raises:
            StepError: the record file cannot be read.
        """
        classifier = load_classifier(task.modules[MODULE])
        records = read_input(task)
        log: list[str] = []
        if read_choice(self.name, task.settings, "split_inputs"):
            records = _split(records, classifier)
            log = _write_pages(task, records)
        elif read_choice(self.name, task.settings, "whole_file"):
            _classify_whole(records, read_input(task), classifier)
        else:
            for record in records:
                classify(record, classifier)
        if task.log_to_timeline:
            log += [_log_line(task.name, number, record) for number, record in enumerate(records)]
        kept = read_names(self.name, task.settings, "filter_classes")
        outcome = write_output(task, [r for r in records if not kept or class_of(r) in kept], log)
        outcome.route = one_class(records)
        return outcome


def one_class(records: list[Record]) -> str:
    """Give the class that all records have; empty when there are several."""
    classes = {class_of(record) for record in records}
    return classes.pop() if len(classes) == 1 else ""


def classify(record: Record, classifier: Classifier) -> Record:
    """Note a record's class and score in it, in place."""
    prediction = classifier.predict(record)
    record.classification_payload = Classification(prediction.label, prediction.score)
    return record


def _split(records: list[Record], classifier: Classifier) -> list[Record]:
    """Make one record of neighbouring pages with one class; its score is that of the weakest."""
    pages = [classify(page, classifier) for record in records for page in pages_of(record)]
    joined = []
    for label, group in groupby(pages, key=class_of):
        same = list(group)
        record = join_records(same)
        record.classification_payload = Classification(label, min(map(_score, same)))
        joined.append(record)
    return joined


def _classify_whole(records: list[Record], parts: list[Record], classifier: Classifier) -> None:
    """Give all records the class of the whole that the parts, copies of them, make together."""
    whole = classify(join_records(parts), classifier)
    for record in records:
        record.classification_payload = whole.classification_payload


def _score(record: Record) -> float:
    payload = record.classification_payload
    return payload.class_score or 0.0 if payload else 0.0


def _write_pages(task: Task, records: list[Record]) -> list[str]:
    # imported here, because the server checks the step's kwargs and never opens a document
    from ibflow_nb.local.steps.labeled_outputs import write_labeled_outputs

    return write_labeled_outputs(task, [(class_of(record), record.pages) for record in records])


def _log_line(name: str, number: int, record: Record) -> str:
    return f"{name}, record {number}: {class_of(record)} ({_score(record):.2f})"
