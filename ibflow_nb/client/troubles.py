"""The HTTP library's exceptions, turned into sentences."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from ibflow_nb.api.endpoints import Endpoint
from ibflow_nb.api.errors import ConnectionFailed, IbflowError


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
def translated(url: str, endpoint: Endpoint) -> Iterator[None]:
    """Raise :class:`Trouble` or :class:`ConnectionFailed` in place of the library's exceptions."""
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _in_words(error, url, endpoint) from error


def _in_words(error: Exception, url: str, endpoint: Endpoint) -> Exception:
    name = endpoint.name
    if _has_cause(error, ssl.SSLError):
        return ConnectionFailed(
            f"{name}: no secure connection to {url} ({error}); check the address, or let "
            "SSL_CERT_FILE name the certificates of your organisation."
        )
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        why = str(error) or "no answer in time"
        sentence = f"{name}: no server answers at {url} ({why}); check that it runs there."
        return Trouble(ConnectionFailed(sentence), arrived=False)
    if isinstance(error, httpx.TransportError):
        timeout = isinstance(error, httpx.TimeoutException)
        what = f"{url} did not answer in time" if timeout else f"the connection to {url} broke"
        why = f" ({error})" if str(error) else ""
        return Trouble(ConnectionFailed(f"{name}: {what}{why}; {_advice(endpoint)}."))
    return ConnectionFailed(f"{name}: {error}.")


def _advice(endpoint: Endpoint) -> str:
    if endpoint.resend:
        return "try again"
    return "the request may have been carried out, look before you send it again"


def _has_cause(error: BaseException | None, kind: type[BaseException]) -> bool:
    while error is not None:
        if isinstance(error, kind):
            return True
        error = error.__cause__ or error.__context__
    return False
