"""Cutting records into pages and joining them, for the steps that map records."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from ibflow_nb.local.documents.layout import recompose
from ibflow_nb.local.documents.record import BrokenRecords, Record, Word, load_records, save_records
from ibflow_nb.local.steps.base import Outcome, StepError, Task
from ibflow_nb.local.steps.page_images import follow_images


def read_input(task: Task) -> list[Record]:
    """Load the records that the step before made of the task's file, as this step will save them.

    Raises:
        StepError: the record file is gone or damaged.
    """
    try:
        records = load_records(Path(task.input))
    except BrokenRecords as error:
        raise StepError(f"{task.name}: {error}") from error
    follow_images(records, Path(task.input).parent, task.record_file.parent)
    return records


def write_output(task: Task, records: list[Record], log: list[str] | None = None) -> Outcome:
    """Save the records of the task's file; none at all drop the file from the later steps."""
    if not records:
        return Outcome(log=[*(log or []), f"{task.name}: no record is left."])
    save_records(task.record_file, records)
    return Outcome(output=str(task.record_file), records=len(records), log=log or [])


def pages_of(record: Record) -> Iterator[Record]:
    """Yield one record a page; fields and class of the whole are not passed on."""
    for number in range(len(record.metadata_list)):
        yield part_of(record, number, lambda _: True)


def part_of(record: Record, number: int, wanted: Callable[[Word], bool]) -> Record:
    """Give the record of those words of one page that are wanted.

    Args:
        record: the whole.
        number: index of the page in the record.
        wanted: tells whether a word belongs to the part.
    """
    metadata = record.metadata_list[number]
    page = metadata.layout.page
    lines = ([w for w in line if w.page == page and wanted(w)] for line in record.lines)
    return recompose(Record(lines=[line for line in lines if line], metadata_list=[metadata]))


def is_blank(record: Record) -> bool:
    """Tell whether a record has no text."""
    return not record.text.strip()
