"""Webhooks: one POST to a URL that the user gave.

Source: Flow API document, ``webhook_config``; run settings reference, webhooks.
"""

from __future__ import annotations

import http.client
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from typing import IO

import msgspec

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.api.flow import WebhookConfig

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class WebhookEvent(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Body of the POST at the end of a run.

    Attributes:
        status: OK or ERROR.
        msg: the reason, only with ERROR.
        job_id: the job.
        input_dir: its input folder (drive path).
        output: its root output folder (drive path).
    """

    status: str
    job_id: str
    input_dir: str
    output: str
    msg: str = ""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect counts as not received."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirects)


def check_webhook(config: WebhookConfig, allowed: Sequence[str] = ()) -> None:
    """Refuse a webhook that could never be sent, or that must not be.

    Args:
        config: where it goes.
        allowed: the only hosts that it may go to; empty for any.

    Raises:
        InvalidRequest: the url is no http(s) URL, its host is not allowed, or a header is
            malformed.
    """
    try:
        parts = urllib.parse.urlsplit(config.url.strip())
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid or any(character.isspace() for character in config.url.strip()):
        raise InvalidRequest("webhook_config.url must be a complete http:// or https:// URL.")
    host = host_of(config.url)
    if allowed and host not in {name.lower() for name in allowed}:
        raise InvalidRequest(f"webhook_config.url: webhooks to {host} are not allowed here.")
    for name, value in config.headers.items():
        if not _HEADER_NAME.fullmatch(name) or not _is_header_value(value):
            raise InvalidRequest(f"webhook_config.headers: {name!r} is not a valid header.")


def host_of(url: str) -> str:
    """Name a webhook's receiver without the parts of its URL that may be secret."""
    return urllib.parse.urlsplit(url.strip()).hostname or "its receiver"


def post(url: str, headers: dict[str, str], body: bytes, timeout: float) -> str:
    """Send an event once.

    Returns:
        Nothing when the receiver answered 2xx, else why it counts as not received.
    """
    request = urllib.request.Request(  # noqa: S310 - the scheme was checked
        url.strip(),
        data=body,
        headers={"Content-Type": "application/json", **headers},
        method="POST",
    )
    try:
        with _opener.open(request, timeout=timeout) as answer:
            return "" if 200 <= answer.status < 300 else f"answered {answer.status}"
    except urllib.error.HTTPError as error:
        with error:
            return f"answered {error.code}"
    except urllib.error.URLError as error:
        return f"gave no answer ({error.reason})"
    except (OSError, http.client.HTTPException, ValueError) as error:
        return f"gave no answer ({type(error).__name__})"


def _is_header_value(value: str) -> bool:
    return value.isprintable() and value.isascii()
