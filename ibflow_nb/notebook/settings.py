"""The settings of a kernel: ``%config IBFlow``, and what the other places say.

The rows are in :mod:`ibflow_nb.config.table`, which place wins in :mod:`ibflow_nb.config.layers`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, TypeVar

from traitlets import TraitError

from ibflow_nb.api.errors import CommandError
from ibflow_nb.api.hints import did_you_mean
from ibflow_nb.config.layers import look_up, stack
from ibflow_nb.config.table import BY_NAME, Found, Layer, Setting
from ibflow_nb.notebook.traits import IBFlow, Traits

T = TypeVar("T")
IN_A_FILE = "ipython_config.py"
BY_HAND = "%config"


class Settings:
    """What is set, looked up anew at each use.

    Args:
        own: what was set in this kernel and in IPython's configuration files.
        environ: the environment.

    Attributes:
        own: what was set in this kernel and in IPython's configuration files.
        line: what the line said that made the connection in force.
    """

    def __init__(self, own: Traits | None = None, environ: Mapping[str, str] = os.environ) -> None:
        self.own: Traits = own or IBFlow()
        self.line: Layer = {}
        self._environ = environ

    def __getitem__(self, setting: Setting[T]) -> T:
        value: T = self.find(setting).value
        return value

    def find(self, setting: Setting[Any]) -> Found:
        """Give a setting's value and where it comes from.

        Raises:
            ConfigError: what wins is no value of the setting.
        """
        return look_up(setting, self.layers())

    def layers(self, line: Layer | None = None) -> list[Layer]:
        """Give what each place says, the strongest first.

        Args:
            line: what a line says; default that of the connection in force.

        Raises:
            ConfigError: the profile in force is missing or wrong.
        """
        return stack(self.line if line is None else line, self._own_layer(), self._environ)

    def change(self, name: str, word: str) -> None:
        """Set one setting for this kernel from the word that a user typed.

        Raises:
            CommandError: there is no such setting, or the word is none of its values.
        """
        known(name)
        try:
            setattr(self.own, name, word)
        except TraitError as error:
            raise CommandError(str(error)) from None

    def _own_layer(self) -> Layer:
        values = {name: getattr(self.own, name) for name in BY_NAME}
        return {
            name: Found(value, self._place(name, value))
            for name, value in values.items()
            if value is not None and value != ""
        }

    def _place(self, name: str, value: object) -> str:
        in_files = self.own.in_files
        if name in in_files and BY_NAME[name].read(in_files[name]) == value:
            return IN_A_FILE
        return BY_HAND


def known(name: str) -> Setting[Any]:
    """Give a setting by its name.

    Raises:
        CommandError: there is none; the message names a near one.
    """
    if name not in BY_NAME:
        hint = did_you_mean(name, BY_NAME, f"there are {', '.join(BY_NAME)}.")
        raise CommandError(f"There is no setting '{name}'; {hint}")
    return BY_NAME[name]
