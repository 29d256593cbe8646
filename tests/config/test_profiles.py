"""The file of profiles."""

from __future__ import annotations

from typing import Any

import pytest

from ibflow_nb.api.errors import ConfigError
from ibflow_nb.config import profiles

SECRET = "canary-profile-1d0f"


def refusal(name: str = "p") -> str:
    """Give the sentence in which loading a profile ends."""
    with pytest.raises(ConfigError) as caught:
        profiles.load(name)
    assert caught.value.__cause__ is None  # which would hold the text of the file
    return str(caught.value)


def test_a_profile_gives_settings_with_their_place(write_profiles: Any) -> None:
    """Each key is a setting; paths are meant from the file's folder."""
    path = write_profiles(
        '[p]\nurl = "https://a.example"\nverify = false\ntimeout = 5\nca_file = "ca.pem"\n'
        'token_from = "env:A_TOKEN"\nproxy = "http://me:word@p:3128"\n'
    )
    said = profiles.load("p")
    assert said["url"].value == "https://a.example"
    assert said["url"].source == f"profile 'p' in {path}"
    assert (said["verify"].value, said["timeout"].value) == (False, 5.0)
    assert said["ca_file"].value == str(path.parent / "ca.pem")
    assert str(said["token_from"].value) == "env:A_TOKEN"
    assert str(said["proxy"].value) == "http://****@p:3128"


def test_a_token_in_the_file_stays_hidden(write_profiles: Any) -> None:
    """It is at hand, and shown by nothing."""
    write_profiles(f'[p]\ntoken = "{SECRET}"\n')
    source = profiles.load("p")["token_from"].value
    assert source.token.reveal() == SECRET
    assert SECRET not in repr(profiles.load("p")) + str(source)


@pytest.mark.parametrize("secret", [f'token = "{SECRET}"', 'proxy = "http://me:word@p:3128"'])
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_secret_that_others_can_read_is_refused(
    write_profiles: Any, secret: str, mode: int
) -> None:
    """Also where another profile of the file holds it; the sentence says how to close the file."""
    path = write_profiles(f'[p]\nurl = "x.example"\n[other]\n{secret}\n', mode)
    sentence = refusal()
    assert sentence.endswith(f"close it with: chmod 600 '{path}'")
    assert SECRET not in sentence


def test_a_file_without_secrets_may_be_open(write_profiles: Any) -> None:
    """Where a token comes from is no secret."""
    write_profiles('[p]\ntoken_from = "keyring"\n', 0o644)
    assert str(profiles.load("p")["token_from"].value) == "keyring"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[p]\ntoken_env = 'X'", "has an unknown key 'token_env'; did you mean 'token'?"),
        ("[p]\nprofile = 'q'", "has an unknown key 'profile'; there are token, url, "),
        ("[p]\nverify = 'perhaps'", "can be on, off, not 'perhaps'."),
        ("[p]\ntimeout = true", "can be a number of seconds above 0, not 'True'."),
        ("[p]\ncontext = 7", "can be a text, not '7'."),
        ("[p]\ntoken = ''", "must be a text that is not empty."),
        ("[p]\ntoken = 'x'\ntoken_from = 'prompt'", "has a token and token_from; drop one."),
        (f"[p]\ntoken_from = '{SECRET}'", "can be env:VARIABLE, keyring, prompt."),
        ("[q]\nurl = 'x'", "it has q."),
        ("p = 'x'", "There is no profile 'p' in "),
        (f"[p]\ntoken = {SECRET}", "cannot be read: Invalid value (at line 2, column 9)."),
    ],
)
def test_what_is_wrong_is_told_in_one_sentence(
    write_profiles: Any, text: str, sentence: str
) -> None:
    """The sentence names file and key, and never shows what may be a token."""
    path = write_profiles(text)
    told = refusal()
    assert sentence in told
    assert str(path) in told
    assert SECRET not in told


def test_a_missing_file_is_named(write_profiles: Any) -> None:
    """Whoever names a profile learns where profiles are written."""
    assert refusal().endswith("ibflow-nb/profiles.toml does not exist.")


def test_names_are_given_without_ever_failing(write_profiles: Any) -> None:
    """Completion asks for them."""
    assert profiles.names() == []
    write_profiles("[a]\n[b]\n")
    assert profiles.names() == ["a", "b"]
    write_profiles("[a")
    assert profiles.names() == []
