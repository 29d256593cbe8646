"""Reading the records of a run (source: Flow Results API)."""

from __future__ import annotations

import asyncio

from ibflow_nb.api import endpoints
from ibflow_nb.api.results import (
    FILES_PER_PAGE,
    ResultRecord,
    ResultsOptions,
    ResultsQuery,
    ResultsReply,
)
from ibflow_nb.client.pages import Pages
from ibflow_nb.client.transport import Transport
from ibflow_nb.frames import Records
from ibflow_nb.jobs.call import call

RESULTS_FILE = "batch.ibflowresults"
_MOST_AT_ONCE = 8


class Results:
    """``client.results``: the records of finished runs."""

    def __init__(self, transport: Transport, pages: Pages) -> None:
        self._transport = transport
        self._pages = pages

    @call
    async def get(
        self,
        path: str,
        *,
        job_id: str = "",
        layouts: bool = True,
        provenance: bool = True,
        internal: bool = False,
        checkpoints: bool = False,
    ) -> Records:
        """Read all records of a run.

        Args:
            path: drive path of the run's output folder, or of its ``batch.ibflowresults``.
            job_id: the run, if known.
            layouts: size and images of the pages; boxes in frames need them.
            provenance: where each value was read.
            internal: fields whose name begins with ``__``.
            checkpoints: validations of each record.

        Raises:
            ApiError: there are no results at this path.
        """
        if not path.endswith(".ibflowresults"):
            path = f"{path.rstrip('/')}/{RESULTS_FILE}"
        features = {"provenance_info": provenance, "internal_keys": internal}
        options = ResultsOptions(
            include_page_layouts=layouts,
            include_checkpoint_results=checkpoints,
            refined_phrases_features=[name for name, wanted in features.items() if wanted],
        )
        query = ResultsQuery(ibresults_path=path, options=options, job_id=job_id)
        first = await self._page(query, 0)
        records = list(first.records)
        if first.has_more:
            records += await self._rest(query)
        job_id = first.job_id or job_id
        return Records(records, job_id=job_id, load_pages=self._pages.load)

    async def _rest(self, query: ResultsQuery) -> list[ResultRecord]:
        """Read the pages after the first, more and more at once: their number is not told."""
        records: list[ResultRecord] = []
        page, at_once = 1, 1
        while True:
            replies = await asyncio.gather(
                *(self._page(query, number) for number in range(page, page + at_once))
            )
            for reply in replies:
                records += reply.records
                if not reply.has_more:
                    return records
            page += at_once
            at_once = min(2 * at_once, _MOST_AT_ONCE)

    async def _page(self, query: ResultsQuery, number: int) -> ResultsReply:
        payload = ResultsQuery(
            ibresults_path=query.ibresults_path,
            options=query.options,
            job_id=query.job_id,
            file_offset=number * FILES_PER_PAGE,
        )
        return await self._transport.fetch(endpoints.RESULTS, payload, ResultsReply)
