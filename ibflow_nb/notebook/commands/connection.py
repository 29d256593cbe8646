"""``connect``, ``login``, ``logout``: where the commands go to, and the token for it."""

from __future__ import annotations

import argparse
import dataclasses
from typing import TYPE_CHECKING

from ibflow_nb.api.endpoints import JOB_LIST
from ibflow_nb.api.errors import CommandError, IbflowError
from ibflow_nb.config import tokens
from ibflow_nb.config.secret import Secret
from ibflow_nb.config.table import BY_NAME, PROFILE, SETTINGS, TOKEN_FROM, URL, Found, Setting
from ibflow_nb.config.target import Target
from ibflow_nb.notebook.commands.base import Argument, Command, Completes, argument
from ibflow_nb.notebook.connection import new_client

if TYPE_CHECKING:
    from typing import Any

    from ibflow_nb.client import Client
    from ibflow_nb.notebook.context import Context


def connect(context: Context, args: argparse.Namespace) -> Client:
    """Set the connection, once the server has answered, and say where it leads."""
    before = context.connection.target
    try:
        client = context.connection.open(said_in(args), check=True)
    except IbflowError as error:
        raise type(error)(_failed(error, before)) from error
    target = context.connection.target
    assert target is not None
    context.screen.say(_connected(target))
    _tell_risk(context, target)
    context.screen.count_as_shown(client)
    return client


def login(context: Context, args: argparse.Namespace) -> None:
    """Ask for a token, try it, and keep it in the user's keyring."""
    target = _server(context, args)
    token = tokens.ask(target.url)
    new_client(dataclasses.replace(target, token=token), check=True).close()
    tokens.keep(token, target.url, target.profile)
    context.screen.say(f"{target.url} knows the token; the keyring keeps it.")
    _tell_risk(context, target)
    if str(target.found[TOKEN_FROM.name].value) != "keyring":
        where = f"profile '{target.profile}'" if target.profile else "a profile"
        context.screen.say(
            f'To use it, write token_from = "keyring" into {where}, or connect with '
            "--token-from keyring."
        )


def logout(context: Context, args: argparse.Namespace) -> None:
    """Delete a token from the user's keyring."""
    target = _server(context, args)
    if tokens.forget(target.url, target.profile):
        context.screen.say(f"The keyring holds no token for {target.url} any more.")
    else:
        context.screen.say(f"The keyring held no token for {target.url}.")


def said_in(args: argparse.Namespace) -> dict[str, str]:
    """Give the settings that a line names."""
    return {name: word for name, word in vars(args).items() if name in BY_NAME}


def _server(context: Context, args: argparse.Namespace) -> Target:
    connection = context.connection
    target = connection.aim(connection.line(said_in(args)), Secret(""))
    if target.local:
        raise CommandError("The platform of this machine has a token of its own; log in elsewhere.")
    return target


def _tell_risk(context: Context, target: Target) -> None:
    if risk := target.network.risk(target.url):
        context.screen.say(f"Warning: {risk}")


def _connected(target: Target) -> str:
    if target.local:
        return "Connected to the platform on this machine."
    facts = [f"context {target.context}"] if target.context else []
    facts += [f"profile '{target.profile}'"] if target.profile else []
    source = target.found[TOKEN_FROM.name]
    facts.append(f"token from {token_place(source)}" if source.value else "without a token")
    return f"Connected to {target.url} ({', '.join(facts)})."


def token_place(source: Found) -> str:
    """Say where a token is."""
    places = {"keyring": "the keyring", "prompt": "the prompt", "given": source.source}
    return places.get(source.value.kind) or f"the variable {source.value.variable}"


def _failed(error: IbflowError, before: Target | None) -> str:
    said = str(error).removeprefix(f"{JOB_LIST.name}: ")
    said = f"{said[0].upper()}{said[1:]}"
    left = f"commands still go to {before.url}." if before else "nothing is connected."
    if said.endswith("?"):
        return f"{said} {left[0].upper()}{left[1:]}"
    return f"{said.rstrip('.')}; {left}"


def _option(setting: Setting[Any]) -> Argument:
    """Make the option of a setting that belongs to a server."""
    return argument(
        f"--{setting.name.replace('_', '-')}",
        metavar=setting.name.upper(),
        completes=Completes.LOCAL if setting.is_path else Completes.NOTHING,
        choices=setting.kind.choices,
        help=setting.help,
    )


_URL = argument("url", metavar="URL|local", nargs="?",
                help="address of the server; 'local' starts or joins the platform on this "
                "machine; default IBFLOW_URL")  # fmt: skip
_SERVER = argument("url", metavar="URL", nargs="?",
                   help="address of the server; default the one that commands go to")  # fmt: skip
_PROFILE = argument("--profile", metavar="P", completes=Completes.PROFILE,
                    help="take what is not said here from this profile")  # fmt: skip
COMMANDS = (
    Command(
        name="connect",
        summary="Set the server that all commands talk to.",
        run=connect,
        arguments=(
            _URL, _PROFILE,
            *(_option(one) for one in SETTINGS if one.server and one not in {URL, PROFILE}),
        ),
        examples=(
            "connect local", "connect --profile prod",
            "connect https://flows.example.com --context acme --token-from prompt",
        ),
        details="The server is asked at once whether it answers and knows the token; if not, the "
        "connection stays as it was. The token itself is never typed in a line: it comes from "
        "the profile, the keyring, a hidden prompt or IBFLOW_TOKEN.",
    ),
    Command(
        name="login",
        summary="Type a token unseen, and keep it in the keyring of this machine.",
        run=login,
        arguments=(_SERVER, _PROFILE),
        examples=("login --profile prod", "login https://flows.example.com"),
        details="The token is kept once the server has accepted it. This needs the extra "
        "'keyring'.",
    ),
    Command(
        name="logout",
        summary="Delete a token from the keyring of this machine.",
        run=logout,
        arguments=(_SERVER, _PROFILE),
        examples=("logout --profile prod",),
    ),
)  # fmt: skip
