"""Writes ``batch.ibflowresults``, the list of all records of a run.

It is written as a stream, file by file, so that its size does not matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from ibflow_nb.api.jobs import JobState
from ibflow_nb.api.results import BatchResults, FileRecord, FileRecords
from ibflow_nb.local.atomic import write_atomic
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.engine.folders import RESULTS_FILE
from ibflow_nb.local.engine.ledger import Ledger
from ibflow_nb.local.engine.live import LiveJob
from ibflow_nb.local.engine.model import FileState, Job, JobFile


def write_batch_results(ledger: Ledger, drive: Drive, job: Job, live: LiveJob) -> None:
    """List the records of a job that ends, one entry a file.

    A file that failed has one record with status ERROR and its reason; so has one that was not
    done when the job ended. The records of a file that waits at a checkpoint are those that were
    checked, in that step's folder.

    Raises:
        OSError: the disk is full or the output is read-only.
    """
    target = drive.resolve(job.output_folder) / RESULTS_FILE  # it may have become a link since
    write_atomic(target, _chunks(ledger, drive, job, live))


def read_batch_results(path: Path) -> BatchResults:
    """Read a ``batch.ibflowresults``.

    Raises:
        msgspec.DecodeError: it is none.
        OSError: it cannot be read.
    """
    return msgspec.json.decode(path.read_bytes(), type=BatchResults)


def _chunks(ledger: Ledger, drive: Drive, job: Job, live: LiveJob) -> Iterator[bytes]:
    frame = BatchResults(
        results={},
        can_resume=job.ending == JobState.STOPPED_AT_CHECKPOINT,
        binary_path=live.plan.binary_path,
        job_id=job.id,
        msg=job.msg,
    )
    checkpoints = {
        step: live.places.output / live.plan.steps[step].folder
        for step in ledger.held_steps(job.id)
    }
    head, tail = msgspec.json.encode(frame).split(b'"results":{}', 1)
    yield head + b'"results":{'
    separator = b""
    for file in ledger.files(job.id):
        key = str(file.idx).encode()
        entry = FileRecords(records=_records(drive, file, checkpoints, job.msg))
        yield separator + b'"' + key + b'":' + msgspec.json.encode(entry)
        separator = b","
    yield b"}" + tail


def _records(
    drive: Drive, file: JobFile, checkpoints: dict[int, Path], msg: str
) -> list[FileRecord]:
    held = file.state is FileState.ACTIVE and file.step in checkpoints
    if file.state is not FileState.DONE and not held:
        error = file.error or f"{file.name} was not done: {msg}"
        return [
            FileRecord(
                status="ERROR",
                file_name=file.name,
                error_msg=error,
                classification_label=file.route,
            )
        ]
    path = _checked(file, checkpoints[file.step]) if held else Path(file.output)
    return [
        FileRecord(
            ibocr_full_path=drive.path_of(path),
            file_name=file.name,
            record_index=index,
            classification_label=file.route,
        )
        for index in range(file.records)
    ]


def _checked(file: JobFile, checkpoint: Path) -> Path:
    """Give the records of a file that waits for review, with what the checkpoint noted in them."""
    checked = checkpoint / f"{file.name}.ibdoc"
    return checked if checked.is_file() else Path(file.output)
