"""Errors of the HTTP side, and how any error looks on the wire.

v1 answers HTTP 200 with ``{"status": "ERROR", "msg"}``; v2 an HTTP status with ``{"message"}``.
Requests that are refused before a call sees them, and failures of the platform itself, have an
HTTP status in both (source: conventions of the platform's API index; Response statuses).
"""

from __future__ import annotations

import errno
import logging
import secrets

import msgspec
from starlette.responses import Response

from ibflow_nb.api.errors import IbflowError, InvalidRequest, NotFound
from ibflow_nb.api.schema import ErrorReply, MessageReply

_log = logging.getLogger(__name__)

_DISK_ERRORS = {
    errno.ENOSPC: (507, "The disk of the platform is full; nothing was changed."),
    errno.EDQUOT: (507, "The disk quota of the platform is used up; nothing was changed."),
    errno.EROFS: (403, "The disk of the platform is read-only."),
    errno.EACCES: (403, "The platform may not access this file or folder."),
    errno.EPERM: (403, "The platform may not access this file or folder."),
    errno.ENOENT: (404, "The file or folder is gone."),
    errno.EISDIR: (400, "The path is a folder, not a file."),
    errno.ENOTDIR: (400, "A part of the path is a file, not a folder."),
    errno.EEXIST: (400, "A part of the path is a file, not a folder."),
    errno.ENAMETOOLONG: (400, "The path is too long."),
}


class Refusal(IbflowError):
    """A request that is refused with an HTTP status, in v1 as in v2.

    Attributes:
        http_status: the status.
        headers: sent along.
    """

    def __init__(
        self, http_status: int, message: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.http_status = http_status
        self.headers = headers


def json_response(
    content: object, http_status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Encode a reply."""
    return Response(
        msgspec.json.encode(content), http_status, headers, media_type="application/json"
    )


def error_response(error: Exception, version: int) -> Response:
    """Give the reply for an error; what nobody foresaw goes to the log under an error id."""
    http_status, headers = 500, None
    match error:
        case Refusal():
            http_status, headers = error.http_status, error.headers
        case NotFound():
            http_status = 404 if version == 2 else 200
        case IbflowError():
            http_status = 400 if version == 2 else 200
        case OSError() if error.errno in _DISK_ERRORS:
            http_status, _ = _DISK_ERRORS[error.errno]
    message = sentence_of(error)
    reply = MessageReply(message=message) if version == 2 else ErrorReply(msg=message)
    return json_response(reply, http_status, headers)


def sentence_of(error: BaseException) -> str:
    """Say in a sentence what went wrong; what nobody foresaw goes to the log, with its stack."""
    match error:
        case IbflowError():
            return str(error)
        case OSError() if error.errno in _DISK_ERRORS:
            _, message = _DISK_ERRORS[error.errno]
            _log.warning("%s", message, exc_info=error)
            return message
        case _:
            return _unexpected(error)


def bad_path(path: str, reason: str) -> InvalidRequest:
    """Give the error for a path that cannot be used so."""
    return InvalidRequest(f"'{path}' {reason}.")


def _unexpected(error: BaseException) -> str:
    error_id = secrets.token_hex(4)
    _log.error("Error %s", error_id, exc_info=error)
    return (
        f"The platform failed at this request; its log .ibflow/server.log tells more "
        f"under error {error_id}."
    )
