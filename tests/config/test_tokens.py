"""Fetching tokens: variables, the keyring, hidden prompts."""

from __future__ import annotations

import getpass
import io
import sys
from typing import Any

import keyring
import keyring.backends.fail
import keyring.errors
import pytest

from ibflow_nb.api.errors import ConfigError
from ibflow_nb.config import tokens
from ibflow_nb.config.secret import Secret
from ibflow_nb.config.sources import TokenSource
from ibflow_nb.config.table import PROXY, TOKEN_FROM

URL = "https://a.example"
SECRET = Secret("canary-token-77a2")


def test_a_variable_holds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence for an empty variable names it."""
    source = TOKEN_FROM.read("env:MY_TOKEN")
    monkeypatch.setenv("MY_TOKEN", " t \n")
    assert tokens.fetch(source, URL).reveal() == "t"
    monkeypatch.delenv("MY_TOKEN")
    with pytest.raises(ConfigError, match="variable MY_TOKEN, which is not set"):
        tokens.fetch(source, URL)


def test_the_keyring_keeps_it_for_a_server_and_a_profile(kept_tokens: Any) -> None:
    """A token kept for one profile or server is not given to another."""
    tokens.keep(SECRET, URL, "p")
    source = TokenSource("keyring")
    assert tokens.fetch(source, URL, "p") == SECRET
    for url, profile in ((URL, ""), (URL, "q"), ("https://b.example", "p")):
        with pytest.raises(ConfigError, match=r"The keyring holds no token for .*%ibflow login"):
            tokens.fetch(source, url, profile)
    assert tokens.forget(URL, "p")
    assert not tokens.forget(URL, "p")
    assert kept_tokens == {}


def test_a_machine_without_a_keyring_is_told(kept_tokens: Any) -> None:
    """The sentence names the other ways."""
    keyring.set_keyring(keyring.backends.fail.Keyring())
    with pytest.raises(ConfigError, match="This machine has no keyring; take the token from"):
        tokens.from_keyring(URL)


def test_a_keyring_that_refuses_leaves_no_stack(
    kept_tokens: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error of the library, whose stack holds the token, is left out."""

    def refuse(*_: str) -> None:
        raise keyring.errors.PasswordSetError("locked")

    monkeypatch.setattr(keyring.get_keyring(), "set_password", refuse)
    with pytest.raises(ConfigError, match=r"The keyring refused \(locked\)") as caught:
        tokens.keep(SECRET, URL)
    assert caught.value.__suppress_context__


def test_a_missing_library_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names the extra."""
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ConfigError, match=r"pip install 'ibflow-nb\[keyring\]'"):
        tokens.from_keyring(URL)


def test_a_prompt_asks_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The prompt names the server that the token is for."""
    asked = []

    def typed(prompt: str) -> str:
        asked.append(prompt)
        return f" {SECRET.reveal()} "

    monkeypatch.setattr(getpass, "getpass", typed)
    assert tokens.fetch(TokenSource("prompt"), URL) == SECRET
    assert asked == [f"Token for {URL}: "]


@pytest.mark.parametrize("error", [NotImplementedError(), EOFError()])
def test_nobody_to_ask_is_told(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel without a user refuses to ask; nothing hangs."""

    def refuse(prompt: str) -> str:
        raise error

    monkeypatch.setattr(getpass, "getpass", refuse)
    with pytest.raises(ConfigError, match="nobody can be asked here"):
        tokens.ask(URL)


def test_a_token_is_never_read_in_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal the standard library would echo what is typed."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("typed in clear\n"))
    with pytest.raises(ConfigError, match="nobody can be asked here"):
        tokens.ask(URL)


def test_an_empty_answer_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is stored or sent for it."""
    monkeypatch.setattr(getpass, "getpass", lambda _: "  ")
    with pytest.raises(ConfigError, match="No token was typed"):
        tokens.ask(URL)


@pytest.mark.parametrize("word", [SECRET.reveal(), "env:", "env:a b", "keyring:x", ""])
def test_a_token_in_the_place_of_its_source_is_not_shown(word: str) -> None:
    """Who writes the token itself there reads what belongs there instead."""
    with pytest.raises(ConfigError) as caught:
        TOKEN_FROM.read(word)
    assert str(caught.value) == "'token_from' can be env:VARIABLE, keyring, prompt."


@pytest.mark.parametrize(
    ("word", "shown", "private"),
    [
        ("http://p:3128", "http://p:3128", False),
        ("p:3128", "http://p:3128", False),
        ("https://me:word@p:1/", "https://****@p:1", True),
        ("socks5://p:1", "socks5://p:1", False),
        ("NONE", "none", False),
    ],
)
def test_a_proxy_hides_its_password(word: str, shown: str, private: bool) -> None:
    """What is shown of an address is never a password."""
    proxy = PROXY.read(word)
    assert proxy is not None
    assert (str(proxy), repr(proxy), proxy.private) == (shown, shown, private)


@pytest.mark.parametrize("word", ["ftp://p:1", "http://", "http://p:1/path"])
def test_what_is_no_proxy_is_refused(word: str) -> None:
    """The sentence says what a proxy looks like."""
    with pytest.raises(ConfigError, match="'proxy' can be http://HOST:PORT, "):
        PROXY.read(word)
