"""Flow results: the records of a run, and pictures of their pages."""

from __future__ import annotations

from ibflow_nb.api import endpoints
from ibflow_nb.api.results import PageImage, PageImageQuery, ResultsQuery, ResultsReply
from ibflow_nb.local.server.handlers import Call, Handlers

handlers = Handlers()


@handlers.answers(endpoints.RESULTS)
def results(call: Call[ResultsQuery]) -> ResultsReply:
    """Give the records of up to 20 files."""
    return call.platform.engine.results(call.body)


@handlers.answers(endpoints.PAGE_IMAGE)
def page_image(call: Call[PageImageQuery]) -> PageImage:
    """Draw a page of a record."""
    return call.platform.engine.page_image(call.body)
