"""Reading the settings of steps, which flows hold as strings."""

from __future__ import annotations

from typing import Any

from ibflow_nb.api.errors import InvalidRequest

_YES = {"yes": True, "true": True, "no": False, "false": False, "": False}


def read_settings(step: str, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Give the ``settings`` of a step; empty when absent.

    Raises:
        InvalidRequest: they are no object.
    """
    settings = kwargs.get("settings") or {}
    if not isinstance(settings, dict):
        raise InvalidRequest(f"{step}: settings is not an object.")
    return settings


def read_names(step: str, settings: dict[str, Any], key: str) -> set[str]:
    """Give the names of a setting: a string with commas, or a list.

    Raises:
        InvalidRequest: it is neither.
    """
    value = settings.get(key) or ""
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InvalidRequest(f"{step}: settings.{key} is no list of names separated by commas.")
    return {name.strip() for name in names if name.strip()}


def read_choice(step: str, settings: dict[str, Any], key: str) -> bool:
    """Give the truth of a setting: ``yes`` or ``no``, also as ``true`` or ``false``.

    Raises:
        InvalidRequest: it is something else.
    """
    value = settings.get(key)
    word = "" if value is None else str(value).strip().lower()
    if word not in _YES:
        raise InvalidRequest(f"{step}: settings.{key} is {value!r}, not 'yes' or 'no'.")
    return _YES[word]
