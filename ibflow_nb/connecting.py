"""``connect()``: to a server by its URL, or to the platform of this machine."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from ibflow_nb.api.errors import ConfigError
from ibflow_nb.client import Client
from ibflow_nb.client.connection import LOCAL_HOME
from ibflow_nb.config.secret import Secret
from ibflow_nb.config.target import Network, Target, from_arguments

__all__ = ["LOCAL_HOME", "connect", "connect_to"]


def connect(
    target: str | None = None,
    *,
    token: str | None = None,
    context: str | None = None,
    root: str | PathLike[str] | None = None,
    profile: str | None = None,
    network: Network | None = None,
) -> Client:
    """Connect to a server.

    What is not given comes from the profile, then from the environment, as
    :mod:`ibflow_nb.config.layers` tells.

    Args:
        target: its URL, with or without ``/api/v1``; or ``"local"``: the platform of this
            machine, which is started if it does not run. Default: ``IBFLOW_URL``.
        token: bearer token; default ``IBFLOW_TOKEN``. The local platform has its own.
        context: organisation or user; default ``IBFLOW_CONTEXT``.
        root: folder of the local platform; default the user's data folder.
        profile: name of a profile; default ``IBFLOW_PROFILE``.
        network: certificates, proxy and timeouts, in place of all that is said elsewhere.

    Raises:
        ConfigError: there is no URL, or it cannot be used; or the local platform is not
            installed.
        ConnectionFailed: the local platform does not start.
    """
    return connect_to(from_arguments(target, token, context, root, profile), network)


def connect_to(target: Target, network: Network | None = None) -> Client:
    """Connect to a server that was decided on.

    Args:
        target: the server.
        network: how it is reached, in place of what the target says.

    Raises:
        ConfigError: the local platform is not installed.
        ConnectionFailed: the local platform does not start.
    """
    if target.local:
        return _connect_locally(target)
    return Client(target, network=network)


def _connect_locally(target: Target) -> Client:
    try:
        from ibflow_nb.local.launch import ensure_running
    except ImportError as error:
        raise ConfigError(
            f"The local platform is not installed ({error.name} is missing); run "
            "`pip install 'ibflow-nb[local]'`, or name a server's URL."
        ) from error
    from ibflow_nb.examples import install

    folder = Path(target.root).expanduser() if target.root else None
    platform = ensure_running(folder, install_examples=install)
    token = Secret(platform.token)
    return Client(Target(platform.url, token=token, context=target.context, home=LOCAL_HOME))
