"""Kernels share one platform: starting, joining, leaving."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ibflow_nb.api.errors import ConfigError
from ibflow_nb.local.launch import ensure_running, stop_platform
from ibflow_nb.local.presence import Presence

SECONDS = 60
KERNEL = """
import sys
from pathlib import Path
from ibflow_nb.local.launch import ensure_running
running = ensure_running(Path(sys.argv[1]), idle_exit=float(sys.argv[2]))
print(running.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A root whose platform is stopped at the end."""
    root = tmp_path / "root"
    yield root
    stop_platform(root)


def kernel(root: Path, idle_exit: float = 600) -> subprocess.Popen[str]:
    """Start a process that uses the platform of a root until its input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", KERNEL, str(root), str(idle_exit)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def end(process: subprocess.Popen[str]) -> None:
    """Let a kernel end."""
    process.communicate(timeout=SECONDS)


def test_the_first_starts_and_the_second_joins(root: Path) -> None:
    """Examples are laid by the start alone; the token is in no repr."""
    laid: list[Path] = []
    first = ensure_running(root, install_examples=laid.append)
    second = ensure_running(root, install_examples=laid.append)
    assert first == second
    assert laid == [root]
    assert first.token not in repr(first)
    assert first.token == (root / ".ibflow" / "token").read_text().strip()


def test_kernels_that_start_at_once_share_one_platform(root: Path) -> None:
    """Several processes that ask at the same moment get the same platform."""
    kernels = [kernel(root) for _ in range(3)]
    pids = {process.stdout.readline().strip() for process in kernels if process.stdout}
    for process in kernels:
        end(process)
    assert len(pids) == 1


def test_threads_of_one_kernel_share_one_platform(root: Path) -> None:
    """Several threads that ask at the same moment get the same platform."""
    pids: set[int] = set()
    threads = [
        threading.Thread(target=lambda: pids.add(ensure_running(root).pid)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pids) == 1


def test_a_killed_platform_is_replaced(root: Path, until: Callable[..., object]) -> None:
    """After kill -9 the next call starts another one, with the same token."""
    first = ensure_running(root)
    os.kill(first.pid, signal.SIGKILL)
    until(Presence(root).is_free)
    second = ensure_running(root)
    assert second.pid != first.pid
    assert second.token == first.token


def test_a_platform_leaves_after_its_last_kernel(root: Path, until: Callable[..., object]) -> None:
    """With all kernels gone, also by kill -9, it ends by itself; while one lives it stays."""
    living, dying = kernel(root, 0.2), kernel(root, 0.2)
    for process in (living, dying):
        assert process.stdout is not None
        assert process.stdout.readline()
    presence = Presence(root)
    dying.kill()
    end(dying)
    until(lambda: len(list((root / ".ibflow" / "leases").iterdir())) == 1)
    assert not presence.is_free()
    end(living)
    until(presence.is_free)
    assert presence.announced() is None


def test_stopping_tells_whether_one_ran(root: Path) -> None:
    """A stopped platform is gone when the call returns; a second stop finds none."""
    ensure_running(root)
    assert stop_platform(root)
    assert Presence(root).is_free()
    assert not stop_platform(root)


def test_a_start_that_fails_tells_its_last_words(root: Path) -> None:
    """The reason that the platform's process gave is in the error."""
    root.mkdir()
    (root / ".ibflow").mkdir()
    (root / ".ibflow" / "jobs.sqlite3").write_text("this is no database " * 100)
    with pytest.raises(ConfigError, match=r"could not be started: .*is not a database"):
        ensure_running(root)
    (root / ".ibflow" / "jobs.sqlite3").unlink()


def test_a_start_without_the_extra_names_it(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the platform's libraries are missing, the error says what to install."""
    monkeypatch.setattr("ibflow_nb.local.launch.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install 'ibflow-nb\[local\]'"):
        ensure_running(root)


def test_an_address_of_somebody_else_is_not_joined(root: Path) -> None:
    """A leftover announcement of a dead platform is not believed."""
    presence = Presence(root)
    stale = {"url": "http://127.0.0.1:9", "token": "t", "pid": 1}
    (root / ".ibflow" / "platform.json").write_text(json.dumps(stale))
    assert presence.is_free()
    assert ensure_running(root).pid != 1
