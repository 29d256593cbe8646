"""A picture of one page of a record, drawn in a worker as all parsing of documents is."""

from __future__ import annotations

import posixpath
from pathlib import Path
from typing import Any, ClassVar, Literal

from ibflow_nb.api.errors import InvalidRequest, NotFound
from ibflow_nb.local.atomic import write_atomic
from ibflow_nb.local.documents.errors import UnreadableDocument
from ibflow_nb.local.documents.options import Passwords, ReadOptions
from ibflow_nb.local.documents.pictures import Picture, draw_image, draw_source, draw_words
from ibflow_nb.local.documents.record import Layout, Record, load_records
from ibflow_nb.local.steps.base import Outcome, StepError, Task
from ibflow_nb.local.steps.source import drive_of


class DrawPage:
    """Draws a page: the image that OCR kept, else the PDF, else its words.

    Not a step of flows. The task's ``source`` is the ``.ibdoc``; its kwargs are those of the
    flow's ``process_files``, with ``page_number``, ``record_index`` and ``longest_side``.
    """

    name: ClassVar[str] = "draw_page"
    scope: ClassVar[Literal["file", "batch"]] = "file"
    reads: ClassVar[Literal["source", "records"]] = "records"
    modules: ClassVar[tuple[str, ...]] = ()

    def check(self, kwargs: dict[str, Any], modules: dict[str, str]) -> None:
        """Refuse to be a step of a flow.

        Raises:
            InvalidRequest: always.
        """
        raise InvalidRequest("draw_page cannot be a step of a flow.")

    def run(self, task: Task) -> Outcome:
        """Draw the page into the output folder.

        Raises:
            StepError: the record has no such page, or the record file is damaged.
        """
        record, layout = _find_page(task)
        picture = _draw(task, record, layout)
        target = Path(task.output_dir) / f"page{picture.suffix}"
        write_atomic(target, picture.content)
        return Outcome(output=str(target), records=1, pages=1)


def _find_page(task: Task) -> tuple[Record, Layout]:
    records = load_records(Path(task.source))
    number, index = task.kwargs["page_number"], task.kwargs["record_index"]
    for record in records[index : index + 1]:
        for meta in record.metadata_list:
            if meta.layout.page == number:
                return record, meta.layout
    raise StepError(f"Record {index} of {task.name} has no page {number + 1}.")


def _draw(task: Task, record: Record, layout: Layout) -> Picture:
    """Draw from the best source that is still there."""
    drive, longest_side = drive_of(task), task.kwargs["longest_side"]
    try:
        if layout.processed_image_path:
            folder = posixpath.dirname(task.drive_path)
            path = posixpath.normpath(posixpath.join(folder, layout.processed_image_path))
            return draw_image(drive.locate(path), longest_side)
        source = drive.locate(layout.page_input_path)
        if not source.is_file():
            return draw_words(record, layout)
        return draw_source(source, layout, longest_side, _options(task, source.name))
    except (InvalidRequest, NotFound, UnreadableDocument):
        return draw_words(record, layout)


def _options(task: Task, name: str) -> ReadOptions:
    config = task.settings.get("encryption_config")
    passwords = Passwords.parse(config if isinstance(config, str) else "")
    return ReadOptions(passwords=passwords.for_file(name), limits=task.limits)
