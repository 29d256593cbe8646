"""Document flows in Jupyter: ``%load_ext ibflow_nb``, then ``%ibflow``.

Importing this package loads nothing heavy; the public names are loaded when they are used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ibflow_nb.api.errors import (
        ApiError,
        AuthenticationFailed,
        BadReply,
        CommandError,
        ConfigError,
        ConnectionFailed,
        FrameError,
        IbflowError,
        InvalidRequest,
        JobError,
        JobFailed,
        JobTimeout,
        NoResults,
        NotFound,
    )
    from ibflow_nb.client import Client
    from ibflow_nb.config.target import Network
    from ibflow_nb.connecting import connect
    from ibflow_nb.frames import Records
    from ibflow_nb.jobs import Job
    from ibflow_nb.notebook.nesting import allow_nested_loops

__version__ = "0.1.0"

__all__ = [
    "ApiError",
    "AuthenticationFailed",
    "BadReply",
    "Client",
    "CommandError",
    "ConfigError",
    "ConnectionFailed",
    "FrameError",
    "IbflowError",
    "InvalidRequest",
    "Job",
    "JobError",
    "JobFailed",
    "JobTimeout",
    "Network",
    "NoResults",
    "NotFound",
    "Records",
    "allow_nested_loops",
    "connect",
]

_HOMES = {
    "Client": "ibflow_nb.client",
    "Job": "ibflow_nb.jobs",
    "Network": "ibflow_nb.config.target",
    "Records": "ibflow_nb.frames",
    "allow_nested_loops": "ibflow_nb.notebook.nesting",
    "connect": "ibflow_nb.connecting",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES.get(name, "ibflow_nb.api.errors")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, also those that are not loaded yet."""
    return sorted({*globals(), *__all__})


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register ``%ibflow``; called by ``%load_ext ibflow_nb``."""
    from ibflow_nb.notebook import magic

    magic.load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Take everything back; called by ``%unload_ext`` and ``%reload_ext``."""
    from ibflow_nb.notebook import magic

    magic.unload(shell)
