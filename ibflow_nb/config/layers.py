"""Which place wins: the one rule of precedence.

From the strongest to the weakest::

    the line            options of 'connect', arguments of connect()
    %config             %config IBFlow.x = ..., %ibflow config x ..., or c.IBFlow.x = ... in
                        ipython_config.py
    the environment     IBFLOW_URL and its kin
    the default

A profile counts where it is named: right behind what is said there directly. One profile is in
force, the one named at the strongest place.

What belongs to a server (its token, context, certificates ...) goes to that server alone: a place
that names a URL is not asked about another server.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ibflow_nb.config.address import same_server
from ibflow_nb.config.table import SETTINGS, URL, Setting


@dataclass(frozen=True)
class Found:
    """A value and where it comes from.

    Attributes:
        value: the value.
        source: its place, in words.
    """

    value: Any
    source: str


Layer = Mapping[str, Found]
"""What one place says, by the names of settings."""


def from_environment(environ: Mapping[str, str]) -> Layer:
    """Give what the environment says; an empty variable says nothing."""
    return {
        setting.name: Found(word, f"the variable {setting.variable}")
        for setting in SETTINGS
        if setting.variable and (word := environ.get(setting.variable, "").strip())
    }


def look_up(setting: Setting[Any], layers: Sequence[Layer], url: str = "") -> Found:
    """Give one setting's value; the strongest layer that says something wins.

    Args:
        setting: the setting.
        layers: the strongest first.
        url: the server in question, for what belongs to one.

    Raises:
        ConfigError: what wins is no value of the setting.
    """
    for layer in _asked(setting, layers, url):
        if found := layer.get(setting.name):
            return Found(setting.read(found.value, found.source), found.source)
    return Found(setting.default, "default")


def _asked(setting: Setting[Any], layers: Sequence[Layer], url: str) -> Iterable[Layer]:
    if not setting.server or not url:
        return layers
    return [
        layer for layer in layers if URL.name not in layer or same_server(layer["url"].value, url)
    ]
