"""Showing a job in a cell and waiting for it; an interrupt is answered as the settings say."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from ibflow_nb.api.errors import ConnectionFailed, JobTimeout
from ibflow_nb.config.table import INTERRUPT, OnInterrupt
from ibflow_nb.jobs import silence
from ibflow_nb.jobs.waiting import Waited, interrupt_policy, interruptible

if TYPE_CHECKING:
    from ibflow_nb.jobs import Job
    from ibflow_nb.notebook.context import Context

_LOOK = 1.0


def follow(
    context: Context, job: Job, title: str, *, wait: bool, timeout: float | None = None
) -> Job:
    """Show a job's progress, and wait for its end, whatever the end, if wanted.

    Args:
        context: of the command.
        job: the job.
        title: short name of what runs.
        wait: whether to wait; where nobody can watch the job, it is always waited for.
        timeout: seconds to wait at most.

    Raises:
        JobTimeout: it has not ended in time; it goes on.
        Interrupted: the user interrupted; the job goes on or is cancelled, as the settings say.
        ConnectionFailed: nobody watches, and the server was silent for two minutes of the wait.
    """
    if not wait and not context.screen.waits:
        context.screen.show_job(job, title)
        return job
    with interruptible(job):
        context.screen.show_job(job, title)
        if context.screen.waits and timeout is None:
            _wait_unwatched(context, job)
        else:
            job.wait(timeout)
        context.screen.settle(job)
    return job


def _wait_unwatched(context: Context, job: Job) -> None:
    """Wait where nobody could interrupt: a server that has gone for good must end it.

    A silence that began before the wait does not count against it.
    """
    began = time.monotonic()
    while True:
        with contextlib.suppress(JobTimeout):
            job.wait(_LOOK)
            return
        seen = job.snapshot
        if seen.silent_since is not None and time.monotonic() - began >= silence.PATIENCE:
            seconds = time.time() - seen.silent_since
            raise ConnectionFailed(
                f"Job {job.id} was waited for, but its server has not answered for {seconds:.0f} s "
                f"({seen.note}); '{context.prog} attach {job.id}' looks after it again."
            )


def set_interrupt_policy(context: Context) -> None:
    """Have all waits of this process do at an interrupt what the settings say."""

    def sentence(job: Waited) -> str:
        return (
            f"job {job.id} goes on; '{context.prog} attach {job.id}' shows it again, "
            f"'{context.prog} cancel {job.id}' stops it."
        )

    interrupt_policy.set(lambda: context.settings[INTERRUPT] is OnInterrupt.CANCEL, sentence)
