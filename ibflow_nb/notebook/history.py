"""Where the jobs of earlier kernels are remembered, so that they can be found again.

One JSON object a line, in the user's state folder, readable by the user alone. It holds what is
needed to look a job up and nothing secret. Nothing is ever submitted again from it.
"""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import msgspec
import platformdirs
from filelock import FileLock

from ibflow_nb.notebook import private_files

KEPT = 1000
_log = logging.getLogger(__name__)


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One submitted job.

    Attributes:
        job_id: its id.
        server: URL of the server; ``local`` for the embedded platform.
        root: folder of the embedded platform.
        kind: call that started it, such as ``run_flow_async``.
        title: short name that the user knows it by, such as the flow's file name.
        output_folder: drive path of its output.
        submitted: Unix seconds.
        mark: what it shares with jobs of the same request, see :mod:`ibflow_nb.notebook.repeats`.
    """

    job_id: str
    server: str
    root: str = ""
    kind: str = ""
    title: str = ""
    output_folder: str = ""
    submitted: float = msgspec.field(default_factory=time.time)
    mark: str = ""


class History:
    """The file of job references.

    Args:
        path: the file; by default ``jobs.jsonl`` in the user's state folder.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or default_path()

    def add(self, entry: Entry) -> None:
        """Append one job; a history that cannot be written is logged and never stops a run."""
        line = msgspec.json.encode(without_secrets(entry)) + b"\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{self.path}.lock", timeout=5, mode=0o600):
                self._shorten()
                descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
                with os.fdopen(descriptor, "ab") as file:
                    file.write(line)
        except (OSError, TimeoutError) as error:
            _log.warning("The job history %s cannot be written: %s", self.path, error)

    def entries(self) -> list[Entry]:
        """Give all jobs, newest first; lines that cannot be read are passed over."""
        found = []
        for line in reversed(self._lines()):
            try:
                found.append(msgspec.json.decode(line, type=Entry))
            except msgspec.MsgspecError:
                _log.warning("A line of the job history %s cannot be read", self.path)
        return found

    def find(self, reference: str) -> list[Entry]:
        """Give the jobs whose id is ``reference`` or begins with it, newest first."""
        return [entry for entry in self.entries() if entry.job_id.startswith(reference)]

    def _lines(self) -> list[bytes]:
        try:
            return self.path.read_bytes().splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            _log.warning("The job history %s cannot be read: %s", self.path, error)
            return []

    def _shorten(self) -> None:
        """Drop the older half once the file holds twice what is kept."""
        lines = self._lines()
        if len(lines) < 2 * KEPT:
            return
        private_files.replace(self.path, b"\n".join(lines[-KEPT:]) + b"\n")


def default_path() -> Path:
    """Give the history file of this user."""
    return platformdirs.user_state_path("ibflow-nb", appauthor=False) / "jobs.jsonl"


def without_secrets(entry: Entry) -> Entry:
    """Drop user name, password and query from the server's URL."""
    parts = urlsplit(entry.server)
    host = parts.netloc.rpartition("@")[2]
    return msgspec.structs.replace(
        entry, server=urlunsplit((parts.scheme, host, parts.path, "", ""))
    )
