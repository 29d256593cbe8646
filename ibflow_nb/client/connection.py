"""Where the server is and who asks: address, token and context."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from ibflow_nb.api.errors import ConfigError

URL_VARIABLE = "IBFLOW_URL"
TOKEN_VARIABLE = "IBFLOW_TOKEN"  # noqa: S105 - a variable's name
CONTEXT_VARIABLE = "IBFLOW_CONTEXT"
LOCAL_HOME = "local/my-repo/fs/Instabase Drive"  # of the embedded platform's user
_API_ROOTS = ("/api/v1", "/api/v2", "/api")


class Secret:
    """A token that shows itself to nobody who does not ask for it by name."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Give the secret itself."""
        return self._value

    def redact(self, text: str) -> str:
        """Blot the secret out of a text, such as a server's message that echoes it."""
        return text.replace(self._value, "***") if self._value else text

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "Secret('***')" if self._value else "Secret('')"


@dataclass(frozen=True)
class Connection:
    """A server's root address, and what is sent along with each request.

    Attributes:
        url: root without ``/api/v1`` and without a slash at the end.
        token: sent as ``Authorization: Bearer``; may be empty.
        context: organisation or user, sent as ``IB-Context``; may be empty.
    """

    url: str
    token: Secret
    context: str = ""

    @classmethod
    def resolve(
        cls,
        url: str | None = None,
        token: str | None = None,
        context: str | None = None,
        *,
        environ: Mapping[str, str] = os.environ,
    ) -> Connection:
        """Take what is given, and the rest from the environment.

        The variables are ``IBFLOW_URL``, ``IBFLOW_TOKEN`` and ``IBFLOW_CONTEXT``. A token of the
        environment is meant for the server of the environment: it is not sent to another one.

        Raises:
            ConfigError: no URL, or one of them cannot be used.
        """
        known = environ.get(URL_VARIABLE, "").strip()
        wanted = (url or known).strip()
        if not wanted:
            raise ConfigError(
                f"No server is given: name its URL, or 'local', or set {URL_VARIABLE}."
            )
        root = normalise(wanted)
        ours = not known or normalise(known) == root
        if token is None:
            token = environ.get(TOKEN_VARIABLE, "") if ours else ""
        if context is None:
            context = environ.get(CONTEXT_VARIABLE, "") if ours else ""
        return cls(root, Secret(_header_value("token", token)), _header_value("context", context))

    @property
    def is_loopback(self) -> bool:
        """Whether the server runs on this machine."""
        host = urlsplit(self.url).hostname or ""
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
            f"The server's URL must not carry a name or password; give a token, or set "
            f"{TOKEN_VARIABLE}."
        )
    path = parts.path.rstrip("/")
    for root in _API_ROOTS:
        path = path.removesuffix(root)
    return urlunsplit((parts.scheme, parts.netloc, path.rstrip("/"), "", ""))


def _header_value(name: str, value: str) -> str:
    """Check what is going to be a header; never show it."""
    value = value.strip()
    if not value.isascii() or not value.isprintable():
        raise ConfigError(f"The {name} holds characters that no header can carry; copy it again.")
    return value
