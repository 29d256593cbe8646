"""Where the server is and who asks: address, token and context."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from ibflow_nb.api.errors import ConfigError
from ibflow_nb.config.address import is_loopback
from ibflow_nb.config.layers import from_environment
from ibflow_nb.config.secret import Secret
from ibflow_nb.config.sources import given
from ibflow_nb.config.table import CONTEXT, TOKEN_FROM, URL, Found
from ibflow_nb.config.target import Network, resolve

LOCAL_HOME = "local/my-repo/fs/Instabase Drive"  # of the embedded platform's user


@dataclass(frozen=True)
class Connection:
    """A server's root address, and what is sent along with each request.

    Attributes:
        url: root without ``/api/v1`` and without a slash at the end.
        token: sent as ``Authorization: Bearer``; may be empty.
        context: organisation or user, sent as ``IB-Context``; may be empty.
        network: how the server is reached.
    """

    url: str
    token: Secret
    context: str = ""
    network: Network = field(default_factory=Network)

    @classmethod
    def resolve(
        cls,
        url: str | None = None,
        token: str | None = None,
        context: str | None = None,
        network: Network | None = None,
        *,
        environ: Mapping[str, str] = os.environ,
    ) -> Connection:
        """Take what is given, and the rest from the environment.

        The variables are those of :mod:`ibflow_nb.config.table`. What the environment says is
        meant for the server of the environment: its token is not sent to another one.

        Raises:
            ConfigError: no URL, or something that cannot be used.
        """
        said = {
            URL.name: url or None,
            CONTEXT.name: context,
            TOKEN_FROM.name: None if token is None else given(token),
        }
        line = {name: Found(one, "arguments") for name, one in said.items() if one is not None}
        target = resolve(
            [line, from_environment(environ)],
            unset="No server is given: name its URL, or 'local', or set IBFLOW_URL.",
        )
        if target.local:
            raise ConfigError("The platform of this machine is reached by connect('local').")
        return cls(
            target.url,
            Secret(_header_value("token", target.token.reveal())),
            _header_value("context", target.context),
            network or target.network,
        )

    @property
    def is_loopback(self) -> bool:
        """Whether the server runs on this machine."""
        return is_loopback(self.url)


def _header_value(name: str, value: str) -> str:
    """Check what is going to be a header; never show it."""
    value = value.strip()
    if not value.isascii() or not value.isprintable():
        raise ConfigError(f"The {name} holds characters that no header can carry; copy it again.")
    return value
