"""Taking in the body of ``run_sync``: the files' contents go to disk while it arrives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ibflow_nb.api.endpoints import SOLUTION_RUN_SYNC
from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.api.schema import decode_request
from ibflow_nb.api.solutions import RunSync, SyncFile
from ibflow_nb.local.limits import Limits
from ibflow_nb.local.server.spool import JsonSpooler
from ibflow_nb.local.solutions.package import file_digest
from ibflow_nb.local.solutions.sent_files import SentFile

FORMATS = ("json", "csv")


@dataclass(frozen=True)
class ReceivedRun:
    """A request whose contents lie on disk.

    Attributes:
        request: with tokens in place of the contents.
        files: the files in the order in which they were sent.
    """

    request: RunSync
    files: list[SentFile]


def receive_run(blocks: Iterator[bytes], folder: Path, limits: Limits) -> ReceivedRun:
    """Read a request as it arrives.

    Args:
        blocks: the body.
        folder: where the contents go; made here, the caller removes it.
        limits: bounds on one file.

    Raises:
        InvalidRequest: the body is no JSON, a key is missing or wrong, or there are no files.
    """
    call = SOLUTION_RUN_SYNC.name
    folder.mkdir(parents=True, mode=0o700)
    spooler = JsonSpooler(folder, limit=limits.file_bytes, rest=limits.json_bytes)
    try:
        for block in blocks:
            spooler.feed(block)
        request = decode_request(RunSync, spooler.finish(), call=call)
    finally:
        spooler.close()
    if not request.files:
        raise InvalidRequest(f"{call}: 'files' must hold at least one file.")
    if request.options.result_format not in {"", *FORMATS}:
        raise InvalidRequest(f"{call}: 'options.result_format' must be {' or '.join(FORMATS)}.")
    for text in _names(request):
        if spooler.spooled(text):
            raise InvalidRequest(f"{call}: a name or a path is too long.")
    return ReceivedRun(request, [_file(spooler, file, request) for file in request.files])


def _names(request: RunSync) -> Iterator[str]:
    """Yield all strings of a request that are no content."""
    yield from (request.name, request.version, request.solution_path)
    yield from (request.output_dir, request.repo_name)
    yield from (file.file_name for file in request.files)


def _file(spooler: JsonSpooler, file: SyncFile, request: RunSync) -> SentFile:
    """Give what came of a file; only the cache of answers asks for digests."""
    decoded = spooler.decoded(file.file_content)
    wanted = request.write_to_cache and not decoded.error
    digest = file_digest(decoded.path) if wanted else ""
    return SentFile(file.file_name, decoded.path, digest, decoded.error)
