"""Where a token can come from, and which proxy leads to a server: values that may hide a secret."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from ibflow_nb.config.kinds import Kind
from ibflow_nb.config.secret import Secret

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PROXIES = {"http", "https", "socks5", "socks5h"}


class TokenSource(NamedTuple):
    """Where a token comes from.

    Attributes:
        kind: ``env``, ``keyring``, ``prompt`` or ``given``.
        variable: name of the environment variable of ``env``.
        token: the token itself, where it is at hand already.
    """

    kind: str
    variable: str = ""
    token: Secret | None = None

    @property
    def private(self) -> bool:
        """Whether it holds a secret, so that it must not be kept where others can read it."""
        return bool(self.token)

    def __str__(self) -> str:
        return f"env:{self.variable}" if self.variable else self.kind

    def __repr__(self) -> str:
        return str(self)


def given(token: str) -> TokenSource:
    """Give the source of a token that is at hand."""
    return TokenSource("given", token=Secret(token))


def _read_source(said: object) -> TokenSource:
    if isinstance(said, TokenSource):
        return said
    kind, _, name = str(said).strip().partition(":")
    if kind == "env" and _VARIABLE.fullmatch(name):
        return TokenSource(kind, name)
    if kind in {"keyring", "prompt"} and not name:
        return TokenSource(kind)
    raise ValueError("no source of a token")  # which may be a token in the wrong place


class Proxy(NamedTuple):
    """A proxy, or the word that there shall be none.

    Attributes:
        shown: its address, name and password hidden; ``none`` for no proxy.
        address: the whole address.
    """

    shown: str
    address: Secret

    @property
    def private(self) -> bool:
        """Whether it holds a password, so that it must not be kept where others can read it."""
        return bool(self.address) and self.address.reveal() != self.shown

    def __str__(self) -> str:
        return self.shown

    def __repr__(self) -> str:
        return str(self)


NO_PROXY = Proxy("none", Secret(""))


def _read_proxy(said: object) -> Proxy:
    if isinstance(said, Proxy):
        return said
    address = str(said).strip()
    if address.lower() == NO_PROXY.shown:
        return NO_PROXY
    parts = urlsplit(address if "://" in address else f"http://{address}")
    if parts.scheme not in _PROXIES or not parts.hostname or parts.path.strip("/"):
        raise ValueError("no address of a proxy")
    login, _, host = parts.netloc.rpartition("@")
    whole = f"{parts.scheme}://{parts.netloc}"
    return Proxy(f"{parts.scheme}://{'****@' if login else ''}{host}", Secret(whole))


TOKEN_SOURCE = Kind(
    "env:VARIABLE, keyring, prompt", _read_source, ("keyring", "prompt"), secret=True
)
PROXY_ADDRESS = Kind(
    "http://HOST:PORT, https://HOST:PORT, socks5://HOST:PORT, none", _read_proxy, ("none",),
    secret=True,
)  # fmt: skip
