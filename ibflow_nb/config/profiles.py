"""Profiles: what belongs together under a name, in a file of the user's config folder.

The file is TOML, a table for each profile::

    [prod]
    url = "https://flows.example.com"
    context = "acme"
    token_from = "keyring"

The keys are the settings of :mod:`~ibflow_nb.config.table`, and ``token`` for those who keep the
token itself there. A file with a secret in it must be readable by its owner alone.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from ibflow_nb.api.errors import ConfigError
from ibflow_nb.api.hints import did_you_mean
from ibflow_nb.config.sources import given
from ibflow_nb.config.table import BY_NAME, PROXY, TOKEN_FROM, Found, Layer

FILE_VARIABLE = "IBFLOW_PROFILES"
TOKEN_KEY = "token"  # noqa: S105 - a key's name


def profiles_path() -> Path:
    """Give the file of this user's profiles; ``IBFLOW_PROFILES`` names another one."""
    import platformdirs

    if path := os.environ.get(FILE_VARIABLE):
        return Path(path).expanduser()

    return platformdirs.user_config_path("ibflow-nb", appauthor=False) / "profiles.toml"


def load(name: str) -> Layer:
    """Give what a profile says.

    Raises:
        ConfigError: there is no such profile, the file cannot be read or holds a secret that
            others can read, or a key or value is none of a setting.
    """
    path = profiles_path()
    try:
        profiles = _read(path)
    except FileNotFoundError:
        raise ConfigError(f"There is no profile '{name}': {path} does not exist.") from None
    profile = profiles.get(name)
    if not isinstance(profile, dict):
        known = ", ".join(profiles) or "none"
        raise ConfigError(f"There is no profile '{name}' in {path}; it has {known}.")
    if TOKEN_KEY in profile and TOKEN_FROM.name in profile:
        raise ConfigError(f"Profile '{name}' in {path} has a token and token_from; drop one.")
    source = f"profile '{name}' in {path}"
    said = [_said(key, value, path, source) for key, value in profile.items()]
    return {key: Found(value, source) for key, value in said}


def names() -> list[str]:
    """Give the names of all profiles; none where there is no file, or one that is wrong."""
    try:
        return list(_read(profiles_path()))
    except (FileNotFoundError, ConfigError):
        return []


def _read(path: Path) -> dict[str, Any]:
    import tomllib  # not at the start of every kernel

    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            profiles = tomllib.load(file)
    except FileNotFoundError:
        raise
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        # The cause is left out: it holds the text of the file.
        why = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(f"The profiles in {path} cannot be read: {why}.") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO) and os.name == "posix" and _holds_secret(profiles):
        raise ConfigError(
            f"{path} holds a token or a password and is open to others on this machine; "
            f"close it with: chmod 600 '{path}'"
        )
    return profiles


def _holds_secret(profiles: dict[str, Any]) -> bool:
    tables = [profile for profile in profiles.values() if isinstance(profile, dict)]
    return any(TOKEN_KEY in table or "@" in str(table.get(PROXY.name, "")) for table in tables)


def _said(key: str, value: object, path: Path, source: str) -> tuple[str, object]:
    """Give the setting's name and value; paths are meant from the file's folder."""
    if key == TOKEN_KEY:
        if not isinstance(value, str) or not value.strip():
            raise ConfigError(f"The token in {source} must be a text that is not empty.")
        return TOKEN_FROM.name, given(value.strip())
    setting = BY_NAME.get(key)
    if setting is None or not setting.in_profile:
        keys = [TOKEN_KEY, *(one.name for one in BY_NAME.values() if one.in_profile)]
        hint = did_you_mean(key, keys, f"there are {', '.join(keys)}.")
        raise ConfigError(f"{source[0].upper()}{source[1:]} has an unknown key '{key}'; {hint}")
    read = setting.read(value, f"'{key}' of {source}")
    if setting.is_path and read:
        read = str(path.parent / read)
    return key, read
