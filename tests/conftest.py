"""Fixtures that all tests share."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# Examples are counted, not timed, and the same in every run: a failure repeats.
settings.register_profile("project", deadline=None, derandomize=True, database=None)
settings.load_profile("project")

pytest_plugins = ["ibflow_nb.testing"]
PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def documents() -> Path:
    """Folder of real documents: ``IBFLOW_NB_TEST_DATA``, default ``../shared/data``."""
    folder = Path(os.environ.get("IBFLOW_NB_TEST_DATA", PROJECT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no documents for tests at {folder} (set IBFLOW_NB_TEST_DATA)")
    return folder


@pytest.fixture(scope="session")
def until() -> Callable[..., Any]:
    """Wait until a condition holds and give its value; fail after a deadline."""

    def wait(condition: Callable[[], Any], seconds: float = 60, pause: float = 0.01) -> Any:
        deadline = time.monotonic() + seconds
        while not (value := condition()):
            assert time.monotonic() < deadline, "the condition did not come true in time"
            time.sleep(pause)
        return value

    return wait


@pytest.fixture(scope="session")
def go_on(until: Callable[..., Any]) -> Callable[[Any], None]:
    """Let a job that is paused go on until some more of it is done.

    The server is asked each time: a poll may come after the end.
    """

    def resume(job: Any) -> None:
        stood_at = job.progress
        job.resume()
        until(lambda: job.refresh().progress > stood_at)

    return resume


@pytest.fixture
def write_profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], Path]:
    """Give a function that writes the file of profiles of a user of the test's own."""
    for name in [name for name in os.environ if name.startswith("IBFLOW")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    def write(text: str, mode: int = 0o600) -> Path:
        path = tmp_path / "config" / "ibflow-nb" / "profiles.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path

    return write


@pytest.fixture
def kept_tokens() -> Iterator[dict[tuple[str, str], str]]:
    """What the keyring of the test's own holds: tokens by service and name."""
    import keyring.backend
    import keyring.errors

    kept: dict[tuple[str, str], str] = {}

    class Memory(keyring.backend.KeyringBackend):
        priority: Any = 1

        def get_password(self, service: str, username: str) -> str | None:
            return kept.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            kept[service, username] = password

        def delete_password(self, service: str, username: str) -> None:
            if (service, username) not in kept:
                raise keyring.errors.PasswordDeleteError
            del kept[service, username]

    before = keyring.get_keyring()
    keyring.set_keyring(Memory())
    yield kept
    keyring.set_keyring(before)
