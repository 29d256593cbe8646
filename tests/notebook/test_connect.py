"""``connect``, ``login``, ``logout`` and ``config``: what they say and what they leave."""

from __future__ import annotations

import getpass
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from IPython.core.completer import provisionalcompleter

from ibflow_nb.client import Client

WRONG = "canary-wrong-token-40b8"


def refusal(shell: Any, line: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Run a line that fails; give the sentence that it shows."""
    capsys.readouterr()
    assert shell.run_cell(f"%ibflow {line}").error_in_exec is not None
    return capsys.readouterr().out.strip()


def said_by(shell: Any, line: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Run a line; give what it says."""
    capsys.readouterr()
    assert shell.run_cell(f"%ibflow {line}").success
    return capsys.readouterr().out.partition("Out[")[0].strip()


def rows(shell: Any) -> dict[str, tuple[str, str]]:
    """Give value and place of each setting, as 'config' lists them."""
    table = shell.run_cell("%ibflow config").result
    return {row.name: (row.value, row.source) for row in table}


@pytest.fixture
def type_unseen(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Have whoever asks for a token be told this one."""
    return lambda token: monkeypatch.setattr(getpass, "getpass", lambda _: token)


@pytest.fixture
def real(shell: Any, ibflow_platform: Any) -> Client:
    """A client of a real platform, to take address and token from."""
    with ibflow_platform.connect() as client:
        return client


def test_connect_says_where_it_leads_and_how_it_is_known(
    shell: Any, real: Client, monkeypatch: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """The server has answered, and the sentence tells where the token comes from."""
    monkeypatch.setenv("A_TOKEN", real.connection.token.reveal())
    line = f"connect {real.url} --context acme --token-from env:A_TOKEN"
    said = said_by(shell, line, capsys)
    assert said == f"Connected to {real.url} (context acme, token from the variable A_TOKEN)."


def test_a_refused_token_leaves_the_connection(
    shell: Any, real: Client, server: Any, monkeypatch: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong token is told at once, and commands go on to the server before."""
    shell.run_cell(f"%ibflow connect {server.url}")
    monkeypatch.setenv("A_TOKEN", WRONG)
    sentence = refusal(shell, f"connect {real.url} --token-from env:A_TOKEN", capsys)
    assert sentence.startswith("AuthenticationFailed: The server refused the token")
    assert sentence.endswith(f"; commands still go to {server.url}.")
    assert WRONG not in sentence
    shell.run_cell("%ibflow jobs")
    assert len(server.calls("jobs/list")) == 1
    assert rows(shell)["connected to"][0] == server.url


def test_nobody_there_is_told_at_once(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """A port on which nobody listens ends connect with a sentence; nothing is connected."""
    with socket.socket() as keeper:  # nobody else gets the port meanwhile
        keeper.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{keeper.getsockname()[1]}"
        sentence = refusal(shell, f"connect {url}", capsys)
    assert sentence.startswith(f"ConnectionFailed: No server answers at {url}")
    assert sentence.endswith("; nothing is connected.")
    assert "Not connected" in refusal(shell, "jobs", capsys)


def test_a_server_that_says_nothing_holds_nobody_up(
    shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Connect waits for no longer than it was told."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        sentence = refusal(shell, f"connect {url} --connect-timeout 0.2", capsys)
    assert f"No answer from {url} within 0.2 s" in sentence


def test_a_token_is_no_option(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """The history would keep it; the sentence names what takes its place."""
    sentence = refusal(shell, f"connect https://x.example --token {WRONG}", capsys)
    assert sentence == (
        "CommandError: %ibflow connect has no option --token; did you mean --token-from?"
    )


def test_a_password_in_a_line_or_in_config_is_refused(
    shell: Any, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """A proxy's password belongs into a profile, and the sentence does not repeat it."""
    proxy = "http://me:canary-word@p:3128"
    sentence = refusal(shell, f"connect https://x.example --proxy {proxy}", capsys)
    assert "with a password belongs into a profile" in sentence
    told = sentence + refusal(shell, f"config proxy {proxy}", capsys)
    shell.run_cell(f'%config IBFlow.proxy = "{proxy}"')
    assert "write it into a profile" in caplog.text
    assert "canary-word" not in told + caplog.text


def test_a_profile_gives_all_that_a_server_needs(
    shell: Any, real: Client, write_profiles: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """'connect --profile' takes address, token and display from the file."""
    token = real.connection.token.reveal()
    path = write_profiles(
        f'[p]\nurl = "{real.url}"\ntoken = "{token}"\ncontext = "acme"\ndisplay = "off"\n'
    )
    said = said_by(shell, "connect --profile p", capsys)
    assert said.startswith(
        f"Connected to {real.url} (context acme, profile 'p', token from profile"
    )
    listed = rows(shell)
    place = f"profile 'p' in {path}"
    assert listed["url"] == (real.url, place)
    assert listed["display"] == ("off", place)
    assert listed["token"] == ("****", place)
    assert listed["profile"] == ("p", "the line 'connect'")
    assert listed["timeout"] == ("60", "default")


def test_the_profile_of_the_environment_connects_by_itself(
    shell: Any, server: Any, write_profiles: Any, monkeypatch: Any
) -> None:
    """With IBFLOW_PROFILE the first command connects."""
    write_profiles(f'[p]\nurl = "{server.url}"\n')
    monkeypatch.setenv("IBFLOW_PROFILE", "p")
    assert shell.run_cell("%ibflow jobs").success
    assert rows(shell)["profile"] == ("p", "the variable IBFLOW_PROFILE")


def test_config_names_every_place(
    shell: Any, server: Any, monkeypatch: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Environment, '%config', line, proxy of the environment and default stand side by side."""
    monkeypatch.setenv("IBFLOW_URL", "https://flows.example.com")
    monkeypatch.setenv("IBFLOW_TOKEN", WRONG)
    monkeypatch.setenv("HTTPS_PROXY", "http://me:canary-word@p:3128")
    shell.run_cell("%config IBFlow.interrupt = 'cancel'")
    listed = rows(shell)
    assert listed["connected to"] == ("nothing yet", "")
    assert listed["url"] == ("https://flows.example.com", "the variable IBFLOW_URL")
    assert listed["token"] == ("****", "the variable IBFLOW_TOKEN")
    assert listed["token_from"] == ("env:IBFLOW_TOKEN", "the variable IBFLOW_TOKEN")
    assert listed["proxy"] == ("http://****@p:3128", "the variable HTTPS_PROXY")
    assert listed["interrupt"] == ("cancel", "%config")
    assert listed["verify"] == ("on", "default")
    table = shell.run_cell("%ibflow config").result
    shown = repr(table) + table._repr_html_()
    assert WRONG not in shown
    assert "canary-word" not in shown
    assert re.search(r"<td[^>]*>the variable IBFLOW_URL</td>", shown)


def test_a_server_setting_changed_later_counts_from_the_next_connect(
    shell: Any, server: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """The listing shows what is in force, and the change says from when it counts."""
    shell.run_cell(f"%ibflow connect {server.url}")
    said = said_by(shell, "config context acme", capsys)
    assert said == "context = acme; the next 'connect' takes it"
    assert rows(shell)["context"] == ("", "default")
    shell.run_cell(f"%ibflow connect {server.url}")
    assert rows(shell)["context"] == ("acme", "%config")


def test_config_of_one_setting_shows_it(shell: Any) -> None:
    """A name without a value asks for it."""
    table = shell.run_cell("%ibflow config display").result
    assert [(row.name, row.value, row.source) for row in table] == [("display", "auto", "default")]


def test_config_names_a_near_setting(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt setting is told with the right one."""
    sentence = refusal(shell, "config dispaly text", capsys)
    assert sentence == "CommandError: There is no setting 'dispaly'; did you mean 'display'?"


def test_login_keeps_a_token_that_the_server_accepts(
    shell: Any,
    real: Client,
    kept_tokens: dict[Any, str],
    type_unseen: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It is typed unseen, tried, kept; connect finds it, and logout deletes it."""
    token = real.connection.token.reveal()
    type_unseen(token)
    said = said_by(shell, f"login {real.url}", capsys)
    assert said.startswith(f"{real.url} knows the token; the keyring keeps it.\n")
    assert token not in said
    assert list(kept_tokens.values()) == [token]
    said = said_by(shell, f"connect {real.url} --token-from keyring", capsys)
    assert said == f"Connected to {real.url} (token from the keyring)."
    assert "any more" in said_by(shell, f"logout {real.url}", capsys)
    assert kept_tokens == {}


def test_login_and_logout_are_for_the_connected_server(
    shell: Any,
    real: Client,
    kept_tokens: dict[Any, str],
    type_unseen: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A line that names no server means the one that the commands go to."""
    token = real.connection.token.reveal()
    type_unseen(token)
    said_by(shell, f"connect {real.url} --token-from prompt", capsys)
    assert said_by(shell, "login", capsys).startswith(f"{real.url} knows the token")
    assert list(kept_tokens.values()) == [token]
    assert real.url in said_by(shell, "logout", capsys)
    assert kept_tokens == {}


def test_login_keeps_nothing_that_is_refused(
    shell: Any,
    real: Client,
    kept_tokens: dict[Any, str],
    type_unseen: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A wrong token is told, and the keyring stays as it was."""
    type_unseen(WRONG)
    sentence = refusal(shell, f"login {real.url}", capsys)
    assert sentence.startswith("AuthenticationFailed")
    assert WRONG not in sentence
    assert kept_tokens == {}


def test_the_platform_of_this_machine_needs_no_login(
    shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """It has a token of its own."""
    assert "has a token of its own" in refusal(shell, "login local", capsys)


def test_tab_completes_profiles(shell: Any, write_profiles: Any) -> None:
    """After --profile come the names of the file."""
    write_profiles("[prod]\n[test]\n")
    line = "%ibflow connect --profile pr"
    with provisionalcompleter():
        found = [one.text for one in shell.Completer.completions(line, len(line))]
    assert found == ["prod"]


def test_a_prompt_in_a_kernel_is_hidden(kernel: Any, real: Client, own_folders: Path) -> None:
    """The front end is asked for a password; what is typed is in no message and in no file."""
    token = real.connection.token.reveal()
    request = kernel.start(f"client = %ibflow connect {real.url} --token-from prompt")
    asked = kernel.client.get_stdin_msg(timeout=30)["content"]
    assert asked == {"prompt": f"Token for {real.url}: ", "password": True}
    kernel.client.input(token)
    messages = kernel.finish(request)
    said = [one["content"]["text"] for one in messages if one["msg_type"] == "stream"]
    assert said == [f"Connected to {real.url} (token from the prompt).\n"]
    shown = kernel.run("client, In, Out, vars(client), client.connection\n%ibflow config")
    assert token not in str(messages + shown)
    kernel.run("%save -f session.py 0-20\n%history -f history.txt")
    written = [path for path in own_folders.rglob("*") if path.is_file()]
    assert [path for path in written if token.encode() in path.read_bytes()] == []


def test_a_prompt_that_nobody_sees_is_refused(kernel: Any) -> None:
    """A headless run ends with a sentence and hangs nowhere."""
    line = "%ibflow connect https://flows.test --token-from prompt"
    messages = kernel.run(line, allow_stdin=False)
    (error,) = [one["content"] for one in messages if one["msg_type"] == "error"]
    assert error["ename"] == "ConfigError"
    assert "nobody can be asked here" in error["evalue"]


def test_an_unchecked_certificate_is_told_at_each_connect(
    shell: Any, monkeypatch: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """With verify off a line of the cell warns of it, every time."""
    monkeypatch.setattr(Client, "check", lambda self: None)
    for _ in range(2):
        said = said_by(shell, "connect https://flows.test --verify off", capsys)
        assert said.splitlines()[1].startswith(
            "Warning: The certificate of https://flows.test is not checked (verify is off): "
        )
