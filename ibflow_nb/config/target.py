"""The server in force, with all that belongs to it and where each of it comes from."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike

from ibflow_nb.api.errors import ConfigError
from ibflow_nb.config import tokens
from ibflow_nb.config.address import LOCAL, is_local, normalise
from ibflow_nb.config.layers import look_up, stack
from ibflow_nb.config.secret import Secret
from ibflow_nb.config.sources import Proxy, given
from ibflow_nb.config.table import (
    CA_FILE,
    CLIENT_CERT,
    CLIENT_KEY,
    CONNECT_TIMEOUT,
    CONTEXT,
    HOME,
    PROFILE,
    PROXY,
    ROOT,
    SETTINGS,
    TIMEOUT,
    TOKEN_FROM,
    URL,
    VERIFY,
    Found,
    Layer,
)

NETWORK = (CA_FILE, VERIFY, CLIENT_CERT, CLIENT_KEY, PROXY, CONNECT_TIMEOUT, TIMEOUT)


@dataclass(frozen=True)
class Network:
    """How a server is reached.

    Attributes:
        ca_file: certificates (PEM) of the authorities that may vouch for the server, in place
            of the usual ones; empty for those.
        verify: whether the server's certificate is checked.
        client_cert: certificate (PEM) that is shown to a server that asks for one.
        client_key: its private key; empty if it is in the same file.
        proxy: address of a proxy in between, or ``none``; None follows ``HTTPS_PROXY`` and its
            kin, which are never used for this machine.
        connect_timeout: seconds to wait for a connection.
        timeout: seconds to wait for an answer.
    """

    ca_file: str = ""
    verify: bool = True
    client_cert: str = ""
    client_key: str = ""
    proxy: Proxy | str | None = None
    connect_timeout: float = CONNECT_TIMEOUT.default
    timeout: float = TIMEOUT.default

    def __post_init__(self) -> None:
        if isinstance(self.proxy, str):  # not kept as it is: it may hold a password
            object.__setattr__(self, "proxy", PROXY.read(self.proxy))

    def risk(self, url: str) -> str:
        """Say what is risky about reaching a server in this way; empty if nothing is."""
        if self.verify or not url.startswith("https:"):
            return ""
        return (
            f"The certificate of {url} is not checked (verify is off): whoever is on the way can "
            "read the token and all documents."
        )


@dataclass(frozen=True)
class Target:
    """Where to connect to.

    Attributes:
        url: the server's root; ``local`` for the embedded platform.
        root: folder of the embedded platform; empty for the user's data folder.
        context: organisation, sent as ``IB-Context``.
        home: drive path of the user's own space; uploads go below it.
        profile: the profile in force, if any.
        token: how the server knows the user; never shown.
        network: how the server is reached.
        found: where each of these comes from, by the names of settings.
    """

    url: str
    root: str = ""
    context: str = ""
    home: str = ""
    profile: str = ""
    token: Secret = field(default_factory=lambda: Secret(""))
    network: Network = field(default_factory=Network)
    found: Mapping[str, Found] = field(default_factory=dict, repr=False)

    @property
    def local(self) -> bool:
        """Whether it is the embedded platform."""
        return self.url == LOCAL


def from_arguments(
    url: str | None = None,
    token: str | None = None,
    context: str | None = None,
    root: str | PathLike[str] | None = None,
    profile: str | None = None,
    *,
    environ: Mapping[str, str] = os.environ,
) -> Target:
    """Decide where a function's arguments lead; what is not given comes from other places.

    Args:
        url: the server.
        token: the token itself.
        context: organisation or user.
        root: folder of the local platform.
        profile: name of a profile.
        environ: the environment.

    Raises:
        ConfigError: no place names a server, or what is said does not fit together.
    """
    said: dict[str, object] = {
        URL.name: url or None,
        CONTEXT.name: context,
        ROOT.name: root,
        PROFILE.name: profile,
        TOKEN_FROM.name: None if token is None else given(token),
    }
    line = {name: Found(one, "arguments") for name, one in said.items() if one is not None}
    return resolve(
        stack(line, {}, environ),
        unset="No server is given: name its URL, or 'local', or set IBFLOW_URL.",
    )


def resolve(layers: Sequence[Layer], *, unset: str, token: Secret | None = None) -> Target:
    """Decide where to connect to, and fetch the token.

    Args:
        layers: what each place says, the strongest first.
        unset: the sentence for the case that no place names a server.
        token: the token, where none is to be fetched.

    Raises:
        ConfigError: no place names a server, or what is said does not fit together; or the
            token is not where it is said to be.
    """
    found = find_server(layers)
    url = str(found[URL.name].value)
    if not url:
        raise ConfigError(unset)
    local = is_local(url)
    if found[ROOT.name].value and not local:
        raise ConfigError("A root belongs to the local platform; a server by URL has its own.")
    url = LOCAL if local else normalise(url)
    value = {name: one.value for name, one in found.items()}
    profile = value[PROFILE.name]
    source = None if local else value[TOKEN_FROM.name]
    return Target(
        url=url,
        root=value[ROOT.name],
        context=value[CONTEXT.name],
        home=value[HOME.name],
        profile=profile,
        token=tokens.fetch(source, url, profile) if token is None else token,
        network=Network(**{one.name: value[one.name] for one in NETWORK}),
        found=found,
    )


def find_server(layers: Sequence[Layer]) -> dict[str, Found]:
    """Give all settings as they are for the server that the strongest place names."""
    url = look_up(URL, layers)
    root = look_up(ROOT, layers, url.value)
    if root.value and not url.value:
        url = Found(LOCAL, root.source)
    found = {one.name: look_up(one, layers, url.value) for one in SETTINGS}
    return found | {URL.name: url}
