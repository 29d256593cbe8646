"""Addresses of servers."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit, urlunsplit

from ibflow_nb.api.errors import ConfigError

LOCAL = "local"
_API_ROOTS = ("/api/v1", "/api/v2", "/api")


def is_local(url: str) -> bool:
    """Tell whether the word for the platform of this machine stands in an address's place."""
    return url.strip().lower() == LOCAL


def same_server(one: str, other: str) -> bool:
    """Tell whether two addresses lead to one server; what is no address is like nothing."""
    if is_local(one) or is_local(other):
        return is_local(one) and is_local(other)
    try:
        return normalise(one) == normalise(other)
    except ConfigError:
        return False


def is_loopback(url: str) -> bool:
    """Tell whether a server runs on this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def normalise(url: str) -> str:
    """Give a server's root: with a scheme, without ``/api/v1``, query and slash at the end.

    Without a scheme, ``http`` is meant for this machine and ``https`` for any other.

    Raises:
        ConfigError: it is no address of a web server, or carries a password.
    """
    text = url.strip()
    if "://" not in text:
        name = text.split("/")[0].rsplit(":", 1)[0]
        local = name in {"localhost", "[::1]"} or name.startswith("127.")
        text = f"{'http' if local else 'https'}://{text}"
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in {"http", "https"}:
        raise ConfigError("The server's URL must look like https://HOST or http://HOST:PORT.")
    if parts.username or parts.password:
        raise ConfigError(
            "The server's URL must not carry a name or password; give a token, or set IBFLOW_TOKEN."
        )
    path = parts.path.rstrip("/")
    for root in _API_ROOTS:
        path = path.removesuffix(root)
    return urlunsplit((parts.scheme, parts.netloc, path.rstrip("/"), "", ""))
