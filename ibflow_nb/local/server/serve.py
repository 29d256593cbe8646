"""``ibflow-nb serve``: run the platform of a root until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ipaddress
import logging
import os
import secrets
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import uvicorn
from starlette.concurrency import run_in_threadpool

from ibflow_nb.api.errors import ConfigError, IbflowError
from ibflow_nb.local.atomic import write_atomic
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.engine import Engine
from ibflow_nb.local.presence import Presence, RunningPlatform
from ibflow_nb.local.server.app import build_app
from ibflow_nb.local.server.idle import IdleWatch
from ibflow_nb.local.server.leftovers import sweep_leftovers
from ibflow_nb.local.server.log import log_to_file
from ibflow_nb.local.server.platform import Platform
from ibflow_nb.local.settings import STATE_FOLDER, Settings, read_settings

_log = logging.getLogger(__name__)

TOKEN_NAME = "token"  # noqa: S105 - the name of its file
_LONGEST_CHECK = 5.0  # seconds between two looks at whether anybody is there
_CLOSING_SECONDS = 5  # that open requests get at the end


def add_serve_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``serve`` to a parser."""
    add = parser.add_argument
    add("--root", type=Path, required=True, help="folder of the drive, created when absent")
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add("--port", type=int, default=0, help="port, 0 for a free one (default: %(default)s)")
    add("--token", default="", help="token of callers (default: $IBFLOW_TOKEN, else a kept one)")
    add("--ready-file", type=Path, help="file that appears once requests are answered")
    add("--workers", type=int, default=0, help="worker processes (default: one a core)")
    add("--executor", default="local", help="local, or dask://HOST:PORT (default: %(default)s)")
    add(
        "--idle-exit",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="end after so long without users and jobs (default: never)",
    )


def serve(arguments: argparse.Namespace) -> int:
    """Run a platform in this process; the main thread must call this.

    Returns:
        The exit code: 0 after SIGTERM or SIGINT, 1 when the platform cannot start.
    """
    root = arguments.root.expanduser()
    try:
        presence = Presence(root)
        if not presence.occupy():
            raise ConfigError(_occupied(presence, root))
        try:
            _run(presence, arguments, root)
        finally:
            presence.vacate()
    except IbflowError as error:
        return _fail(str(error))
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        return _fail(f"The root {root} cannot be used: {error.strerror or error}{where}.")
    except Exception:  # noqa: BLE001 - logged with its traceback, told in a sentence
        _log.exception("The platform ended by an error.")
        return _fail(f"The platform ended by an error; its log is in {root / STATE_FOLDER}.")
    return 0


def _fail(sentence: str) -> int:
    sys.stderr.write(f"ibflow-nb serve: {sentence}\n")
    return 1


def main() -> int:
    """Run ``python -m ibflow_nb.local.server``."""
    parser = argparse.ArgumentParser(prog="ibflow-nb serve")
    add_serve_arguments(parser)
    return serve(parser.parse_args())


def _run(presence: Presence, arguments: argparse.Namespace, root: Path) -> None:
    """Serve until told to stop."""
    started = time.time()
    log_to_file(presence.state)
    given = arguments.token or os.environ.get("IBFLOW_TOKEN", "")
    token = _token(given, presence.state)
    listener = listen(arguments.host, arguments.port)
    kept = read_settings(presence.state)
    settings = Settings(
        **msgspec.structs.asdict(kept),
        root=Path(os.path.realpath(root)),
        workers=arguments.workers,
        executor=arguments.executor,
        idle_exit=arguments.idle_exit,
    )
    drive = Drive(root)
    engine = Engine(drive, settings)
    platform = Platform(settings, drive, engine, token)
    running = RunningPlatform(_url(arguments.host, listener), token, os.getpid())

    def announce() -> None:
        presence.announce(running)
        if arguments.ready_file:
            write_atomic(arguments.ready_file, msgspec.json.encode(running), mode=0o600)
        where = (
            "the token is the one given"
            if given
            else f"its token is in {presence.state / TOKEN_NAME}"
        )
        sys.stdout.write(f"ibflow-nb serves {root} at {running.url}; {where}.\n")
        sys.stdout.flush()

    watch = IdleWatch(build_app(platform, host=arguments.host), platform, presence)
    engine.start()
    sweeping = (drive.root, started)
    threading.Thread(target=sweep_leftovers, args=sweeping, daemon=True).start()
    try:
        _Server(watch, announce, presence.withdraw).run(sockets=[listener])
    finally:
        platform.close()
        engine.stop(settings.stop_grace)
        if arguments.ready_file:
            arguments.ready_file.unlink(missing_ok=True)


class _Server(uvicorn.Server):
    """uvicorn that tells when it answers and when it stops, and ends with exit code 0."""

    def __init__(
        self, watch: IdleWatch, announce: Callable[[], None], withdraw: Callable[[], None]
    ) -> None:
        super().__init__(
            uvicorn.Config(
                watch,
                lifespan="off",
                ws="none",
                loop="asyncio",
                access_log=False,
                log_config=None,
                server_header=False,
                timeout_graceful_shutdown=_CLOSING_SECONDS,
            )
        )
        self._watch = watch
        self._announce = announce
        self._withdraw = withdraw
        self._idle_task: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on SIGTERM and SIGINT, without raising them again at the end as uvicorn does."""
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self.handle_exit)
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, then tell so."""
        await super().startup(sockets)
        self._announce()
        if self._watch.seconds > 0:
            self._idle_task = asyncio.create_task(self._leave_when_idle())

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell that nothing more is answered, then end."""
        self._withdraw()
        if self._idle_task:
            self._idle_task.cancel()
        await super().shutdown(sockets)

    async def _leave_when_idle(self) -> None:
        while not self.should_exit:
            await asyncio.sleep(min(self._watch.seconds / 4, _LONGEST_CHECK))
            self.should_exit |= await run_in_threadpool(self._watch.may_leave)


def _token(given: str, state: Path) -> str:
    """Give the token of callers: the one given, else the one kept, else a new one."""
    if given:
        if not (given.isascii() and given.isprintable()) or " " in given:
            raise ConfigError("The token must be printable ASCII without spaces.")
        return given
    file = state / TOKEN_NAME
    kept = file.read_text().strip() if file.exists() else ""
    if kept:
        file.chmod(0o600)
        return kept
    token = secrets.token_urlsafe(32)
    write_atomic(file, f"{token}\n".encode(), mode=0o600)
    return token


def listen(host: str, port: int) -> socket.socket:
    """Bind a socket for the server.

    Raises:
        ConfigError: the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio turns Nagle's delay off; else each reply takes 40 ms more.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        raise ConfigError(f"Cannot listen on {host} port {port}: {error}.") from error
    return listener


def _url(host: str, listener: socket.socket) -> str:
    port = listener.getsockname()[1]
    everywhere = {str(ipaddress.IPv4Address(0)): "127.0.0.1", "::": "::1"}
    name = everywhere.get(host, host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _occupied(presence: Presence, root: Path) -> str:
    platform = presence.announced()
    if platform is None:
        return f"Another platform of {root} is starting or ending; try again in a moment."
    return (
        f"A platform of {root} runs already at {platform.url} (process {platform.pid}); "
        "use that one or stop it first."
    )
