"""Starting, joining and stopping the platform of a root, as a process of its own.

Kernels that use the same root share one platform. Each holds a lease while it lives; the platform
leaves some time after the last lease is gone and nothing runs.
"""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from filelock import FileLock, Timeout
from platformdirs import user_data_path

from ibflow_nb.api.errors import ConfigError, ConnectionFailed
from ibflow_nb.local.presence import Presence, RunningPlatform

__all__ = ["RunningPlatform", "default_root", "ensure_running", "stop_platform"]

IDLE_EXIT = 600.0
_OUTPUT_NAME = "serve.out"
_NEEDED = ("starlette", "uvicorn", "pypdfium2")  # of the extra ``local``; joining needs none
_PAUSE = 0.02
_HEALTH_TIMEOUT = 5.0

_guard = threading.Lock()
_leases: dict[Path, FileLock] = {}


def default_root() -> Path:
    """Give the root of the embedded platform where none is named: in the user's data folder."""
    return user_data_path("ibflow-nb", appauthor=False) / "platform"


def ensure_running(
    root: Path | None = None,
    *,
    install_examples: Callable[[Path], object] | None = None,
    idle_exit: float = IDLE_EXIT,
    timeout: float = 60.0,
) -> RunningPlatform:
    """Join the platform of a root, or start it; this process counts as its user from then on.

    Args:
        root: folder of the drive, created when absent; default :func:`default_root`.
        install_examples: called with the root after a start, not when joining.
        idle_exit: seconds without users and jobs after which a platform started here ends.
        timeout: seconds for it to answer.

    Raises:
        ConfigError: the platform could not be started; the message holds its last words.
        ConnectionFailed: its process is there and does not answer within ``timeout``.
    """
    root = Path(os.path.realpath(root or default_root()))
    presence = Presence(root)
    deadline = time.monotonic() + timeout
    with _guard:
        if root not in _leases:
            _leases[root] = presence.take_lease()
        try:
            with presence.launch_lock.acquire(timeout=timeout):
                running = _join(presence, deadline)
                if running is None:
                    running = _start(presence, root, idle_exit, deadline)
                    if install_examples:
                        install_examples(root)
        except Timeout as error:
            raise _silent(presence, root) from error
    return running


def stop_platform(root: Path | None = None, *, timeout: float = 60.0) -> bool:
    """Stop the platform of a root; what runs is kept and goes on after the next start.

    Returns:
        Whether one ran.

    Raises:
        ConnectionFailed: it did not end within ``timeout`` seconds.
    """
    root = Path(os.path.realpath(root or default_root()))
    presence = Presence(root)
    deadline = time.monotonic() + timeout
    with _guard:
        if lease := _leases.pop(root, None):
            lease.release()
        running = _join(presence, deadline)
        if running is None:
            return False
        os.kill(running.pid, signal.SIGTERM)
        while not presence.is_free():
            if time.monotonic() > deadline:
                raise _silent(presence, root)
            time.sleep(_PAUSE)
    return True


def _join(presence: Presence, deadline: float) -> RunningPlatform | None:
    """Give the platform that answers, None if none runs; wait while one starts or ends."""
    while not presence.is_free():
        running = presence.announced()
        if running and _answers(running):
            return running
        if time.monotonic() > deadline:
            raise _silent(presence, presence.state.parent)
        time.sleep(_PAUSE)
    return None


def _start(presence: Presence, root: Path, idle_exit: float, deadline: float) -> RunningPlatform:
    """Start the platform's process and wait until it answers."""
    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        raise ConfigError(
            f"The local platform is not installed ({missing[0]} is missing); run "
            "`pip install 'ibflow-nb[local]'`, or connect to a server's URL."
        )
    command = [sys.executable, "-P", "-m", "ibflow_nb.local.server"]
    command += ["--root", str(root), "--idle-exit", str(idle_exit)]
    output = presence.state / _OUTPUT_NAME
    # The token of another server may stand in the environment; this one keeps its own.
    environment = {key: value for key, value in os.environ.items() if key != "IBFLOW_TOKEN"}
    output.touch()
    output.chmod(0o600)
    with output.open("wb") as sink:
        process = subprocess.Popen(  # noqa: S603 - our own module
            command,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            env=environment,
            start_new_session=True,  # an interrupt of the kernel is none of the platform's
        )
    # Takes note of its end, so that no zombie stays; the platform may well outlive this process.
    threading.Thread(target=process.wait, name="ibflow-platform-end", daemon=True).start()
    while time.monotonic() < deadline:
        running = presence.announced()
        if running and _answers(running):
            return running
        if process.poll() is not None and presence.is_free():
            raise ConfigError(_last_words(root, output))
        time.sleep(_PAUSE)
    raise _silent(presence, root)


def _answers(running: RunningPlatform) -> bool:
    """Ask the platform for its health; another process at its address does not count."""
    address = urlsplit(running.url)
    connection = http.client.HTTPConnection(
        address.hostname or "", address.port, timeout=_HEALTH_TIMEOUT
    )
    try:
        connection.request("GET", "/api/v1/health")
        reply = msgspec.json.decode(connection.getresponse().read())
    except (OSError, http.client.HTTPException, msgspec.DecodeError):
        return False
    finally:
        connection.close()
    return isinstance(reply, dict) and reply.get("pid") == running.pid


def _silent(presence: Presence, root: Path) -> ConnectionFailed:
    running = presence.announced()
    process = f" (process {running.pid})" if running else ""
    return ConnectionFailed(
        f"The platform of {root}{process} does not answer; stop that process and try again."
    )


def _last_words(root: Path, output: Path) -> str:
    lines = output.read_text(errors="replace").strip().splitlines()
    reason = lines[-1] if lines else "it said nothing"
    return f"The platform of {root} could not be started: {reason.rstrip('.')}."
