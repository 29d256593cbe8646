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
from typing import Any

from ibflow_nb.api.errors import ConfigError
from ibflow_nb.config import profiles
from ibflow_nb.config.address import same_server
from ibflow_nb.config.secret import Secret
from ibflow_nb.config.sources import TokenSource
from ibflow_nb.config.table import (
    PROFILE,
    SETTINGS,
    TOKEN_FROM,
    URL,
    Found,
    Layer,
    Setting,
)

TOKEN_VARIABLE = "IBFLOW_TOKEN"  # noqa: S105 - a variable's name


def from_environment(environ: Mapping[str, str]) -> dict[str, Found]:
    """Give what the environment says; an empty variable says nothing."""
    said = {
        setting.name: Found(word, f"the variable {setting.variable}")
        for setting in SETTINGS
        if setting.variable and (word := environ.get(setting.variable, "").strip())
    }
    if token := environ.get(TOKEN_VARIABLE, "").strip():
        source = TokenSource("env", TOKEN_VARIABLE, Secret(token))
        said.setdefault(TOKEN_FROM.name, Found(source, f"the variable {TOKEN_VARIABLE}"))
    return said


def stack(line: Layer, own: Layer, environ: Mapping[str, str]) -> list[Layer]:
    """Put the places in order, with the one profile in force behind the place that names it.

    Args:
        line: what was said in a command's line or a function's arguments.
        own: what ``%config`` and IPython's files say.
        environ: the environment.

    Raises:
        ConfigError: the profile is missing or wrong, or the line names another server besides.
    """
    places = [dict(line), dict(own), from_environment(environ)]
    named = [layer.pop(PROFILE.name, None) for layer in places]
    place, name = next(((i, one) for i, one in enumerate(named, 1) if one), (0, None))
    if name is None or not name.value:
        return [*places]
    profile = {**profiles.load(name.value), PROFILE.name: name}
    urls = [layer[URL.name].value for layer in (line, profile) if URL.name in layer]
    if place == 1 and len(urls) > 1 and not same_server(*urls):
        raise ConfigError(f"Profile '{name.value}' is for {urls[1]}, not for {urls[0]}.")
    return [*places[:place], profile, *places[place:]]


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
