"""Fixtures for tests of code that uses ibflow-nb.

In the ``conftest.py`` at the top of your tests::

    pytest_plugins = ["ibflow_nb.testing"]

======================  ====================================================================
fixture                 gives
======================  ====================================================================
``ibflow_platform``     a real embedded platform on a temporary root, one for the whole run;
                        ``.connect()`` gives clients of it (needs the extra ``local``)
``ibflow_client``       a client of that platform, closed after the test
``ibflow_server``       a :class:`ScriptedServer`: what each call answers, and what was sent
``ibflow_scripted``     a client whose network is ``ibflow_server`` and whose time is
                        ``ibflow_clock``
``ibflow_clock``        a :class:`FakeClock`, on which waiting takes no time
``ibflow_static``       the static display: one final view of each job, the same in every run
======================  ====================================================================
"""

from __future__ import annotations

import asyncio
import difflib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from ibflow_nb.api.endpoints import ENDPOINTS, Endpoint
from ibflow_nb.client import Client
from ibflow_nb.config.table import DISPLAY_VARIABLE
from ibflow_nb.connecting import connect
from ibflow_nb.jobs.background import background

URL = "http://server.test"
_MOMENT = 0.001  # real seconds: other threads come to their turn
Answer = dict[str, Any] | httpx.Response | Exception | Callable[[Any], Any]
_BY_NAME = {endpoint.name: endpoint for endpoint in ENDPOINTS}


class FakeClock:
    """Time that passes only, and at once, when somebody sleeps.

    Attributes:
        slept: the seconds of each sleep so far; the pauses between looks at running jobs
            pass too and are not listed.
    """

    def __init__(self) -> None:
        self.slept: list[float] = []
        self._watched = 0.0

    def now(self) -> float:
        """Give the time that has passed, in seconds."""
        return sum(self.slept) + self._watched

    async def sleep(self, seconds: float, until: asyncio.Event | None = None) -> None:
        """Let the time pass, unless the event comes first."""
        if until is None:
            self.slept.append(seconds)
            return
        try:
            await asyncio.wait_for(until.wait(), _MOMENT)
        except TimeoutError:
            self._watched += seconds


@dataclass(frozen=True)
class Sent:
    """A request that a scripted server got.

    Attributes:
        call: name of the call in :mod:`ibflow_nb.api.endpoints`.
        path: of the address.
        body: the JSON body as Python objects, or the query of a GET request.
    """

    call: str
    path: str
    body: Any


class ScriptedServer(httpx.AsyncBaseTransport):
    """Stands in for the network: answers each call as the test says.

    Attributes:
        sent: the requests so far, in order.
    """

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self._answers: dict[str, list[Answer]] = {}

    def answer(self, call: str, *answers: Answer) -> None:
        """Say what a call answers: the first time the first, and so on; the last one stays.

        Args:
            call: its name, such as ``run_flow_async`` or ``job_status``.
            answers: a mapping is a JSON reply, an exception is raised in place of one, a function
                is given the body and gives either.

        Raises:
            ValueError: there is no such call.
        """
        if call not in _BY_NAME:
            near = difflib.get_close_matches(call, _BY_NAME, 1)
            raise ValueError(f"There is no call {call!r}" + (f"; {near[0]!r}?" if near else "."))
        self._answers[call] = list(answers)

    def bodies(self, call: str) -> list[Any]:
        """Give what was sent to a call."""
        return [sent.body for sent in self.sent if sent.call == call]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Note a request and answer it."""
        content = await request.aread()
        call = _call(request.method, request.url.path)
        body = _body(request, content)
        self.sent.append(Sent(call, request.url.path, body))
        answers = self._answers.get(call)
        if not answers:
            sentence = f"The test gives no answer to {call or request.url.path}."
            return httpx.Response(404, json={"status": "ERROR", "msg": sentence})
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if not isinstance(answer, dict | httpx.Response | Exception):
            answer = answer(body)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)


def _call(method: str, path: str) -> str:
    """Give the name of the call at an address; a call without a drive path in it comes first."""
    found = [endpoint for endpoint in ENDPOINTS if _matches(endpoint, method, path)]
    return min(found, key=lambda endpoint: "{path}" in endpoint.url).name if found else ""


def _matches(endpoint: Endpoint, method: str, path: str) -> bool:
    pattern = re.escape(endpoint.url).replace(re.escape("{path}"), ".*")
    return endpoint.method == method and re.fullmatch(pattern, path) is not None


def _body(request: httpx.Request, content: bytes) -> Any:
    if request.method == "GET":
        return dict(request.url.params)
    try:
        return json.loads(content)
    except ValueError:
        return content


@dataclass(frozen=True)
class EmbeddedPlatform:
    """A running platform of the tests' own.

    Attributes:
        root: folder of its drive.
    """

    root: Path

    def connect(self) -> Client:
        """Give a new client; close it, or use it as a context manager."""
        return connect("local", root=self.root)


@pytest.fixture(scope="session")
def ibflow_platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPlatform]:
    """A real embedded platform that runs while the tests do."""
    from ibflow_nb.local.launch import stop_platform

    platform = EmbeddedPlatform(tmp_path_factory.mktemp("ibflow"))
    platform.connect().close()
    yield platform
    stop_platform(platform.root)


@pytest.fixture
def ibflow_client(ibflow_platform: EmbeddedPlatform) -> Iterator[Client]:
    """A client of the real embedded platform."""
    with ibflow_platform.connect() as client:
        yield client
    background.stop()


@pytest.fixture
def ibflow_clock() -> FakeClock:
    """A clock on which waiting takes no time."""
    return FakeClock()


@pytest.fixture
def ibflow_server() -> ScriptedServer:
    """A server that answers as the test says."""
    return ScriptedServer()


@pytest.fixture
def ibflow_scripted(ibflow_server: ScriptedServer, ibflow_clock: FakeClock) -> Iterator[Client]:
    """A client of the scripted server, on the fake clock."""
    with Client(URL, "a-token", transport=ibflow_server, clock=ibflow_clock) as client:
        yield client
    background.stop()


@pytest.fixture
def ibflow_static(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show each job once, in its final state."""
    monkeypatch.setenv(DISPLAY_VARIABLE, "static")
