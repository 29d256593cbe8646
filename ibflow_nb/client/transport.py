"""Sending requests; only this module and :mod:`~ibflow_nb.client.troubles` know the HTTP library.

One asynchronous client on the background loop, with at most ten connections (the library gets
slower with more). A request is repeated where that is safe: when it surely did not arrive, or
when the endpoint table says that sending it twice has the effect of sending it once.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import quote

import httpx
import msgspec
import tenacity

from ibflow_nb.api.endpoints import Endpoint
from ibflow_nb.api.errors import ApiError
from ibflow_nb.api.schema import Request
from ibflow_nb.client import body as bodies
from ibflow_nb.client.body import Body
from ibflow_nb.client.connection import Connection
from ibflow_nb.client.network import open_http
from ibflow_nb.client.replies import TRANSIENT, Answer, check, decode, retry_after
from ibflow_nb.client.troubles import Trouble, translated
from ibflow_nb.config.secret import Secret
from ibflow_nb.jobs.background import background
from ibflow_nb.jobs.clock import Clock, SystemClock

T = TypeVar("T")
Sink = Callable[[AsyncIterator[bytes], int | None], Awaitable[T]]

CONNECTIONS = 10
ATTEMPTS = 5
LONGEST_WAIT = 60.0
"""Seconds that a server may ask us to wait within one call."""
_KEEP_ALIVE = 4.0  # servers commonly close idle connections after 5 s; be first


@dataclass(frozen=True)
class Call:
    """One request, as often as it may take.

    Attributes:
        endpoint: what is called.
        payload: JSON body, or query of a GET.
        path: drive path that takes the place of ``{path}``.
        query: further query parameters.
        headers: further headers.
        body: raw body instead of ``payload``.
        repeat: whether to try again where that is safe.
        patience: seconds to wait for the reply, infinity for as long as it takes; None for
            the usual.
    """

    endpoint: Endpoint
    payload: Request | None = None
    path: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body | None = None
    repeat: bool = True
    patience: float | None = None


class Transport:
    """Sends calls to one server."""

    def __init__(
        self,
        connection: Connection,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.connection = connection
        self._transport = transport
        self._clock = clock or SystemClock()
        self._http: httpx.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._keep_open: Callable[[], None] = lambda: None

    async def ask(self, call: Call) -> Answer:
        """Send a call and give the whole answer.

        Raises:
            ConnectionFailed: no answer, or half of one.
            ApiError: the answer's HTTP status reports an error.
        """

        async def receive(response: httpx.Response) -> Answer:
            return Answer(
                str(response.url), response.status_code, response.headers, await response.aread()
            )

        return await self._repeat(call, receive)

    async def fetch(self, endpoint: Endpoint, payload: Request, kind: type[T]) -> T:
        """Send a call and give its answer as ``kind``.

        Raises:
            ConnectionFailed: no answer, or half of one.
            ApiError: the answer reports an error, or is not what the API promises.
        """
        return decode(await self.ask(Call(endpoint, payload)), endpoint, kind)

    async def stream(self, call: Call, sink: Sink[T]) -> T:
        """Send a call and hand the answer's body to ``sink`` as it arrives.

        ``sink`` gets the chunks and the length, if known. It is called anew, and must begin
        anew, when the connection broke and the call is repeated.
        """

        async def receive(response: httpx.Response) -> T:
            length = response.headers.get("content-length")
            return await sink(response.aiter_bytes(), int(length) if length else None)

        return await self._repeat(call, receive)

    async def close(self) -> None:
        """Close all connections; the next call opens new ones."""
        self._keep_open()
        http, self._http = self._http, None
        if http is not None and self._loop is asyncio.get_running_loop():
            await http.aclose()

    async def _repeat(self, call: Call, receive: Callable[[httpx.Response], Awaitable[T]]) -> T:
        attempts = ATTEMPTS if call.repeat else 1
        retrying = tenacity.AsyncRetrying(
            stop=tenacity.stop_after_attempt(attempts),
            wait=_wait,
            retry=tenacity.retry_if_exception(lambda e: _may_repeat(e, call.endpoint)),
            sleep=self._clock.sleep,
            reraise=True,
        )
        try:
            return await retrying(self._once, call, receive)
        except Trouble as trouble:
            raise trouble.error from trouble.__cause__

    async def _once(self, call: Call, receive: Callable[[httpx.Response], Awaitable[T]]) -> T:
        with translated(self.connection, call.endpoint):
            async with self._response(call) as response:
                if not response.is_success:
                    self._reject(response, call.endpoint, await response.aread())
                return await receive(response)

    def _reject(self, response: httpx.Response, endpoint: Endpoint, content: bytes) -> None:
        shown = self.connection.token.redact(content.decode(errors="replace")).encode()
        answer = Answer(str(response.url), response.status_code, response.headers, shown)
        try:
            check(answer, endpoint)
        except ApiError as error:
            if answer.status in TRANSIENT:
                raise Trouble(error, wait=retry_after(answer.headers)) from None
            raise

    @asynccontextmanager
    async def _response(self, call: Call) -> AsyncGenerator[httpx.Response]:
        request = self._build(call)
        response = await self._client().send(request, stream=True)
        try:
            yield response
        finally:
            await response.aclose()

    def _build(self, call: Call) -> httpx.Request:
        endpoint = call.endpoint
        query, body = dict(call.query), call.body
        if call.payload is not None:
            if endpoint.method == "GET":
                query |= _as_query(call.payload)
            else:
                content = msgspec.json.encode(call.payload)
                body = bodies.of_bytes(content, content_type="application/json")
        headers = dict(call.headers)
        if body is not None:
            headers["Content-Length"] = str(body.length)
            headers["Content-Type"] = body.content_type
        return self._client().build_request(
            endpoint.method,
            self.connection.url + endpoint.url.replace("{path}", quote(call.path.strip("/"))),
            params=query or None,
            headers=headers,
            content=body.chunks() if body is not None else None,
            timeout=self._timeout(call),
        )

    def _timeout(self, call: Call) -> httpx.Timeout:
        network = self.connection.network
        read = network.timeout if call.patience is None else call.patience
        return httpx.Timeout(
            connect=network.connect_timeout,
            read=None if math.isinf(read) else read,
            write=network.timeout,
            pool=None,
        )

    def _client(self) -> httpx.AsyncClient:
        """Give the client of the running loop; a stopped loop took its own along."""
        loop = asyncio.get_running_loop()
        if self._http is None or self._loop is not loop:
            context = self.connection.context
            self._http = open_http(
                self.connection.url,
                self.connection.network,
                auth=_Bearer(self.connection.token),
                headers={"IB-Context": context} if context else {},
                limits=httpx.Limits(max_connections=CONNECTIONS, keepalive_expiry=_KEEP_ALIVE),
                transport=self._transport,
            )
            self._loop = loop
            self._keep_open = background.on_stop(self.close)
        return self._http


class _Bearer(httpx.Auth):
    """Puts the token into the request on its way out, so that nothing else holds it in clear."""

    def __init__(self, token: Secret) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token.reveal()}"
        yield request


def _may_repeat(error: BaseException, endpoint: Endpoint) -> bool:
    if not isinstance(error, Trouble) or (error.wait or 0) > LONGEST_WAIT:
        return False
    return endpoint.resend or not error.arrived


_backoff = tenacity.wait_exponential(multiplier=0.25, max=8) + tenacity.wait_random(0, 0.25)


def _wait(state: tenacity.RetryCallState) -> float:
    """Wait as long as the server asks for, else longer from time to time."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.wait if isinstance(error, Trouble) else None
    return asked if asked is not None else _backoff(state)


def _as_query(payload: Request) -> dict[str, str]:
    values = msgspec.to_builtins(payload)
    return {
        key: str(value).lower() if isinstance(value, bool) else str(value)
        for key, value in values.items()
        if value is not None
    }
