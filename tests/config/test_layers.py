"""Which place wins."""

from __future__ import annotations

from typing import Any

import pytest

from ibflow_nb.api.errors import ConfigError
from ibflow_nb.config.layers import stack
from ibflow_nb.config.table import Found
from ibflow_nb.config.target import Target, resolve

PROFILES = (
    '[a]\nurl = "https://a.example"\ncontext = "of-a"\ntoken = "token-a"\n'
    '[free]\ncontext = "of-free"\nhome = "me/repo/fs/D"\n'
)


def said(**words: str) -> dict[str, Found]:
    """Give what a place says."""
    return {name: Found(word, "here") for name, word in words.items()}


def decide(line: Any = None, own: Any = None, environ: Any = None) -> Target:
    """Decide on a server."""
    return resolve(stack(line or {}, own or {}, environ or {}), unset="nothing is set")


@pytest.fixture(autouse=True)
def some_profiles(write_profiles: Any) -> None:
    """A profile of one server, and one of no server."""
    write_profiles(PROFILES)


def test_the_line_beats_config_beats_the_environment_beats_the_default() -> None:
    """Each place counts where none before it says anything."""
    environ = {"IBFLOW_URL": "https://e.example", "IBFLOW_CONTEXT": "of-e"}
    assert decide(environ=environ).url == "https://e.example"
    own = said(url="https://c.example")
    assert decide(own=own, environ=environ).url == "https://c.example"
    target = decide(said(url="https://l.example"), own, environ)
    assert (target.url, target.context) == ("https://l.example", "")
    assert target.found["context"].source == "default"


def test_a_profile_counts_where_it_is_named() -> None:
    """Named in the line it beats the environment; named by the environment it does not."""
    environ = {"IBFLOW_URL": "https://a.example", "IBFLOW_CONTEXT": "of-e", "IBFLOW_TOKEN": "t-e"}
    named = decide(said(profile="a"), environ=environ)
    assert (named.context, named.token.reveal(), named.profile) == ("of-a", "token-a", "a")
    assert named.found["context"].source.startswith("profile 'a' in ")
    behind = decide(environ=environ | {"IBFLOW_PROFILE": "a"})
    assert (behind.context, behind.token.reveal(), behind.profile) == ("of-e", "t-e", "a")


def test_the_line_beats_the_profile_that_it_names() -> None:
    """An option beside --profile counts more than the profile."""
    target = decide(said(profile="a", context="mine"))
    assert (target.url, target.context) == ("https://a.example", "mine")


def test_one_profile_is_in_force() -> None:
    """The profile of the line takes the place of that of the environment."""
    target = decide(said(profile="free", url="https://l.example"), environ={"IBFLOW_PROFILE": "a"})
    assert (target.context, target.profile, bool(target.token)) == ("of-free", "free", False)


def test_what_belongs_to_a_server_goes_to_no_other() -> None:
    """Token and context of a place that names a server are not used for another one."""
    environ = {"IBFLOW_URL": "https://e.example", "IBFLOW_CONTEXT": "of-e", "IBFLOW_TOKEN": "t-e"}
    other = decide(said(url="https://l.example"), environ=environ | {"IBFLOW_PROFILE": "a"})
    assert (other.context, bool(other.token), other.profile) == ("", False, "")
    same = decide(said(url="e.example/api/v1"), environ=environ)
    assert (same.context, same.token.reveal()) == ("of-e", "t-e")


def test_a_profile_and_another_url_in_one_line_are_refused() -> None:
    """Nobody can tell which of the two was meant."""
    with pytest.raises(ConfigError, match="Profile 'a' is for "):
        decide(said(profile="a", url="https://l.example"))
    assert decide(said(profile="a", url="a.example/api/v1")).token.reveal() == "token-a"


def test_a_root_alone_means_the_local_platform() -> None:
    """A root beside the URL of a server is refused."""
    assert decide(said(root="/x")).local
    with pytest.raises(ConfigError, match="A root belongs to the local platform"):
        decide(said(root="/x", url="https://l.example"))


def test_nothing_said_is_told() -> None:
    """The caller's sentence says how to name a server."""
    with pytest.raises(ConfigError, match="nothing is set"):
        decide()
