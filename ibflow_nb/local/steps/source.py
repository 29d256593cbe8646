"""Paths that a step finds through the drive: the original of a record file, OCR models."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import msgspec

from ibflow_nb.api.errors import InvalidRequest, NotFound
from ibflow_nb.local.documents.options import OcrConfig
from ibflow_nb.local.documents.record import BrokenRecords, Classification, load_records
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.steps.base import StepError, Task

RECORD_SUFFIX = ".ibdoc"


def original_file(task: Task) -> tuple[Path, str]:
    """Give the file to read and its drive path.

    An ``.ibdoc`` of an earlier step goes back to the file that it was made of.

    Raises:
        StepError: the file behind the records is not there any more.
    """
    source = Path(task.source)
    if source.suffix != RECORD_SUFFIX:
        return source, task.drive_path
    try:
        layouts = [meta.layout for record in load_records(source) for meta in record.metadata_list]
        path = layouts[0].page_input_path if layouts else ""
        if not path:
            raise StepError(f"{task.name} does not name the file that it was made of.")
        return drive_of(task).locate(path), path
    except (BrokenRecords, InvalidRequest, NotFound) as error:
        raise StepError(f"{task.name} leads to no file that can be read: {error}") from error


def known_class(task: Task) -> Classification | None:
    """Give the class that steps before this one found for the file as a whole.

    A file that is read again, in other settings, keeps it.

    Raises:
        StepError: the records of the step before are gone or damaged.
    """
    if task.input == task.source:
        return None
    try:
        records = load_records(Path(task.input))
    except BrokenRecords as error:
        raise StepError(f"{task.name}: {error}") from error
    found = [record.classification_payload for record in records]
    return found[0] if found and all(payload == found[0] for payload in found) else None


def with_tessdata(task: Task, ocr: OcrConfig) -> OcrConfig:
    """Make the ``tessdata`` folder an absolute path: on the drive first, else as it stands.

    Raises:
        StepError: there is no such folder.
    """
    if not ocr.tessdata:
        return ocr
    try:
        folder = drive_of(task).locate(ocr.tessdata)
    except (InvalidRequest, NotFound):
        folder = Path(ocr.tessdata)
    if not (folder.is_absolute() and folder.is_dir()):
        raise StepError(
            f"{task.name} cannot be read: the tessdata folder {ocr.tessdata!r} of ocr_config is"
            " not on the drive."
        )
    return msgspec.structs.replace(ocr, tessdata=str(folder))


def drive_of(task: Task) -> Drive:
    """Give the drive that the task's source lies on."""
    depth = len(PurePosixPath(task.drive_path).parts)
    return Drive(Path(task.source).parents[max(depth - 1, 0)])
