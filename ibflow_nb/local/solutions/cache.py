"""Answers of ``run_sync``, kept under what they are the answer to."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec

from ibflow_nb.api.results import SentRecord
from ibflow_nb.api.solutions import RunSync, RunSyncReply
from ibflow_nb.local.atomic import write_atomic
from ibflow_nb.local.solutions.package import Solution
from ibflow_nb.local.solutions.sent_files import SentFile

_KEPT = 1000


class _KeptAnswer(msgspec.Struct):
    """A reply as it is kept, with records as the platform sends them."""

    records: list[SentRecord]
    binary_path: str
    job_id: str


def cache_key(request: RunSync, solution: Solution, files: Sequence[SentFile]) -> str:
    """Name a request by its meaning: the solution, the bytes and all options but the form.

    Returns:
        SHA-256 in hexadecimal.
    """
    options = msgspec.structs.replace(request.options, result_format="")
    parts = (
        solution.package.name,
        solution.package.version,
        solution.digest,
        [(file.name, file.digest, file.error) for file in files],
        options,
        request.output_dir,
        request.repo_name,
    )
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


class AnswerCache:
    """Keeps the last answers in a folder; it survives a restart of the platform."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writing = threading.Lock()

    def read(self, key: str) -> RunSyncReply | None:
        """Give the answer that is kept under a key, or None."""
        try:
            content = (self._folder / f"{key}.json").read_bytes()
            kept = msgspec.json.decode(content, type=_KeptAnswer)
        except (OSError, msgspec.DecodeError):
            return None
        return RunSyncReply(
            records=[*kept.records], binary_path=kept.binary_path, job_id=kept.job_id
        )

    def write(self, key: str, answer: RunSyncReply) -> None:
        """Keep an answer; the oldest ones make room for it."""
        with self._writing:
            write_atomic(self._folder / f"{key}.json", msgspec.json.encode(answer), mode=0o600)
            kept = sorted(self._folder.glob("[!.]*.json"), key=lambda path: path.stat().st_mtime)
            for path in kept[:-_KEPT]:
                path.unlink()
