"""Addresses of servers."""

from __future__ import annotations

import pytest

from ibflow_nb.api.errors import ConfigError
from ibflow_nb.config.address import normalise, same_server


@pytest.mark.parametrize(
    ("given", "root"),
    [
        ("https://ib.example.com", "https://ib.example.com"),
        ("https://ib.example.com/", "https://ib.example.com"),
        ("https://ib.example.com/api/v1", "https://ib.example.com"),
        ("https://ib.example.com/api/v1/", "https://ib.example.com"),
        ("https://ib.example.com/api/v2", "https://ib.example.com"),
        ("https://example.com/ib/api/v1", "https://example.com/ib"),
        ("ib.example.com", "https://ib.example.com"),
        ("ib.example.com:8443/api/v1", "https://ib.example.com:8443"),
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("localhost:8000/api/v1", "http://localhost:8000"),
        (" http://[::1]:8000 ", "http://[::1]:8000"),
    ],
)
def test_an_address_becomes_a_root(given: str, root: str) -> None:
    """With or without scheme and API path, the same server is meant."""
    assert normalise(given) == root


@pytest.mark.parametrize("given", ["ftp://x", "http://", "https://:80", "http://x:port", "://"])
def test_what_is_no_address_is_refused(given: str) -> None:
    """The error shows what an address looks like."""
    with pytest.raises(ConfigError, match="must look like"):
        normalise(given)


def test_passwords_in_addresses_are_refused_unseen() -> None:
    """The error does not repeat the password."""
    with pytest.raises(ConfigError) as caught:
        normalise("https://me:hunter2@ib.example.com")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://a.example/api/v1", "a.example", True),
        ("https://a.example", "https://b.example", False),
        ("https://a.example", "https://a.example:8443", False),
        ("local", " LOCAL ", True),
        ("local", "https://local", False),
        ("://", "://", False),
    ],
)
def test_a_server_is_known_by_any_spelling(one: str, other: str, same: bool) -> None:
    """What is said beside one address counts for the same server, and for no other."""
    assert same_server(one, other) is same
