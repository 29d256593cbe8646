"""A connection to one server, and what can be asked there."""

from __future__ import annotations

import asyncio
import warnings
import weakref
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ibflow_nb.api.endpoints import JOB_LIST
from ibflow_nb.api.errors import ConfigError, ConnectionFailed
from ibflow_nb.api.jobs import JobListQuery
from ibflow_nb.client.connection import LOCAL_HOME, Connection
from ibflow_nb.client.files import Files
from ibflow_nb.client.flows import Flows
from ibflow_nb.client.jobs import Jobs
from ibflow_nb.client.marketplace import Marketplace
from ibflow_nb.client.network import RiskyConnection
from ibflow_nb.client.pages import Pages
from ibflow_nb.client.replies import parse
from ibflow_nb.client.results import Results
from ibflow_nb.client.service import ServerJobs
from ibflow_nb.client.solutions import Solutions
from ibflow_nb.client.transport import Call, Transport
from ibflow_nb.config.target import Network, Target, from_arguments
from ibflow_nb.jobs.board import Board
from ibflow_nb.jobs.call import call
from ibflow_nb.jobs.clock import Clock
from ibflow_nb.jobs.poller import Poller, poller
from ibflow_nb.jobs.schedule import EMBEDDED, REMOTE

if TYPE_CHECKING:
    import httpx


class Client:
    """A server with the Flow API.

    All methods of the families block; ``await client.files.read.aio(path)`` is the same,
    awaited. Nothing is sent until something is asked.

    Attributes:
        connection: address, token (which shows itself to nobody) and context.
        flows: starting flows, steps, metaflows and binaries.
        solutions: packing and running solutions.
        marketplace: publishing and installing them.
        jobs: finding and controlling jobs.
        files: the drive.
        results: the records of runs.
    """

    def __init__(
        self,
        url: str | Target | None = None,
        token: str | None = None,
        context: str | None = None,
        *,
        home: str = "",
        network: Network | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Set the connection; it is made when it is first used.

        Args:
            url: the server, with or without ``/api/v1``; default ``IBFLOW_URL``. Or a target
                that was decided on, which holds its own token and context.
            token: bearer token; default ``IBFLOW_TOKEN``.
            context: organisation or user; default ``IBFLOW_CONTEXT``.
            home: drive path of the user's own space, for uploads without a target; default
                what the profile says, else the space of the embedded platform's user where the
                server is on this machine.
            network: certificates, proxy and timeouts; default what profile and environment say.
            transport: stands in for the network, in tests.
            clock: stands in for time, in tests.

        Raises:
            ConfigError: there is no URL, or something given cannot be used; or a token or a
                context is given beside a target.
        """
        target = _decide(url, token, context)
        self.connection = Connection.to(target, network)
        if risk := self.connection.network.risk(self.connection.url):
            warnings.warn(risk, RiskyConnection, stacklevel=2)
        self._transport = Transport(self.connection, transport=transport, clock=clock)
        self._poller = poller if clock is None else Poller(clock)
        usual = LOCAL_HOME if self.connection.is_loopback else ""
        self.files = Files(self._transport, home or target.home or usual)
        pages = Pages(self._transport, self.files)
        self.results = Results(self._transport, pages)
        pace = EMBEDDED if self.connection.is_loopback else REMOTE
        self._service = ServerJobs(self._transport, self.results, pace)
        self._boards: weakref.WeakSet[Board] = weakref.WeakSet()
        self.jobs = Jobs(self._transport, self._service, self._poller, self._boards)
        self.flows = Flows(self._transport, self.jobs)
        self.solutions = Solutions(self._transport, self.jobs, pages)
        self.marketplace = Marketplace(self._transport)

    @property
    def url(self) -> str:
        """The server's root address."""
        return self.connection.url

    @call
    async def check(self) -> None:
        """Ask the server for next to nothing, to learn whether it answers and knows the token.

        This takes no longer than the connection's ``connect_timeout``.

        Raises:
            AuthenticationFailed: it refuses the token or the context.
            ConnectionFailed: no answer, or none in time.
            ApiError: what answers is no such platform, or is in trouble.
        """
        patience = self.connection.network.connect_timeout
        asked = Call(JOB_LIST, JobListQuery(limit=1), repeat=False)
        try:
            async with asyncio.timeout(patience):
                answer = await self._transport.ask(asked)
        except TimeoutError:
            raise ConnectionFailed(
                f"No answer from {self.url} within {patience:g} s; check the address, and "
                "whether a proxy leads there."
            ) from None
        parse(answer, JOB_LIST)

    @call
    async def close(self) -> None:
        """Stop asking after this client's jobs and close its connections; jobs go on."""
        self._poller.release(self._service)
        for board in list(self._boards):
            await board.stop.aio()
        await self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close.aio()

    def __repr__(self) -> str:
        return f"Client({self.url!r})"


def _decide(url: str | Target | None, token: str | None, context: str | None) -> Target:
    if not isinstance(url, Target):
        return from_arguments(url, token, context)
    if token is not None or context is not None:
        raise ConfigError(
            "A target holds its own token and context; give these with a URL, or set them in the "
            "target."
        )
    return url
