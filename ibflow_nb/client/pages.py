"""Pictures of pages (source: ``flow_binary/page_image``; Flow Results API, page layouts)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import PurePosixPath

from ibflow_nb.api import endpoints
from ibflow_nb.api.errors import IbflowError
from ibflow_nb.api.results import PageImage
from ibflow_nb.client.files import Files
from ibflow_nb.client.transfers import AT_ONCE
from ibflow_nb.client.transport import Transport
from ibflow_nb.frames.pictures.pages import WantedPage
from ibflow_nb.jobs.call import call

_MOST_BYTES = 2_000_000
_MEDIA_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}


class Pages:
    """Fetches the pictures that views of records show."""

    def __init__(self, transport: Transport, files: Files) -> None:
        self._transport = transport
        self._files = files

    @call
    async def load(self, wanted: Sequence[WantedPage]) -> list[PageImage | str]:
        """Fetch pictures, a few at once; where there is none a sentence says why."""
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(page: WantedPage) -> PageImage | str:
            async with slots:
                return await self._load(page)

        return await asyncio.gather(*map(one, wanted))

    async def _load(self, page: WantedPage) -> PageImage | str:
        """Have a page drawn; a server that does not draw may have kept an image of it."""
        try:
            return await self._transport.fetch(endpoints.PAGE_IMAGE, page.query, PageImage)
        except IbflowError as error:
            media_type = _MEDIA_TYPES.get(PurePosixPath(page.image_path).suffix.lower())
            if media_type is None:
                return str(error)
        try:
            size = (await self._files.stat.aio(page.image_path)).size
            if size > _MOST_BYTES:
                return f"The image of the page has {size:,} bytes, more than can be shown here."
            content = await self._files.read.aio(page.image_path)
        except IbflowError as error:
            return str(error)
        return PageImage(media_type=media_type, content=content)
