"""Reviews: corrected values for a job that stopped at a checkpoint."""

from __future__ import annotations

from typing import Any

import msgspec

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.api.flow import ReviewJob
from ibflow_nb.api.jobs import JobState
from ibflow_nb.local.engine.ledger import Ledger
from ibflow_nb.local.engine.model import Job, Plan


def store_review(ledger: Ledger, request: ReviewJob) -> None:
    """Hand reviewed values to the checkpoint that a job stopped at.

    They become the ``reviewed`` kwarg of its step, which takes them over when the job is resumed;
    values of an earlier review of the same record stay unless they are given again.

    Raises:
        NotFound: there is no such job.
        InvalidRequest: it has not stopped at a checkpoint, or has no such file.
    """
    job = ledger.job(request.job_id)
    held = ledger.held_steps(job.id)
    if job.state is not JobState.STOPPED_AT_CHECKPOINT or not held:
        raise InvalidRequest(f"Job {job.id} has not stopped at a checkpoint: nothing to review.")
    files = sum(1 for _ in ledger.files(job.id))
    for record in request.records:
        if not 0 <= record.file_index < files or record.record_index < 0:
            raise InvalidRequest(
                f"Job {job.id} has no record {record.record_index} of file {record.file_index}."
            )
    plan = msgspec.json.decode(job.plan, type=Plan)
    steps = [
        msgspec.structs.replace(step, kwargs=_reviewed(step.kwargs, request))
        if number in held
        else step
        for number, step in enumerate(plan.steps)
    ]
    plan = msgspec.structs.replace(plan, steps=steps)
    ledger.update_job(job.id, plan=msgspec.json.encode(plan), reviewer=request.reviewer or job.user)


def review_state(job: Job) -> str:
    """Give ``review_state`` of the status reply (platform: Job status endpoint)."""
    if job.state is JobState.STOPPED_AT_CHECKPOINT:
        return "IN REVIEW" if job.reviewer else "NOT_COMPLETED"
    return "COMPLETED" if job.reviewer and job.state is JobState.COMPLETE else "NONE"


def _reviewed(kwargs: dict[str, Any], request: ReviewJob) -> dict[str, Any]:
    reviews = {
        (entry["file_index"], entry["record_index"]): entry for entry in kwargs.get("reviewed", [])
    }
    for record in request.records:
        key = (record.file_index, record.record_index)
        before = reviews.get(key, {"fields": {}})
        reviews[key] = {
            "file_index": record.file_index,
            "record_index": record.record_index,
            "fields": before["fields"] | record.values,
            "approved": record.approved,
        }
    return {**kwargs, "reviewed": [*reviews.values()]}
