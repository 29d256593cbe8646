"""The ASGI application, built from the endpoint table."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterator

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from ibflow_nb.api import endpoints
from ibflow_nb.api.endpoints import ENDPOINTS, Endpoint
from ibflow_nb.local.server.guard import OPEN_PATHS, Guard, api_version
from ibflow_nb.local.server.handlers import Handlers, RawHandler
from ibflow_nb.local.server.openapi import openapi_document
from ibflow_nb.local.server.platform import Platform
from ibflow_nb.local.server.refusals import Refusal, error_response, json_response
from ibflow_nb.local.server.routes import binaries, drives, files, flow, jobs, results, solutions

FAMILIES: tuple[Handlers, ...] = (
    flow.handlers,
    binaries.handlers,
    jobs.handlers,
    results.handlers,
    solutions.handlers,
    files.handlers,
    drives.handlers,
)
# Clients also append the project's path to the address; the body names it anyway.
SECOND_PATHS = {endpoints.COMPILE: "flow_binary/compile/{path}"}

HttpHandler = Callable[[Request], Awaitable[Response]]


def build_app(platform: Platform, *, host: str = "127.0.0.1") -> ASGIApp:
    """Build the application of one platform.

    Args:
        platform: what the handlers work with.
        host: address that the server is bound to; callers must name it.

    Raises:
        RuntimeError: the endpoint table and the handlers do not match.
    """
    handlers = collect_handlers(FAMILIES)
    routes = [
        *_own_routes(),
        *(
            Route(path, _answering(platform, endpoint, handler), methods=[endpoint.method])
            for endpoint, handler in sorted(handlers.items(), key=lambda item: _rank(item[0]))
            for path in addresses(endpoint)
        ),
    ]
    app = Starlette(routes=routes, exception_handlers={HTTPException: _no_such_call})
    app.router.redirect_slashes = False
    return Guard(app, token=platform.token, host=host)


def collect_handlers(families: tuple[Handlers, ...]) -> dict[Endpoint, RawHandler]:
    """Join the families' handlers and hold them against the endpoint table.

    Raises:
        RuntimeError: a call of the table has no handler, or a handler stands for none of them.
    """
    handlers = {
        endpoint: handler for family in families for endpoint, handler in family.by_endpoint.items()
    }
    odd = handlers.keys() ^ set(ENDPOINTS)
    if odd:
        names = ", ".join(sorted(endpoint.name for endpoint in odd))
        raise RuntimeError(f"Endpoint table and handlers do not match at: {names}.")
    return handlers


def _rank(endpoint: Endpoint) -> tuple[bool, int, bool]:
    """Order routes: fixed addresses, then longer ones, HEAD before the GET that implies it."""
    return ("{path}" in endpoint.path, -len(endpoint.path), endpoint.method != "HEAD")


def addresses(endpoint: Endpoint) -> Iterator[str]:
    """Give the URL paths of a call: v1 ones also bare, a drive path may be empty."""
    for path in filter(None, (endpoint.path, SECOND_PATHS.get(endpoint))):
        rooted = path.replace("{path}", "{path:path}")
        for prefix in (f"/api/v{endpoint.version}", *([""] if endpoint.version == 1 else [])):
            yield f"{prefix}/{rooted}"
            if rooted.endswith("/{path:path}"):
                yield f"{prefix}/{rooted.removesuffix('/{path:path}')}"


def _answering(platform: Platform, endpoint: Endpoint, handler: RawHandler) -> HttpHandler:
    """Wrap a handler so that any error becomes a reply of the right shape."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(platform, request)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        except Exception as error:  # noqa: BLE001 - logged under an error id, told in a sentence
            return error_response(error, endpoint.version)

    return answer


async def _no_such_call(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    words = "There is no call" if error.status_code == 404 else "The wrong method is used in"
    sentence = f"{words} {request.method} {request.url.path}."
    refusal = Refusal(error.status_code, sentence, dict(error.headers or {}))
    return error_response(refusal, api_version(request.url.path))


def _own_routes() -> Iterator[Route]:
    """Give the routes beside the table: health and the description of the API."""

    async def health(request: Request) -> Response:
        return json_response({"status": "OK", "pid": os.getpid()})

    async def openapi(request: Request) -> Response:
        return json_response(openapi_document())

    for path in sorted(OPEN_PATHS):
        yield Route(path, health)
    yield Route("/api/v1/openapi.json", openapi)
