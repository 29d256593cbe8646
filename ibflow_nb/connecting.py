"""``connect()``: to a server by its URL, or to the platform of this machine."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from ibflow_nb.api.errors import ConfigError
from ibflow_nb.client import Client
from ibflow_nb.client.connection import LOCAL_HOME

__all__ = ["LOCAL_HOME", "connect"]

LOCAL = "local"


def connect(
    target: str | None = None,
    *,
    token: str | None = None,
    context: str | None = None,
    root: str | PathLike[str] | None = None,
) -> Client:
    """Connect to a server.

    Args:
        target: its URL, with or without ``/api/v1``; or ``"local"``: the platform of this
            machine, which is started if it does not run. Default: ``IBFLOW_URL``.
        token: bearer token; default ``IBFLOW_TOKEN``. The local platform has its own.
        context: organisation or user; default ``IBFLOW_CONTEXT``.
        root: folder of the local platform; default the user's data folder.

    Raises:
        ConfigError: there is no URL, or it cannot be used; or the local platform is not
            installed.
        ConnectionFailed: the local platform does not start.
    """
    if target is None or target.strip().lower() != LOCAL:
        if root is not None:
            raise ConfigError("'root' goes with connect(\"local\"); a server has its own.")
        return Client(target, token, context)
    try:
        from ibflow_nb.local.launch import ensure_running
    except ImportError as error:
        raise ConfigError(
            f"The local platform is not installed ({error.name} is missing); run "
            "`pip install 'ibflow-nb[local]'`, or name a server's URL."
        ) from error
    from ibflow_nb.examples import install

    folder = Path(root).expanduser() if root is not None else None
    platform = ensure_running(folder, install_examples=install)
    return Client(platform.url, platform.token, context, home=LOCAL_HOME)
