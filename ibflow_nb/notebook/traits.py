"""``IBFlow``: what ``%config`` and ``ipython_config.py`` set, a trait for each setting.

The rows are in :mod:`ibflow_nb.config.table`; IPython must know them when the extension is loaded.
"""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

from traitlets import HasTraits, TraitError, TraitType
from traitlets.config import Configurable

from ibflow_nb.api.errors import ConfigError
from ibflow_nb.config.table import SETTINGS, Setting

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

SECTION = "IBFlow"


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
            read = self._setting.read(value)
        except ConfigError as error:
            raise TraitError(str(error)) from None
        if getattr(read, "private", False):
            raise TraitError(
                f"'{self.name}' with a password in it would be kept in the notebook; write it "
                "into a profile."
            )
        return read


class Traits(Configurable):
    """What IPython sets.

    Attributes:
        in_files: what its configuration files set, also when ``%config`` has set more.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.in_files = dict(self.config.get(SECTION, {}))


def _traits(namespace: dict[str, Any]) -> None:
    namespace["__module__"] = __name__
    namespace["__doc__"] = (
        "Settings of %ibflow; None where another place decides, '%ibflow config' tells which."
    )
    namespace |= {setting.name: Value(setting).tag(config=True) for setting in SETTINGS}


IBFlow = types.new_class(SECTION, (Traits,), exec_body=_traits)


def read_traits(shell: InteractiveShell) -> Traits:
    """Give what a shell's configuration files set, and ``%config`` will set.

    Raises:
        ConfigError: they set what is no value of a setting.
    """
    try:
        own: Traits = IBFlow(parent=shell)
    except TraitError as error:
        raise ConfigError(f"In IPython's configuration: {error}") from None
    return own
