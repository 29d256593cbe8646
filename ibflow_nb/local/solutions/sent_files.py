"""The files that ``run_sync`` is sent: names that are safe on disk, and what became of each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ibflow_nb.api.results import ResultRecord, SentRecord
from ibflow_nb.local.engine.folders import RESULTS_FILE

_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"|?*\ud800-\udfff]')
# Below the 255 bytes of a name on disk: steps add endings of their own to it.
_LONGEST_NAME = 180


@dataclass(frozen=True)
class SentFile:
    """One file of a request.

    Attributes:
        name: as it was sent.
        path: the decoded content.
        digest: SHA-256 of the content; empty where the answer is not cached.
        error: why there is no content; empty when there is.
    """

    name: str
    path: Path
    digest: str = ""
    error: str = ""


def names_on_disk(names: Sequence[str]) -> list[str]:
    """Give each file a name of its own that leads nowhere else and that no system refuses.

    The last part of a path is kept; names that differ only in case are told apart by a number.
    """
    taken: set[str] = set()
    given = []
    for name in names:
        base = _safe(name)
        stem, dot, suffix = base.rpartition(".")
        chosen, number = base, 1
        while chosen.casefold() in taken:
            number += 1
            chosen = f"{stem} ({number}){dot}{suffix}" if stem else f"{base} ({number})"
        taken.add(chosen.casefold())
        given.append(chosen)
    return given


def records_in_order(
    files: Sequence[SentFile], disk_names: Sequence[str], records: Sequence[ResultRecord]
) -> list[ResultRecord]:
    """Sort a run's records as the files were sent, under the names that they were sent with.

    A file that could not be taken in has one record that tells so, as has one that failed.

    Args:
        files: the files of the request.
        disk_names: their names in the run's input folder.
        records: of the run; its files are those without an error.
    """
    found: dict[str, list[ResultRecord]] = {}
    for record in records:
        found.setdefault(record.file_name, []).append(record)
    answers = []
    for index, (file, disk_name) in enumerate(zip(files, disk_names, strict=True)):
        if file.error:
            found[disk_name] = [_refused(file)]
        for record in found.get(disk_name, []):
            reason = record.error_msg.replace(disk_name, file.name)
            answer = msgspec.structs.replace(record, file_name=file.name, file_index=index)
            if record.status == "ERROR":
                reason = reason.removeprefix(f"{file.name}: ")
                answer.error_msg = f"File {index} ({file.name}): {reason}"
            answers.append(answer)
    return answers


def _refused(file: SentFile) -> SentRecord:
    return SentRecord(
        file_name=file.name,
        file_index=0,
        record_index=0,
        results=[],
        output_file_path="",
        status="ERROR",
        error_msg=f"Its file_content {file.error}.",
    )


def _safe(name: str) -> str:
    base = _UNSAFE.sub("_", name.replace("\\", "/").rstrip("/").rpartition("/")[2]).strip()
    if base.startswith(".") or base in {"", RESULTS_FILE}:
        base = f"_{base}"  # hidden files and results are no input of a run
    stem, dot, suffix = base.rpartition(".")
    while len(base.encode()) > _LONGEST_NAME:
        if len(stem) > 1:
            stem = stem[:-1]
        else:
            stem, dot, suffix = base[:-1], "", ""
        base = f"{stem}{dot}{suffix}"
    return base
