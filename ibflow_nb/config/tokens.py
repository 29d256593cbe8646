"""Fetching a token from where it is kept: a variable, the keyring, or the user's fingers."""

from __future__ import annotations

import getpass
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ibflow_nb.api.errors import ConfigError
from ibflow_nb.config.secret import Secret
from ibflow_nb.config.sources import TokenSource

SERVICE = "ibflow-nb"
"""Name under which the keyring holds tokens."""


def fetch(source: TokenSource | None, url: str, profile: str = "") -> Secret:
    """Give the token; an empty one where nobody says where it comes from.

    Args:
        source: where it comes from.
        url: the server that it is for.
        profile: the profile in force, if any.

    Raises:
        ConfigError: it is not there, or nobody can be asked for it.
    """
    if source is None:
        return Secret("")
    if source.token is not None:
        return source.token
    if source.variable:
        return _from_variable(source.variable)
    return ask(url) if source.kind == "prompt" else from_keyring(url, profile)


def ask(url: str) -> Secret:
    """Ask the user for a token, typed unseen.

    Raises:
        ConfigError: nobody can be asked, or nothing was typed.
    """
    nobody = ConfigError(
        f"The token for {url} is to be typed in, and nobody can be asked here; take it from a "
        'variable (token_from = "env:NAME") or from the keyring.'
    )
    # Without a terminal the standard library would read the token in clear; a kernel puts its
    # own hidden prompt in the standard library's place.
    hidden = getpass.getpass.__module__ != "getpass" or sys.stdin.isatty()
    if not hidden:
        raise nobody
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)
            token = getpass.getpass(f"Token for {url}: ").strip()
    except (NotImplementedError, EOFError, getpass.GetPassWarning):
        raise nobody from None
    if not token:
        raise ConfigError(f"No token was typed for {url}; nothing has changed.")
    return Secret(token)


def from_keyring(url: str, profile: str = "") -> Secret:
    """Give the token that the user's keyring holds for a server.

    Raises:
        ConfigError: it holds none, or there is no keyring.
    """
    with _keyring() as keyring:
        token = keyring.get_password(SERVICE, _entry(url, profile))
    if not token:
        raise ConfigError(
            f"The keyring holds no token for {_owner(url, profile)}; store it with "
            f"'%ibflow login {_words(url, profile)}'."
        )
    return Secret(token)


def keep(token: Secret, url: str, profile: str = "") -> None:
    """Store a token in the user's keyring.

    Raises:
        ConfigError: there is no keyring, or it refuses.
    """
    with _keyring() as keyring:
        keyring.set_password(SERVICE, _entry(url, profile), token.reveal())


def forget(url: str, profile: str = "") -> bool:
    """Delete a token from the keyring; tell whether there was one.

    Raises:
        ConfigError: there is no keyring, or it refuses.
    """
    entry = _entry(url, profile)
    with _keyring() as keyring:
        if keyring.get_password(SERVICE, entry) is None:
            return False
        keyring.delete_password(SERVICE, entry)
    return True


def _from_variable(name: str) -> Secret:
    if not (token := os.environ.get(name, "").strip()):
        raise ConfigError(f"The token is to come from the variable {name}, which is not set.")
    return Secret(token)


@contextmanager
def _keyring() -> Iterator[Any]:
    """Give the keyring library; its errors become sentences."""
    try:
        import keyring
        import keyring.errors
    except ImportError as error:
        raise ConfigError(
            f"A token in the keyring needs the extra 'keyring' ({error.name} is missing): "
            "pip install 'ibflow-nb[keyring]'."
        ) from None
    try:
        yield keyring
    except keyring.errors.NoKeyringError:
        raise ConfigError(
            "This machine has no keyring; take the token from a variable "
            '(token_from = "env:NAME") or type it in (token_from = "prompt").'
        ) from None
    except keyring.errors.KeyringError as error:
        # The stack is left out: it would hold the token.
        raise ConfigError(f"The keyring refused ({error}); is it locked?") from None


def _entry(url: str, profile: str) -> str:
    """Name the keyring's entry: a profile's token is for the server that the profile names now."""
    return f"{profile} @ {url}" if profile else url


def _owner(url: str, profile: str) -> str:
    return f"profile '{profile}' at {url}" if profile else url


def _words(url: str, profile: str) -> str:
    return f"--profile {profile}" if profile else url
