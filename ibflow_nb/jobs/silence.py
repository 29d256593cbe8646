"""A server that answers no more, told to those who wait for its jobs for as long as it takes."""

from __future__ import annotations

import contextlib
import time
import warnings
from collections.abc import Iterator

from ibflow_nb.jobs.snapshot import Snapshot
from ibflow_nb.jobs.watch import Watch


class ServerSilent(UserWarning):
    """The server of a job that is waited for has not answered for two minutes."""


@contextlib.contextmanager
def silence_told(watch: Watch) -> Iterator[None]:
    """Warn within the block, once each time that the server falls silent."""
    told = False

    def look(seen: Snapshot) -> None:
        nonlocal told
        if seen.silent_since is not None and not told:
            warnings.warn(_sentence(seen, seen.silent_since), ServerSilent, stacklevel=2)
        told = seen.silent_since is not None

    unsubscribe = watch.subscribe(look)
    try:
        look(watch.snapshot)
        yield
    finally:
        unsubscribe()


def _sentence(seen: Snapshot, since: float) -> str:
    moment = time.strftime("%H:%M:%S", time.localtime(since))
    return (
        f"Job {seen.job_id} is waited for, but its server has not answered since {moment} "
        f"({seen.note.rstrip('.')}); interrupt to wait no longer, or give a timeout."
    )
