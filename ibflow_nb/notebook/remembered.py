"""Where ``ibflow-nb connect`` last led to, for the next command of the terminal.

The file holds no token: that comes from the profile or the environment each time.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import platformdirs

from ibflow_nb.notebook.connection import Target, target_of


class _Place(msgspec.Struct, omit_defaults=True):
    url: str
    root: str = ""
    profile: str = ""
    context: str = ""
    home: str = ""


def remember(target: Target, path: Path | None = None) -> None:
    """Keep a target; a state folder that cannot be written is an error of the system.

    Raises:
        OSError: the file cannot be written.
    """
    path = path or default_path()
    root = str(Path(target.root).expanduser().resolve()) if target.root else ""
    place = _Place(target.url, root, target.profile, target.context, target.home)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(place))


def recall(path: Path | None = None) -> Target:
    """Give the server of the environment, else the one that was connected to last.

    Raises:
        ConfigError: there is neither.
    """
    if os.environ.get("IBFLOW_URL"):
        return target_of("")
    try:
        place = msgspec.json.decode((path or default_path()).read_bytes(), type=_Place)
    except (OSError, msgspec.MsgspecError):
        return target_of("")
    return target_of(
        place.url,
        root=place.root,
        profile=place.profile,
        context=place.context,
        home=place.home,
    )


def default_path() -> Path:
    """Give the file of this user."""
    return platformdirs.user_state_path("ibflow-nb", appauthor=False) / "connection.json"
