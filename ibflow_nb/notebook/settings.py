"""What a user can set for the notebook: display, interrupt, errors."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from ibflow_nb.api.errors import CommandError, ConfigError

DISPLAY_VARIABLE = "IBFLOW_NB_DISPLAY"


class Display(StrEnum):
    """How progress is shown; ``auto`` decides by what runs the kernel."""

    AUTO = "auto"
    WIDGET = "widget"
    TEXT = "text"
    STATIC = "static"
    OFF = "off"


class OnInterrupt(StrEnum):
    """What an interrupted wait does with the job."""

    DETACH = "detach"
    CANCEL = "cancel"


def display_from_environment() -> Display:
    """Read ``IBFLOW_NB_DISPLAY``.

    Raises:
        ConfigError: it holds another word than the five.
    """
    word = os.environ.get(DISPLAY_VARIABLE, "").strip().lower() or Display.AUTO
    try:
        return Display(word)
    except ValueError:
        raise ConfigError(
            f"{DISPLAY_VARIABLE} is '{word}'; it can be {_choices(Display)}."
        ) from None


@dataclass
class Settings:
    """The settings of this kernel; ``%ibflow config NAME VALUE`` changes one.

    Attributes:
        display: how progress is shown; None follows ``IBFLOW_NB_DISPLAY``.
        interrupt: what an interrupted wait does with the job.
        debug: whether errors show their whole stack at once.
    """

    display: Display | None = None
    interrupt: OnInterrupt = OnInterrupt.DETACH
    debug: bool = False

    @property
    def shown_display(self) -> Display:
        """The display in force."""
        return self.display if self.display is not None else display_from_environment()

    def change(self, name: str, word: str) -> None:
        """Set one setting from the word that a user typed.

        Raises:
            CommandError: there is no such setting, or the word is none of its values.
        """
        if name not in _READERS:
            raise CommandError(f"There is no setting '{name}'; there are {', '.join(NAMES)}.")
        try:
            setattr(self, name, _READERS[name](word))
        except (ValueError, KeyError):
            raise CommandError(f"'{name}' can be {CHOICES[name]}, not '{word}'.") from None


def _choices(kind: type[StrEnum]) -> str:
    return ", ".join(kind)


_READERS: dict[str, Callable[[str], Any]] = {
    "display": Display,
    "interrupt": OnInterrupt,
    "debug": {"on": True, "off": False}.__getitem__,
}
CHOICES = {
    "display": _choices(Display),
    "interrupt": _choices(OnInterrupt),
    "debug": "on, off",
}
NAMES = tuple(item.name for item in fields(Settings))
