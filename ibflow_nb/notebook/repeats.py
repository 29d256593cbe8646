"""Whether a request that is about to be sent runs already."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from ibflow_nb.api.errors import CommandError, JobError, NotFound

if TYPE_CHECKING:
    from ibflow_nb.config.target import Target
    from ibflow_nb.notebook.commands.base import Call
    from ibflow_nb.notebook.context import Context


def mark_of(call: Call, target: Target | None) -> str:
    """Give a request a mark that it shares with those alone that do the same.

    That is: the same call with the same body, after expansion and upload, to the same server for
    the same organisation. It is a digest, so nothing of the body can be read in it.
    """
    place = [target.url, target.root, target.context] if target else []
    body = msgspec.json.encode([place, call.endpoint.name, call.request], order="deterministic")
    return hashlib.sha256(body).hexdigest()


def refuse_repeat(context: Context, mark: str) -> None:
    """Refuse a request if the latest job of the same request has not ended.

    Asks the server once, and only if such a job is known, of this kernel or an earlier one.

    Raises:
        CommandError: that job goes on.
    """
    job_id = context.jobs.like(mark)
    if job_id is None:
        return
    try:
        snapshot = context.ask(job_id)
    except (NotFound, JobError):  # a job that the server has forgotten does not run
        return
    if not snapshot.done:
        raise CommandError(
            f"Job {job_id} does the same and is {snapshot.state} ({snapshot.progress:.0%}): "
            f"'{context.prog} attach {job_id}' shows it, --again starts another one."
        )
