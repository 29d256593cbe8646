"""Where ``ibflow-nb connect`` last led to, for the next command of the terminal.

The file holds the options of that line and no token: that is fetched each time.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec
import platformdirs

from ibflow_nb.config.table import BY_NAME, PROFILE, URL
from ibflow_nb.notebook import private_files


def remember(said: Mapping[str, str], path: Path | None = None) -> None:
    """Keep what a line said; a state folder that cannot be written is an error of the system.

    Raises:
        OSError: the file cannot be written.
    """
    path = path or default_path()
    place = {name: _absolute(name, word) for name, word in said.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    private_files.replace(path, msgspec.json.encode(place))


def recall(path: Path | None = None) -> dict[str, str]:
    """Give what the latest line said; nothing where the environment names a server."""
    if any(os.environ.get(setting.variable) for setting in (URL, PROFILE)):
        return {}
    try:
        said = msgspec.json.decode((path or default_path()).read_bytes(), type=dict[str, str])
    except (OSError, msgspec.MsgspecError):
        return {}
    return {name: word for name, word in said.items() if name in BY_NAME}


def _absolute(name: str, word: str) -> str:
    return str(Path(word).expanduser().resolve()) if BY_NAME[name].is_path and word else word


def default_path() -> Path:
    """Give the file of this user."""
    return platformdirs.user_state_path("ibflow-nb", appauthor=False) / "connection.json"
