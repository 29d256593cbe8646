"""What the handlers of all calls work with."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from ibflow_nb.local.drive import Drive
from ibflow_nb.local.engine import Engine
from ibflow_nb.local.server.bodies import SlowCalls
from ibflow_nb.local.server.nodes import Nodes
from ibflow_nb.local.settings import Settings

_REMEMBERED = 10_000


class FileJobs:
    """Ids of file operations; each is done before its id is given away.

    The platform's file calls answer a job that clients poll; here the work is finished by then,
    so the ids of the last operations are all there is to know.
    """

    def __init__(self) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def add(self) -> str:
        """Give the id of an operation that was just done."""
        job_id = f"file-{secrets.token_hex(12)}"
        with self._lock:
            self._ids[job_id] = None
            if len(self._ids) > _REMEMBERED:
                self._ids.popitem(last=False)
        return job_id

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._ids


@dataclass
class Platform:
    """One running platform.

    Attributes:
        settings: what it was started with.
        drive: its file tree.
        engine: runs the jobs.
        token: what callers must show; never in a repr.
    """

    settings: Settings
    drive: Drive
    engine: Engine
    token: str = field(repr=False)

    def __post_init__(self) -> None:
        self.nodes = Nodes(self.drive, self.settings.limits)
        self.file_jobs = FileJobs()
        self.slow_calls = SlowCalls()
