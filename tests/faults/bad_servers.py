"""Servers that misbehave as a script says: in place of the network, and on a real socket."""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from ibflow_nb.testing import FakeClock

PATIENCE = 0.2  # seconds until a silent server counts as one
SUBMITTED = {"status": "OK", "data": {"job_id": "job-1", "output_folder": "a/out"}}


@dataclass(frozen=True)
class Says:
    """A whole HTTP reply."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    pause: float = 0.0  # seconds before each tenth of the bytes

    @property
    def content(self) -> bytes:
        """The body's bytes."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Breaks:
    """These bytes, then the end of the connection."""

    content: bytes = b""


@dataclass(frozen=True)
class Silent:
    """No answer at all, on an open connection."""


@dataclass(frozen=True)
class Gone:
    """The connection breaks, and nobody listens any more for so many seconds of the clock."""

    seconds: float


Behaviour = Says | Breaks | Silent | Gone


class TickingClock(FakeClock):
    """A clock on which things happen at their time."""

    def __init__(self) -> None:
        super().__init__()
        self._plans: list[tuple[float, Callable[[], None]]] = []

    def at(self, moment: float, action: Callable[[], None]) -> None:
        """Do something once this time has come."""
        self._plans.append((moment, action))

    async def sleep(self, seconds: float, until: asyncio.Event | None = None) -> None:
        """Let the time pass, and what was planned for it happen."""
        await super().sleep(seconds, until)
        due = [plan for plan in self._plans if plan[0] <= self.now()]
        for plan in due:
            self._plans.remove(plan)
            plan[1]()


class Script:
    """What a server does with submissions and with questions, one after the other.

    Attributes:
        watched: questions are answered while it is set, so that no answer goes unseen.
    """

    def __init__(self) -> None:
        self.submissions: Iterator[Behaviour] = itertools.repeat(Says(SUBMITTED))
        self.questions: Iterator[Behaviour] = itertools.repeat(Says(SUBMITTED))
        self.others: Iterator[Behaviour] = iter(())
        self.submitted = 0
        self.asked = 0
        self.gone = False
        self.watched = threading.Event()
        self.watched.set()

    def next(self, target: str) -> Behaviour:
        """Note a request, give what comes in return."""
        if "run_flow_async" in target:
            self.submitted += 1
            return next(self.submissions)
        if "jobs/status" in target:
            self.asked += 1
            assert self.watched.wait(60)
            behaviour = next(self.questions)
            self.gone = isinstance(behaviour, Gone)
            return behaviour
        return next(self.others)


class ScriptedTransport(httpx.AsyncBaseTransport):
    """Stands in for the network: faults are the HTTP library's exceptions."""

    url = "http://server.test"

    def __init__(self, script: Script, clock: TickingClock) -> None:
        self._script = script
        self._clock = clock
        self._back_at = 0.0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer, or raise."""
        if self._clock.now() < self._back_at:
            raise httpx.ConnectError("refused")
        match self._script.next(request.url.path):
            case Says() as reply:
                return httpx.Response(reply.status, headers=reply.headers, content=reply.content)
            case Breaks(content):
                raise (
                    httpx.RemoteProtocolError(content.decode()) if content else httpx.ReadError("")
                )
            case Silent():
                raise httpx.ReadTimeout("")
            case Gone(seconds):
                self._back_at = self._clock.now() + seconds
                raise httpx.ReadError("reset")

    def close(self) -> None:
        """Nothing is open."""


class SocketServer:
    """A real server on loopback that does to the bytes what its script says."""

    def __init__(self, script: Script, clock: TickingClock) -> None:
        self._script = script
        self._clock = clock
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._port = 0
        self._server: asyncio.Server | None = None
        self._open()

    @property
    def url(self) -> str:
        """Address of the server."""
        return f"http://127.0.0.1:{self._port}"

    def close(self) -> None:
        """Stop to listen, and end all connections."""

        async def end() -> None:
            if self._server:
                self._server.close()
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _open(self) -> None:
        async def listen() -> None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
            self._port = self._server.sockets[0].getsockname()[1]

        asyncio.run_coroutine_threadsafe(listen(), self._loop).result(10)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(
                    (int(line[15:]) for line in head.lower().split(b"\r\n")
                     if line.startswith(b"content-length:")),
                    0,
                )  # fmt: skip
                await reader.readexactly(length)
                await self._behave(self._script.next(head.split()[1].decode()), writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _behave(self, behaviour: Behaviour, writer: asyncio.StreamWriter) -> None:
        match behaviour:
            case Says() as reply:
                lines = [f"HTTP/1.1 {reply.status} X", f"Content-Length: {len(reply.content)}"]
                lines += [f"{name}: {value}" for name, value in reply.headers.items()]
                whole = "\r\n".join([*lines, "", ""]).encode() + reply.content
                step = max(1, len(whole) // 10)
                for start in range(0, len(whole), step) if reply.pause else ():
                    await asyncio.sleep(reply.pause)
                    writer.write(whole[start : start + step])
                if not reply.pause:
                    writer.write(whole)
                await writer.drain()
            case Breaks(content):
                writer.write(content)
                await writer.drain()
                _reset(writer)
            case Silent():
                await asyncio.sleep(10 * PATIENCE)
                _reset(writer)
            case Gone(seconds):
                assert self._server is not None
                self._server.close()
                self._clock.at(self._clock.now() + seconds, self._open)
                _reset(writer)


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection in the hard way."""
    plain = writer.get_extra_info("socket")
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise ConnectionResetError
