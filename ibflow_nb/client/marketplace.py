"""The marketplace (source: Marketplace and Solution API)."""

from __future__ import annotations

from ibflow_nb.api import endpoints
from ibflow_nb.api.schema import Envelope
from ibflow_nb.api.solutions import (
    MarketplaceApp,
    MarketplaceQuery,
    MarketplaceReply,
    PublishReply,
    PublishSolution,
    SolutionVersion,
)
from ibflow_nb.client.transport import Transport
from ibflow_nb.jobs.call import call

_Apps = list[MarketplaceApp]  # `list` is a method below


class Marketplace:
    """``client.marketplace``: published and installed solutions."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @call
    async def publish(self, ibsolution_path: str, *, in_background: bool = False) -> PublishReply:
        """Publish a package.

        Args:
            ibsolution_path: drive path of the ``.ibsolution``.
            in_background: answer the id of a job at once.

        Raises:
            ApiError: it is no sound package, or its version is published with other content.
        """
        payload = PublishSolution(ibsolution_path=ibsolution_path, run_async=in_background)
        return await self._transport.fetch(endpoints.MARKETPLACE_PUBLISH, payload, PublishReply)

    @call
    async def install(self, name: str, version: str) -> None:
        """Install a published version, so that it can be run by its name."""
        payload = SolutionVersion(name=name, version=version)
        await self._transport.fetch(endpoints.MARKETPLACE_INSTALL, payload, Envelope)

    @call
    async def unpublish(self, name: str, version: str) -> None:
        """Withdraw a published version; where it is installed it stays."""
        payload = SolutionVersion(name=name, version=version)
        await self._transport.fetch(endpoints.MARKETPLACE_UNPUBLISH, payload, Envelope)

    @call
    async def list(self) -> _Apps:
        """List all solutions with their published and installed versions, newest first."""
        endpoint, query = endpoints.MARKETPLACE_LIST, MarketplaceQuery()
        return (await self._transport.fetch(endpoint, query, MarketplaceReply)).apps
