"""Kinds of values: how what was said, as text or as a Python value, becomes one.

The rows here and in :mod:`ibflow_nb.config.table` are named tuples: every kernel makes these
classes when it loads the extension, and dataclasses take five times as long to make.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

T_co = TypeVar("T_co", covariant=True)
E = TypeVar("E", bound=StrEnum)


class Kind(NamedTuple, Generic[T_co]):
    """A kind of values.

    Attributes:
        words: what a value can be, such as ``detach, cancel``; ends the sentence "X can be".
        read: makes a value of a string or a Python object; raises ValueError for any other.
        choices: the words that complete it.
        secret: whether what was said is never shown, not even in the sentence that refuses it.
    """

    words: str
    read: Callable[[object], T_co]
    choices: tuple[str, ...] = ()
    secret: bool = False


def choice(words: type[E]) -> Kind[E]:
    """One of the words of an enumeration."""

    def read(said: object) -> E:
        return words(str(said).strip().lower())

    return Kind(", ".join(words), read, tuple(words))


def _read_text(said: object) -> str:
    if not isinstance(said, str | os.PathLike):
        raise ValueError(said)
    return os.fspath(said).strip()


def _read_path(said: object) -> str:
    path = _read_text(said)
    return os.path.expanduser(path) if path else ""  # noqa: PTH111 - "" is no path, "." is one


_SWITCH = {"on": True, "true": True, "yes": True, "1": True}
_SWITCH |= {"off": False, "false": False, "no": False, "0": False}


def _read_switch(said: object) -> bool:
    word = str(said).strip().lower()
    if word not in _SWITCH:
        raise ValueError(said)
    return _SWITCH[word]


def _read_seconds(said: object) -> float:
    if isinstance(said, bool) or not isinstance(said, str | int | float):
        raise ValueError(said)
    seconds = float(said)
    if not 0 < seconds < float("inf"):
        raise ValueError(said)
    return seconds


TEXT = Kind("a text", _read_text)
PATH = Kind("a path of this machine", _read_path)
SWITCH = Kind("on, off", _read_switch, ("on", "off"))
SECONDS = Kind("a number of seconds above 0", _read_seconds)
