"""The one connection of a kernel: a server by its URL, or the platform on this machine."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ibflow_nb.api.errors import ConfigError
from ibflow_nb.config.address import same_server
from ibflow_nb.config.layers import look_up
from ibflow_nb.config.secret import Secret
from ibflow_nb.config.table import BY_NAME, ROOT, URL, Found, Layer
from ibflow_nb.config.target import Target, resolve
from ibflow_nb.notebook.settings import Settings

if TYPE_CHECKING:
    from ibflow_nb.client import Client

THE_LINE = "the line 'connect'"


class Connection:
    """What commands reach the server through; connects when first needed.

    Args:
        settings: what is set.
        prog: ``%ibflow`` or ``ibflow-nb``, for sentences that name a next step.

    Attributes:
        target: where it leads; None before the first connect.
    """

    def __init__(self, settings: Settings, prog: str = "%ibflow") -> None:
        self.target: Target | None = None
        self._settings = settings
        self._prog = prog
        self._client: Client | None = None
        self._earlier: list[Client] = []

    @property
    def named(self) -> bool:
        """Whether a line, setting or profile says which server to use."""
        return self.target is not None or bool(look_up(URL, self._settings.layers()).value)

    @property
    def client(self) -> Client:
        """The client; connects when nothing was connected before.

        Raises:
            ConfigError: no place names a server.
        """
        if self._client is not None:
            return self._client
        return self._open(self.target or self.aim(self._settings.line))

    def open(self, said: Mapping[str, str], *, check: bool = False) -> Client:
        """Connect, in place of what was connected before; an error leaves that as it was.

        Clients of other servers stay open for the jobs that were started through them.

        Args:
            said: what the line says, by the names of settings.
            check: whether to ask the server if it answers and knows the token.

        Raises:
            ConfigError: no place names a server, the token is not where it is said to be, or
                the extra ``local`` is not installed.
            ConnectionFailed: the server, or the embedded platform, does not answer.
            AuthenticationFailed: it refuses the token.
        """
        line = line_of(said)
        client = self._open(self.aim(line), check=check)
        self._settings.line = line
        return client

    def reach(self, server: str, root: str = "") -> Client:
        """Connect to the server of an earlier job, as the settings say where they lead there.

        Args:
            server: its address, or ``local``.
            root: folder of the local platform.

        Raises:
            ConfigError: the token is not where it is said to be, or the extra ``local`` is not
                installed.
            ConnectionFailed: the embedded platform does not start.
        """
        layers = self._settings.layers()
        if not root and same_server(str(look_up(URL, layers).value), server):
            return self.client
        return self.open({URL.name: server} | ({ROOT.name: root} if root else {}))

    def line(self, said: Mapping[str, str]) -> Layer:
        """Give what a line says; where it says nothing, the line that made the connection.

        Raises:
            ConfigError: a password stands in it.
        """
        return line_of(said) or self._settings.line

    def aim(self, line: Layer, token: Secret | None = None) -> Target:
        """Decide where a line would connect to.

        Args:
            line: what the line says.
            token: the token, where none is to be fetched.

        Raises:
            ConfigError: no place names a server, or the token is not where it is said to be.
        """
        unset = (
            f"Not connected: '{self._prog} connect local' starts the platform on this machine, "
            f"'{self._prog} connect URL' uses another (or set IBFLOW_URL)."
        )
        return resolve(self._settings.layers(line), unset=unset, token=token)

    def close(self) -> None:
        """Close all clients."""
        clients = [*self._earlier, *([self._client] if self._client else [])]
        self._earlier, self._client = [], None
        for client in clients:
            client.close()

    def _open(self, target: Target, *, check: bool = False) -> Client:
        client = new_client(target, check=check)
        if self._client is not None:
            self._earlier.append(self._client)
        self._client, self.target = client, target
        return client


def line_of(said: Mapping[str, str]) -> Layer:
    """Give what a line says as a layer.

    Raises:
        ConfigError: a password stands in the line, which would be kept in the notebook.
    """
    for name, word in said.items():
        if getattr(BY_NAME[name].read(word, f"--{name.replace('_', '-')}"), "private", False):
            raise ConfigError(f"A {name} with a password belongs into a profile, not into a line.")
    return {name: Found(word, THE_LINE) for name, word in said.items()}


def new_client(target: Target, *, check: bool) -> Client:
    """Make a client; one that fails the check is closed.

    Args:
        target: the server.
        check: whether to ask it if it answers and knows the token; the caller then also tells
            the target's risk.

    Raises:
        ConfigError: the extra ``local`` is not installed, or a certificate cannot be read.
        ConnectionFailed: the server does not answer.
        AuthenticationFailed: it refuses the token.
    """
    from ibflow_nb.client.network import RiskyConnection
    from ibflow_nb.connecting import connect_to

    with warnings.catch_warnings():
        if check:
            warnings.simplefilter("ignore", RiskyConnection)
        client = connect_to(target)
    if check and not target.local:
        try:
            client.check()
        except BaseException:  # an interrupt too
            client.close()
            raise
    return client
