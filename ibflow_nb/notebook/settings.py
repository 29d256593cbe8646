"""The settings of a kernel: ``%config IBFlow``, and what the other places say.

The rows are in :mod:`ibflow_nb.config.table`, which place wins in :mod:`ibflow_nb.config.layers`.
"""

from __future__ import annotations

import difflib
import os
import types
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from traitlets import HasTraits, TraitError, TraitType
from traitlets.config import Configurable

from ibflow_nb.api.errors import CommandError, ConfigError
from ibflow_nb.config.layers import Found, Layer, from_environment, look_up
from ibflow_nb.config.table import BY_NAME, SETTINGS, Setting

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

T = TypeVar("T")
SECTION = "IBFlow"
IN_A_FILE = "ipython_config.py"
BY_HAND = "%config"


class Value(TraitType[Any, Any]):
    """The trait of a setting; None while it is not set here."""

    def __init__(self, setting: Setting[Any]) -> None:
        words = f"{setting.help[0].upper()}{setting.help[1:]}: {setting.kind.words}."
        super().__init__(None, allow_none=True, help=words)
        self._setting = setting

    def validate(self, obj: HasTraits, value: object) -> Any:
        """Make a value of the setting.

        Raises:
            TraitError: it is none.
        """
        if value is None:
            return None
        try:
            return self._setting.read(value, f"{SECTION}.{self.name}")
        except ConfigError as error:
            raise TraitError(str(error)) from None


def _traits(namespace: dict[str, Any]) -> None:
    namespace["__module__"] = __name__
    namespace["__doc__"] = (
        "Settings of %ibflow; None where another place decides, '%ibflow config' tells which."
    )
    namespace |= {setting.name: Value(setting).tag(config=True) for setting in SETTINGS}


IBFlow = types.new_class(SECTION, (Configurable,), exec_body=_traits)


class Settings:
    """What is set, looked up anew at each use.

    Args:
        own: what was set in this kernel and in IPython's configuration files.
        environ: the environment.
    """

    def __init__(
        self, own: Configurable | None = None, environ: Mapping[str, str] = os.environ
    ) -> None:
        self.own = own or IBFlow()
        self._environ = environ
        self._in_files = dict(self.own.config.get(SECTION, {}))

    def __getitem__(self, setting: Setting[T]) -> T:
        value: T = self.find(setting).value
        return value

    def find(self, setting: Setting[Any]) -> Found:
        """Give a setting's value and where it comes from.

        Raises:
            ConfigError: what wins is no value of the setting.
        """
        return look_up(setting, self.layers())

    def layers(self) -> list[Layer]:
        """Give what each place says, the strongest first."""
        return [self._own_layer(), from_environment(self._environ)]

    def change(self, name: str, word: str) -> None:
        """Set one setting for this kernel from the word that a user typed.

        Raises:
            CommandError: there is no such setting, or the word is none of its values.
        """
        if name not in BY_NAME:
            near = difflib.get_close_matches(name, BY_NAME, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(BY_NAME)}."
            raise CommandError(f"There is no setting '{name}'; {hint}")
        try:
            setattr(self.own, name, BY_NAME[name].read(word))
        except ConfigError as error:
            raise CommandError(str(error)) from None

    def _own_layer(self) -> Layer:
        values = {name: getattr(self.own, name) for name in BY_NAME}
        return {
            name: Found(value, self._place(name, value))
            for name, value in values.items()
            if value not in {None, ""}
        }

    def _place(self, name: str, value: object) -> str:
        if name in self._in_files and BY_NAME[name].read(self._in_files[name]) == value:
            return IN_A_FILE
        return BY_HAND


def read_settings(shell: InteractiveShell) -> Settings:
    """Make the settings of a shell from IPython's configuration.

    Raises:
        ConfigError: it sets what is no value of a setting.
    """
    try:
        return Settings(IBFlow(parent=shell))
    except TraitError as error:
        raise ConfigError(f"In IPython's configuration: {error}") from None
