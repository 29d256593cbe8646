"""From what the server answered to a typed value, or to one clear error."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from ibflow_nb.api.endpoints import Endpoint
from ibflow_nb.api.errors import ApiError, AuthenticationFailed, BadReply, NotFound
from ibflow_nb.api.schema import explain

T = TypeVar("T")

TRANSIENT = frozenset({429, 500, 502, 503, 504})
"""HTTP statuses that say: not now, try again; or that tell of a fault that may pass."""
_SHOWN = 300


@dataclass(frozen=True)
class Answer:
    """One reply, as it came.

    Attributes:
        url: what was asked.
        status: HTTP status.
        headers: names in any case.
        content: the body.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def is_html(self) -> bool:
        """Whether this is a web page, such as the login page of a proxy."""
        return "html" in self.headers.get("content-type", "").lower() or (
            self.content.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html"))
        )


def check(answer: Answer, endpoint: Endpoint) -> None:
    """Raise the error that an HTTP status stands for.

    Raises:
        AuthenticationFailed: 401 or 403.
        NotFound: 404.
        BadReply: a redirect.
        ApiError: any other status that is not 2xx.
    """
    status = answer.status
    if 200 <= status < 300:
        return
    reason, call = _reason(answer), endpoint.name
    said = f" ({reason})" if reason else ""
    if status in {401, 403}:
        raise AuthenticationFailed(
            f"{call}: the server refused the token or the context{said}; connect again with a "
            "valid token and, if needed, a context.",
            status_code=status,
            call=call,
        )
    if status == 404:
        raise NotFound(
            f"{call}: {reason or f'nothing is there at {answer.url}'}.",
            status_code=status,
            call=call,
        )
    if 300 <= status < 400:
        target = answer.headers.get("location", "another address")
        raise BadReply(
            f"{call}: {answer.url} redirects to {target}; connect to that server instead, or "
            "log in to what stands before it.",
            status_code=status,
            call=call,
        )
    raise ApiError(
        f"{call}: the server answered HTTP {status}{said}.",
        status_code=status,
        call=call,
        retry_after=retry_after(answer.headers),
    )


def parse(answer: Answer, endpoint: Endpoint) -> Any:
    """Give the JSON of an answer, unchecked.

    Raises:
        BadReply: it is a web page, cut off, or no JSON.
    """
    try:
        return msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _bad(answer, endpoint, error) from error


def decode(answer: Answer, endpoint: Endpoint, kind: type[T]) -> T:
    """Give an answer as ``kind``.

    Raises:
        ApiError: a v1 reply whose ``status`` is ERROR.
        BadReply: it is no JSON, or of another shape.
    """
    if endpoint.version == 1:
        _refuse_error(answer, endpoint)
    try:
        return msgspec.json.decode(answer.content, type=kind)
    except msgspec.ValidationError as error:
        raise BadReply(
            f"{endpoint.name}: the reply has another shape than the API promises "
            f"({explain(error)}).",
            status_code=answer.status,
            call=endpoint.name,
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _bad(answer, endpoint, error) from error


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Read Retry-After: seconds, or a date; None if there is none."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, moment.timestamp() - time.time())


class _Status(msgspec.Struct):
    """What all v1 replies share."""

    status: str | None = None
    msg: str | None = None


def _refuse_error(answer: Answer, endpoint: Endpoint) -> None:
    try:
        head = msgspec.json.decode(answer.content, type=_Status)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return  # decoding the whole says better what is wrong
    if (head.status or "").upper() == "ERROR":
        reason = (head.msg or "the server reported an error without a message").rstrip(".")
        prefix = "" if reason.startswith(f"{endpoint.name}:") else f"{endpoint.name}: "
        raise ApiError(f"{prefix}{reason}.", status_code=answer.status, call=endpoint.name)


def _bad(answer: Answer, endpoint: Endpoint, error: Exception) -> BadReply:
    if answer.is_html:
        text = (
            f"{endpoint.name}: {answer.url} answered with a web page instead of JSON; check the "
            "address, and whether a proxy wants a login."
        )
    elif not answer.content:
        text = f"{endpoint.name}: {answer.url} answered with an empty body instead of JSON."
    else:
        text = f"{endpoint.name}: the reply of {answer.url} is no valid JSON ({error})."
    return BadReply(text, status_code=answer.status, call=endpoint.name)


def _reason(answer: Answer) -> str:
    """Give the server's own sentence, if it sent one."""
    if answer.is_html:
        return "a web page, not the API"
    try:
        body = msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return " ".join(answer.content[:_SHOWN].decode(errors="replace").split())
    if isinstance(body, dict):
        for key in ("msg", "message", "detail", "error"):
            if isinstance(body.get(key), str):
                return str(body[key]).strip().rstrip(".")[:_SHOWN]
    return ""
