"""Writes ``batch.ibflowresults``, the list of all records of a run.

It is written as a stream, file by file, so that its size does not matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from ibflow_nb.api.results import BatchResults, FileRecord, FileRecords
from ibflow_nb.local.atomic import write_atomic
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.engine.folders import RESULTS_FILE
from ibflow_nb.local.engine.ledger import Ledger
from ibflow_nb.local.engine.model import FileState, Job, JobFile, Plan


def write_batch_results(ledger: Ledger, drive: Drive, job: Job, plan: Plan, msg: str) -> None:
    """List the records of a job that ends, one entry a file.

    A file that failed has one record with status ERROR and its reason; so has one that was not
    done when the job ended.

    Raises:
        OSError: the disk is full or the output is read-only.
    """
    target = drive.resolve(job.output_folder) / RESULTS_FILE
    write_atomic(target, _chunks(ledger, drive, job, plan, msg))


def read_batch_results(path: Path) -> BatchResults:
    """Read a ``batch.ibflowresults``.

    Raises:
        msgspec.DecodeError: it is none.
        OSError: it cannot be read.
    """
    return msgspec.json.decode(path.read_bytes(), type=BatchResults)


def _chunks(ledger: Ledger, drive: Drive, job: Job, plan: Plan, msg: str) -> Iterator[bytes]:
    frame = BatchResults(
        can_resume=job.ending == "STOPPED_AT_CHECKPOINT",
        binary_path=plan.binary_path,
        job_id=job.id,
        msg=msg,
    )
    head, tail = msgspec.json.encode(frame).split(b'"results":{}', 1)
    yield head + b'"results":{'
    separator = b""
    for file in ledger.files(job.id):
        key = str(file.idx).encode()
        yield separator + b'"' + key + b'":' + msgspec.json.encode(_entry(drive, file, msg))
        separator = b","
    yield b"}" + tail


def _entry(drive: Drive, file: JobFile, msg: str) -> FileRecords:
    if file.state is not FileState.DONE:
        error = file.error or f"{file.name} was not done: {msg}"
        failed = FileRecord(status="ERROR", file_name=file.name, error_msg=error)
        return FileRecords(records=[failed])
    path = drive.path_of(Path(file.output)) if file.output else ""
    return FileRecords(
        records=[
            FileRecord(ibocr_full_path=path, file_name=file.name, record_index=index)
            for index in range(file.records)
        ]
    )
