"""The HTTP library's exceptions, turned into sentences."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from ibflow_nb.api.endpoints import Endpoint
from ibflow_nb.api.errors import ConnectionFailed, IbflowError
from ibflow_nb.client.connection import Connection
from ibflow_nb.client.network import proxy_to, why_not_secure


class Trouble(Exception):
    """An attempt that failed in a way that may pass.

    Attributes:
        error: what the user is told if it does not.
        arrived: whether the request may have reached the server.
        wait: seconds for which the server asked to be left alone.
    """

    def __init__(
        self, error: IbflowError, *, arrived: bool = True, wait: float | None = None
    ) -> None:
        super().__init__(str(error))
        self.error = error
        self.arrived = arrived
        self.wait = wait


@contextmanager
def translated(connection: Connection, endpoint: Endpoint) -> Iterator[None]:
    """Raise :class:`Trouble` or :class:`ConnectionFailed` in place of the library's exceptions."""
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError) as error:  # the library passes on TLS
        raise _in_words(error, connection, endpoint) from error


def _in_words(error: Exception, connection: Connection, endpoint: Endpoint) -> Exception:
    name, url = endpoint.name, connection.url
    refusal = _cause(error)
    if refusal is not None and (
        isinstance(error, httpx.ConnectError) or "ALERT" in (refusal.reason or "")
    ):
        why = why_not_secure(refusal, connection.network)
        return ConnectionFailed(f"{name}: no secure connection to {url}: {why}.")
    if isinstance(error, httpx.ProxyError):
        return ConnectionFailed(f"{name}: no way to {url}{_by_way_of(connection)}: {error}.")
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        why = str(error) or "no answer in time"
        way = _by_way_of(connection)
        what = f"no server is reached at {url}{way}" if way else f"no server answers at {url}"
        sentence = f"{name}: {what} ({why}); check that it runs there."
        return Trouble(ConnectionFailed(sentence), arrived=False)
    if isinstance(error, httpx.TransportError | ssl.SSLError):
        timeout = isinstance(error, httpx.TimeoutException)
        what = f"{url} did not answer in time" if timeout else f"the connection to {url} broke"
        why = f" ({error})" if str(error) else ""
        return Trouble(ConnectionFailed(f"{name}: {what}{why}; {_advice(endpoint)}."))
    return ConnectionFailed(f"{name}: {error}.")


def _by_way_of(connection: Connection) -> str:
    proxy = proxy_to(connection.url, connection.network)
    return f" by way of the proxy {proxy.value} ({proxy.source})" if proxy.value.address else ""


def _advice(endpoint: Endpoint) -> str:
    if endpoint.resend:
        return "try again"
    return "the request may have been carried out, look before you send it again"


def _cause(error: BaseException | None) -> ssl.SSLError | None:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return error
        error = error.__cause__ or error.__context__
    return None
