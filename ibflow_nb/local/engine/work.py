"""What a request asks for, read and checked, before it is stored as a job."""

from __future__ import annotations

from pathlib import Path

import msgspec

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.api.flow import RunOptions
from ibflow_nb.api.schema import Request
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.engine.model import PlannedStep


class Work(msgspec.Struct, kw_only=True, frozen=True):
    """A run to be submitted.

    Attributes:
        request: the request.
        options: of the run.
        source: the input folder.
        steps, starts, suffix: as in the plan.
        kind: key of the table of :class:`~ibflow_nb.local.engine.requests.Requests`.
        path: the flow file, the folder of flows or the flow binary; None for a step by itself.
        used: files and folders that the run reads besides its input; ``delete_out_dir`` must
            delete none of them.
        binary: content of the flow binary to keep in the output; empty for none.
        notes: lines for the job's log.
    """

    request: Request
    options: RunOptions
    source: Path
    steps: list[PlannedStep]
    starts: tuple[int, ...] = (0,)
    suffix: str = ""
    kind: str = ""
    path: Path | None = None
    used: list[Path] = []
    binary: bytes = b""
    notes: list[str] = []


def input_folder(drive: Drive, path: str) -> Path:
    """Find the input folder that a request names.

    Raises:
        NotFound: nothing is there.
        InvalidRequest: it is a file.
    """
    folder = drive.locate(path)
    if not folder.is_dir():
        raise InvalidRequest(f"The input '{path}' is a file, not a folder.")
    return folder
