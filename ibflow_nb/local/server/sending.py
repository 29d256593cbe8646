"""Files on their way out: whole or one range, in blocks read by a thread."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import BinaryIO

from starlette.responses import Response, StreamingResponse

from ibflow_nb.local.server.refusals import Refusal

_BLOCK_BYTES = 1024**2
_RANGE = re.compile(r"(?:bytes=)?\s*(?P<first>\d*)\s*-\s*(?P<last>\d*)\s*")


def send_file(local: Path, wanted: str = "", headers: dict[str, str] | None = None) -> Response:
    """Answer a file, or with ``wanted`` (a Range header of one range) a part of it as 206.

    A header that is no range of bytes, or asks for several, is passed over, as HTTP allows.

    Raises:
        Refusal: the range begins behind the end of the file (416).
    """
    file = local.open("rb")
    try:
        size = os.fstat(file.fileno()).st_size
        span = _span(wanted, size)
    except BaseException:
        file.close()
        raise
    first, last = span or (0, size - 1)
    sent = file_headers(local) | {"Content-Length": str(last - first + 1)} | (headers or {})
    if span:
        sent["Content-Range"] = f"bytes {first}-{last}/{size}"
    return StreamingResponse(
        _blocks(file, first, last - first + 1),
        status_code=206 if span else 200,
        headers=sent,
        media_type="application/octet-stream",
    )


def file_headers(local: Path) -> dict[str, str]:
    """Give the headers that GET and HEAD of a file share."""
    status = local.stat()
    return {
        "Content-Length": str(status.st_size),
        "Last-Modified": formatdate(status.st_mtime, usegmt=True),
        "Accept-Ranges": "bytes",
    }


def _span(wanted: str, size: int) -> tuple[int, int] | None:
    """Read a range: first and last byte, or None for the whole file."""
    found = _RANGE.fullmatch(wanted)
    if not found or not (found["first"] or found["last"]):
        return None
    if found["first"]:
        first = int(found["first"])
        last = min(int(found["last"] or size), size - 1)
        if found["last"] and int(found["last"]) < first:
            return None
    else:
        first, last = max(size - int(found["last"]), 0), size - 1
    if first >= size:
        raise Refusal(
            416,
            f"The range begins behind the end of the file, which has {size} bytes.",
            {"Content-Range": f"bytes */{size}"},
        )
    return first, last


def _blocks(file: BinaryIO, first: int, length: int) -> Iterator[bytes]:
    with file:
        file.seek(first)
        while length > 0 and (block := file.read(min(_BLOCK_BYTES, length))):
            length -= len(block)
            yield block
