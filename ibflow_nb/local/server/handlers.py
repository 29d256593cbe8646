"""How route modules declare the handlers of the endpoint table's calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from ibflow_nb.api.endpoints import Endpoint
from ibflow_nb.api.schema import Reply, Request, convert_request, decode_request
from ibflow_nb.local.server.bodies import read_whole
from ibflow_nb.local.server.platform import Platform
from ibflow_nb.local.server.refusals import json_response

R = TypeVar("R", bound=Request)


@dataclass(frozen=True)
class Call(Generic[R]):
    """One call of a JSON endpoint.

    Attributes:
        platform: the platform that is called.
        body: the decoded request.
        base_url: the server's address as the caller sees it, without a slash at its end.
        path: the drive path in the URL, for endpoints that have one.
    """

    platform: Platform
    body: R
    base_url: str
    path: str


RawHandler = Callable[[Platform, HttpRequest], Awaitable[Response]]
JsonHandler = Callable[[Call[Any]], Reply]


class Handlers:
    """The handlers of one family of calls."""

    def __init__(self) -> None:
        self.by_endpoint: dict[Endpoint, RawHandler] = {}

    def answers(
        self, *endpoints: Endpoint
    ) -> Callable[[Callable[[Call[R]], Reply]], Callable[[Call[R]], Reply]]:
        """Register a function from decoded request to reply; it may block, a thread runs it."""

        def register(function: Callable[[Call[R]], Reply]) -> Callable[[Call[R]], Reply]:
            for endpoint in endpoints:
                self.by_endpoint[endpoint] = _json_handler(endpoint, function)
            return function

        return register

    def serves(self, endpoint: Endpoint) -> Callable[[RawHandler], RawHandler]:
        """Register a coroutine function that reads the HTTP request itself."""

        def register(function: RawHandler) -> RawHandler:
            self.by_endpoint[endpoint] = function
            return function

        return register


async def decode_call(
    platform: Platform, endpoint: Endpoint, request: HttpRequest, kind: type[R]
) -> R:
    """Decode the JSON body of a request, or its query for GET.

    Raises:
        InvalidRequest: a key is missing or has a wrong type.
        Refusal: the body is too large (413).
    """
    if request.method == "GET":
        query = request.query_params
        raw = {key: ",".join(query.getlist(key)) for key in query}
        return convert_request(kind, raw, call=endpoint.name)
    content = await read_whole(request, platform.settings.limits.json_bytes)
    return decode_request(kind, content, call=endpoint.name)


def path_parameter(request: HttpRequest) -> str:
    """Give the drive path of a URL, decoded once."""
    return str(request.path_params.get("path", ""))


def _json_handler(endpoint: Endpoint, function: Callable[[Call[R]], Reply]) -> RawHandler:
    kind = endpoint.request
    assert kind is not None, f"{endpoint.name} has no request type"

    async def handle(platform: Platform, request: HttpRequest) -> Response:
        body: Any = await decode_call(platform, endpoint, request, kind)
        base_url = str(request.base_url).rstrip("/")
        call = Call(platform, body, base_url, path_parameter(request))
        return json_response(await run_in_threadpool(function, call))

    return handle
