"""The step ``merge_files``: the records of all files of a run in one file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Literal

import msgspec

from ibflow_nb.local.atomic import write_atomic
from ibflow_nb.local.documents.record import BrokenRecords, Record, load_records
from ibflow_nb.local.steps.base import BatchItem, Outcome, StepError, Task
from ibflow_nb.local.steps.page_images import follow_images

MERGED = "out.ibdoc"


class MergeFiles:
    """Writes the records of all files, in the order of the run, to ``out.ibdoc`` in its folder.

    kwargs: none of its own.

    The files stay what they are for the steps after it and in the results: each keeps its name,
    its records and its record file. A record of ``out.ibdoc`` names its file in the
    ``page_input_path`` of its pages.
    Source: old flows leave such a file; no page describes the step, so its rules are this
    project's.
    """

    name: ClassVar[str] = "merge_files"
    scope: ClassVar[Literal["file", "batch"]] = "batch"
    reads: ClassVar[Literal["source", "records"]] = "records"
    modules: ClassVar[tuple[str, ...]] = ()

    def check(self, kwargs: dict[str, Any], modules: dict[str, str]) -> None:
        """Accept any kwargs: the step has none."""

    def run(self, task: Task) -> Outcome:
        """Merge the record files of the run, one after the other, so that memory holds one.

        Raises:
            StepError: a record file cannot be read.
        """
        merged = Path(task.output_dir) / MERGED
        counts: dict[str, int] = {}
        write_atomic(merged, _chunks(task.items, merged.parent, counts))
        return Outcome(
            output=str(merged),
            records=sum(counts.values()),
            outputs={str(item.index): item.input for item in task.items},
            record_counts=counts,
            log=[f"{sum(counts.values())} records of {len(counts)} files are in {MERGED}."],
        )


def _chunks(items: list[BatchItem], folder: Path, counts: dict[str, int]) -> Iterator[bytes]:
    """Yield the JSON of the merged list and count the records of each file on the way."""
    yield b"["
    separator = b""
    for item in items:
        records = _records(item, folder)
        counts[str(item.index)] = len(records)
        for record in records:
            yield separator + msgspec.json.encode(record)
            separator = b","
    yield b"]"


def _records(item: BatchItem, folder: Path) -> list[Record]:
    try:
        records = load_records(Path(item.input))
    except BrokenRecords as error:
        raise StepError(f"{item.name}: {error}") from error
    follow_images(records, Path(item.input).parent, folder)
    return records
