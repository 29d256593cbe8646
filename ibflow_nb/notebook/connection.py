"""The one connection of a kernel: a server by its URL, or the platform on this machine."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from ibflow_nb.api.errors import ConfigError

if TYPE_CHECKING:
    from ibflow_nb.client import Client

LOCAL = "local"


@dataclass(frozen=True)
class Target:
    """Where to connect to.

    Attributes:
        url: the server's URL; ``local`` for the embedded platform.
        root: folder of the embedded platform; empty for the user's data folder.
        context: organisation, sent as ``IB-Context``.
        home: drive path of the user's own space; uploads go below it.
        profile: where some of this comes from.
        token: how the server knows the user; never shown.
        credentials: where the token comes from, in words.
    """

    url: str
    root: str = ""
    context: str = ""
    home: str = ""
    profile: str = ""
    token: str = ""
    credentials: str = "the variable IBFLOW_TOKEN"

    @property
    def local(self) -> bool:
        """Whether it is the embedded platform."""
        return self.url == LOCAL

    def __repr__(self) -> str:
        return f"Target(url={self.url!r}, root={self.root!r}, context={self.context!r})"


class Connection:
    """What commands reach the server through; connects when first needed.

    Args:
        fallback: tells where to connect to before the first connect; default ``IBFLOW_URL``.

    Attributes:
        target: where it leads; None before the first connect.
    """

    def __init__(self, fallback: Callable[[], Target] | None = None) -> None:
        self.target: Target | None = None
        self._fallback = fallback or (lambda: target_of(""))
        self._client: Client | None = None
        self._earlier: list[Client] = []

    @property
    def client(self) -> Client:
        """The client; connects when nothing was connected before.

        Raises:
            ConfigError: there is neither a connection nor ``IBFLOW_URL``.
        """
        if self._client is None:
            return self.open(self.target or self._fallback())
        return self._client

    def open(self, target: Target) -> Client:
        """Connect, in place of what was connected before.

        Clients of other servers stay open for the jobs that were started through them.

        Raises:
            ConfigError: the extra ``local`` is not installed.
            ConnectionFailed: the server, or the embedded platform, does not answer.
        """
        client = _open_local(target) if target.local else _open_remote(target)
        if self._client is not None:
            self._earlier.append(self._client)
        self._client, self.target = client, target
        return client

    def close(self) -> None:
        """Close all clients."""
        clients = [*self._earlier, *([self._client] if self._client else [])]
        self._earlier, self._client = [], None
        for client in clients:
            client.close()


def target_of(
    url: str, *, root: str = "", profile: str = "", context: str = "", home: str = ""
) -> Target:
    """Decide where to connect to: arguments first, then the profile, then the environment.

    Token and context of the environment are left to the client, which sends them only to the
    server of the environment.

    Raises:
        ConfigError: there is no URL anywhere, or the profile is missing or wrong.
    """
    chosen = _profile(profile) if profile else {}
    url = url or chosen.get("url", "") or os.environ.get("IBFLOW_URL", "")
    if root and not url:
        url = LOCAL
    if not url:
        raise ConfigError(
            "Not connected: '%ibflow connect local' starts the platform on this machine, "
            "'%ibflow connect URL' uses another (or set IBFLOW_URL)."
        )
    if root and url != LOCAL:
        raise ConfigError("--root belongs to 'connect local'; a server by URL has its own.")
    token, credentials = _token(profile, chosen)
    return Target(
        url=url,
        root=root or chosen.get("root", ""),
        context=context or chosen.get("context", ""),
        home=home or chosen.get("home", ""),
        profile=profile,
        token=token,
        credentials=credentials,
    )


def profiles_path() -> Path:
    """Give the file of profiles: a TOML table each, with url, context, home and token_env."""
    return platformdirs.user_config_path("ibflow-nb", appauthor=False) / "profiles.toml"


def _profile(name: str) -> dict[str, str]:
    path = profiles_path()
    try:
        profiles: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"There is no profile '{name}': {path} does not exist.") from None
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"The profiles in {path} cannot be read: {error}.") from error
    profile = profiles.get(name)
    if not isinstance(profile, dict):
        known = ", ".join(profiles) or "none"
        raise ConfigError(f"There is no profile '{name}' in {path}; it has {known}.")
    return {key: str(value) for key, value in profile.items()}


def _token(name: str, profile: dict[str, str]) -> tuple[str, str]:
    if variable := profile.get("token_env"):
        if not (token := os.environ.get(variable, "")):
            raise ConfigError(f"Profile '{name}' takes its token from {variable}, which is empty.")
        return token, f"the variable {variable}"
    if token := profile.get("token", ""):
        return token, f"profile '{name}'"
    return "", "the variable IBFLOW_TOKEN"


def _open_remote(target: Target) -> Client:
    from ibflow_nb.client import Client

    return Client(target.url, target.token or None, target.context or None, home=target.home)


def _open_local(target: Target) -> Client:
    from ibflow_nb.connecting import connect

    return connect(LOCAL, context=target.context or None, root=target.root or None)
