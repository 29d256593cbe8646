"""Marketplace and Solution API: packages, the marketplace, runs of solutions."""

from __future__ import annotations

from ibflow_nb.api import endpoints
from ibflow_nb.local.server.handlers import Handlers

handlers = Handlers()

handlers.lacks(
    endpoints.SOLUTION_CREATE,
    endpoints.SOLUTION_RUN,
    endpoints.SOLUTION_RUN_SYNC,
    endpoints.MARKETPLACE_PUBLISH,
    endpoints.MARKETPLACE_UNPUBLISH,
    endpoints.MARKETPLACE_INSTALL,
    endpoints.MARKETPLACE_LIST,
)
