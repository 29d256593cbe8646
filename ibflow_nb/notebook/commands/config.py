"""``config``: each setting, its value and where that comes from."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ibflow_nb.api.errors import CommandError
from ibflow_nb.config.address import is_local, normalise
from ibflow_nb.config.profiles import profiles_path
from ibflow_nb.config.table import BY_NAME, PROXY, SETTINGS, TOKEN_FROM, URL, Found, Setting
from ibflow_nb.config.target import Network, Target, find_server
from ibflow_nb.notebook.commands.base import Command, argument
from ibflow_nb.notebook.commands.connection import token_place
from ibflow_nb.notebook.commands.dry import MASK
from ibflow_nb.notebook.settings import known
from ibflow_nb.notebook.table import Table

if TYPE_CHECKING:
    from ibflow_nb.notebook.context import Context


@dataclass(frozen=True)
class Row:
    """One line of the listing.

    Attributes:
        name: what it is.
        value: as text, secrets masked.
        source: where it comes from.
    """

    name: str
    value: str
    source: str = ""


def config(context: Context, args: argparse.Namespace) -> Table[Row] | None:
    """Show what is set, or set something."""
    name, value = getattr(args, "name", None), getattr(args, "value", None)
    setting = known(name) if name is not None else None
    if setting is not None and value is not None:
        _change(context, setting, value)
        return None
    rows = [row for row in _rows(context) if setting is None or row.name == setting.name]
    return Table(
        rows,
        {
            "setting": lambda row: row.name,
            "value": lambda row: row.value,
            "from": lambda row: row.source,
        },
        empty="There are no settings.",
    )


def _change(context: Context, setting: Setting[Any], word: str) -> None:
    if not context.screen.lives_on:
        variable = f"set the variable {setting.variable}, or " if setting.variable else ""
        raise CommandError(
            f"A setting lasts as long as its kernel, and a terminal has none; {variable}write "
            f"'{setting.name}' into a profile in {profiles_path()}."
        )
    context.settings.change(setting.name, word)
    later = "; the next 'connect' takes it" if setting.server and context.connection.target else ""
    context.screen.say(f"{setting.name} = {word}{later}")


def _rows(context: Context) -> list[Row]:
    target = context.connection.target
    found = _in_force(context, target)
    rows = [Row("connected to", target.url if target else "nothing yet")]
    for setting in SETTINGS:
        if setting is TOKEN_FROM:
            rows.append(_token(target, found[setting.name]))
        rows.append(Row(setting.name, _text(found[setting.name]), found[setting.name].source))
    rows.append(Row("profiles", str(profiles_path())))
    rows.append(Row("history", str(context.jobs.history.path)))
    if context.jobs.last:
        rows.append(Row("last job", context.jobs.last.id))
    return rows


def _in_force(context: Context, target: Target | None) -> dict[str, Found]:
    """Give all settings; those of a server as they were when it was connected to."""
    found = find_server(context.settings.layers())
    if target is not None:
        found |= {name: one for name, one in target.found.items() if BY_NAME[name].server}
    url = str(found[URL.name].value)
    if url and not is_local(url) and found[PROXY.name].value is None:
        from ibflow_nb.client.network import proxy_to

        found[PROXY.name] = proxy_to(normalise(url), Network())
    return found


def _token(target: Target | None, source: Found) -> Row:
    if target is not None and target.local:
        return Row("token", MASK, "the platform itself")
    if source.value is None:
        return Row("token", "none", source.source)
    return Row("token", MASK, token_place(source))


def _text(found: Found) -> str:
    if isinstance(found.value, bool):
        return "on" if found.value else "off"
    if isinstance(found.value, float):
        return f"{found.value:g}"
    return "" if found.value is None else str(found.value)


def _also(setting: Setting[Any]) -> str:
    return f" ({setting.variable})" if setting.variable else ""


COMMANDS = (
    Command(
        name="config",
        summary="Show each setting and where its value comes from, or change one.",
        run=config,
        arguments=(
            argument("name", metavar="NAME", nargs="?", choices=tuple(BY_NAME),
                     help="one of the settings below"),
            argument("value", metavar="VALUE", nargs="?", help="what it is set to in this kernel"),
        ),
        examples=("config", "config display", "config interrupt cancel"),
        details="Settings, also as '%config IBFlow.NAME = VALUE':\n\n" + "\n".join(
            f"  {one.name:<16} {one.help}: {one.kind.words}{_also(one)}" for one in SETTINGS
        ),
    ),
)  # fmt: skip
