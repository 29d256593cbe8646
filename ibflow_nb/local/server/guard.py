"""Who may call: the right Host, no foreign web page, the token.

Browsers send web pages' requests to loopback too. A page of another origin is told apart by its
``Origin``, one that had its name rebound to loopback by its ``Host``; there is no CORS.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
import socket

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from ibflow_nb.local.server.refusals import Refusal, error_response

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d+)?")

OPEN_PATHS = frozenset({"/health", "/api/v1/health"})
"""What is answered without a token."""


class Guard:
    """Middleware that refuses callers before any handler sees their request."""

    def __init__(self, app: ASGIApp, *, token: str, host: str) -> None:
        self._app = app
        self._token = token.encode()
        self._names = {"localhost", host.lower()}
        self._loopback_only = _is_loopback(host)
        if not self._loopback_only:
            self._names |= {socket.gethostname().lower(), socket.getfqdn().lower()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request or hand it on."""
        request = Request(scope)
        try:
            self._check(request)
        except Refusal as refusal:
            response = error_response(refusal, api_version(scope["path"]))
            await response(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _check(self, request: Request) -> None:
        host = request.headers.get("host", "").lower()
        found = _HOST.fullmatch(host)
        if not found or not self._serves(found["name"].strip("[]")):
            raise Refusal(403, "The Host header does not name this platform.")
        origin = request.headers.get("origin")
        if origin is not None and origin.lower().partition("://")[2] != host:
            raise Refusal(403, "Requests of web pages of another origin are refused.")
        # Never the path of request.url: that one is made with the Host header.
        if request.scope["path"] not in OPEN_PATHS and not self._knows(request):
            raise Refusal(
                401,
                "The token is missing or wrong; send it as 'Authorization: Bearer <token>'.",
                {"WWW-Authenticate": "Bearer"},
            )

    def _serves(self, name: str) -> bool:
        if name in self._names:
            return True
        return _is_loopback(name) if self._loopback_only else _is_address(name)

    def _knows(self, request: Request) -> bool:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(
            token.strip().encode(), self._token
        )


def api_version(path: str) -> int:
    """Tell which error shape a path has: 2 below ``/api/v2``, else 1."""
    return 2 if path.startswith("/api/v2/") else 1


def _is_address(name: str) -> bool:
    """Tell whether a host is an IP address; those cannot be rebound."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_loopback(name: str) -> bool:
    return name == "localhost" or (_is_address(name) and ipaddress.ip_address(name).is_loopback)
