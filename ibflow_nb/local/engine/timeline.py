"""When the units of a job ran (``jobs/timeline``)."""

from __future__ import annotations

import time

import msgspec

from ibflow_nb.api.timeline import (
    MOST_UNITS,
    TimelineQuery,
    TimelineReply,
    TimelineStep,
    TimelineUnit,
)
from ibflow_nb.local.engine.ledger import Ledger
from ibflow_nb.local.engine.model import Plan


def read_timeline(ledger: Ledger, query: TimelineQuery) -> TimelineReply:
    """Give a page of a job's units.

    Raises:
        NotFound: there is no such job.
    """
    plan = msgspec.json.decode(ledger.job(query.job_id).plan, type=Plan)
    limit, offset = max(1, min(query.limit, MOST_UNITS)), max(0, query.offset)
    rows = ledger.query(
        "SELECT unit.step, unit.file AS file_index, ifnull(file.name, '') AS file_name, "
        "unit.first AS first_page, unit.last AS last_page, unit.state, unit.attempts, "
        "unit.started, unit.finished FROM unit "
        "LEFT JOIN file ON file.job_id = unit.job_id AND file.idx = unit.file "
        "WHERE unit.job_id = ? ORDER BY unit.id LIMIT ? OFFSET ?",
        (query.job_id, limit + 1, offset),
    )
    return TimelineReply(
        job_id=query.job_id,
        now=time.time(),
        steps=[TimelineStep(name=step.name, folder=step.folder) for step in plan.steps],
        units=[TimelineUnit(**dict(row)) for row in rows[:limit]],
        has_more=len(rows) > limit,
    )
