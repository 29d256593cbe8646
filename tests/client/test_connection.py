"""What a connection is made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from ibflow_nb import Client
from ibflow_nb.api.errors import ConfigError
from ibflow_nb.client.connection import LOCAL_HOME, Connection
from ibflow_nb.config.secret import Secret
from ibflow_nb.config.target import Target, from_arguments


def test_the_environment_gives_what_is_not_given() -> None:
    """URL, token and context each come from their variable."""
    environ = {
        "IBFLOW_URL": "https://a.example/api/v1",
        "IBFLOW_TOKEN": " t0ken\n",
        "IBFLOW_CONTEXT": "org",
    }
    found = from_arguments(environ=environ)
    assert (found.url, found.token.reveal(), found.context) == ("https://a.example", "t0ken", "org")


def test_a_client_follows_the_profile_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``Client()`` decides by the same rule as ``connect()``; what is given comes first."""
    profiles = tmp_path / "profiles.toml"
    profiles.write_text('[p]\nurl = "https://a.example"\ncontext = "org"\nhome = "me/r/fs/D"\n')
    monkeypatch.setenv("IBFLOW_PROFILES", str(profiles))
    monkeypatch.setenv("IBFLOW_PROFILE", "p")
    client = Client(context="mine")
    assert (client.url, client.connection.context) == ("https://a.example", "mine")
    assert client.files.home == "me/r/fs/D"


@pytest.mark.parametrize("extra", [{"token": "t0ken"}, {"context": "org"}])
def test_a_target_takes_no_second_token_or_context(extra: dict[str, str]) -> None:
    """What a target holds already is refused beside it, not silently dropped."""
    with pytest.raises(ConfigError, match="A target holds its own token and context") as caught:
        Client(Target("https://a.example"), **extra)
    assert "t0ken" not in str(caught.value)


def test_a_token_is_not_sent_to_another_server() -> None:
    """The environment's token belongs to the environment's server."""
    environ = {"IBFLOW_URL": "https://a.example", "IBFLOW_TOKEN": "t0ken"}
    assert not from_arguments("https://b.example", environ=environ).token
    assert from_arguments("https://a.example/", environ=environ).token
    assert from_arguments("https://b.example", environ={"IBFLOW_TOKEN": "t"}).token


def test_a_missing_address_is_told() -> None:
    """The error names the variable."""
    with pytest.raises(ConfigError, match="IBFLOW_URL"):
        from_arguments(environ={})


@pytest.mark.parametrize("token", ["a\nb", "tökén", "a\x00b"])
def test_tokens_that_no_header_carries_are_refused_unseen(token: str) -> None:
    """The error says that the token is at fault, and does not show it."""
    with pytest.raises(ConfigError, match="The token holds characters") as caught:
        Connection.to(Target("https://a.example", token=Secret(token)))
    assert token not in str(caught.value)


def test_a_token_shows_itself_to_nobody() -> None:
    """Neither repr nor str nor a dataclass around it show the token."""
    connection = Connection.to(Target("https://a.example", token=Secret("t0ken")))
    assert "t0ken" not in repr(connection) + str(connection) + f"{connection.token}"
    assert Secret("t0ken").redact("bad token t0ken!") == "bad token ***!"


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:1", True),
        ("http://[::1]:1", True),
        ("http://localhost:1", True),
        ("http://10.0.0.1:1", False),
        ("https://localhost.example", False),
    ],
)
def test_loopback_is_known(url: str, loopback: bool) -> None:
    """Only this machine is loopback."""
    assert Connection.to(Target(url)).is_loopback is loopback


@pytest.mark.parametrize(
    ("url", "given", "home"),
    [
        ("http://127.0.0.1:8000", "", LOCAL_HOME),
        ("http://localhost:8000", "me/repo/fs/D", "me/repo/fs/D"),
        ("https://ib.example.com", "", ""),
    ],
)
def test_uploads_to_this_machine_go_to_the_embedded_user(url: str, given: str, home: str) -> None:
    """A platform that was joined by its URL takes local files as one that was started does."""
    assert Client(url, "t", home=given).files.home == home
