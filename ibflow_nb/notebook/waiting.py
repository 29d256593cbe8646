"""Waiting for a job in a cell: in short slices, so that an interrupt is answered at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ibflow_nb.notebook.settings import OnInterrupt

if TYPE_CHECKING:
    from ibflow_nb.jobs import Job
    from ibflow_nb.notebook.context import Context


class Interrupted(KeyboardInterrupt):
    """A wait that the user interrupted; a notebook shows one line."""

    def _render_traceback_(self) -> list[str]:
        return [f"Interrupted: {self}"]


def wait_for(context: Context, job: Job, timeout: float | None = None) -> Job:
    """Wait for the job's end, whatever the end.

    Raises:
        JobTimeout: it has not ended in time; it goes on.
        Interrupted: the user interrupted; the job goes on or is cancelled, as the settings say.
    """
    try:
        job.wait(timeout)
    except KeyboardInterrupt:
        if context.settings.interrupt is OnInterrupt.CANCEL:
            job.cancel()
            raise Interrupted(f"job {job.id} is being cancelled.") from None
        raise Interrupted(
            f"job {job.id} goes on; '{context.prog} attach {job.id}' shows it again, "
            f"'{context.prog} cancel {job.id}' stops it."
        ) from None
    finally:
        context.screen.settle(job)
    return job
