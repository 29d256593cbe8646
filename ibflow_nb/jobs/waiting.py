"""Calls that wait for a job's end: an interrupt ends the waiting, and a notebook says so."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, Protocol, TypeVar

from ibflow_nb.api.errors import Interrupted
from ibflow_nb.jobs.call import BoundCall, call


class Waited(Protocol):
    """What is waited for."""

    id: str


P = ParamSpec("P")
R = TypeVar("R")
W = TypeVar("W", bound=Waited)


class BoundWait(BoundCall[P, R]):
    """A waiting method of a job, callable in both ways."""

    def __init__(self, function: Callable[P, Coroutine[Any, Any, R]], job_id: str) -> None:
        super().__init__(function)
        self._job_id = job_id

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call and wait for the result.

        Raises:
            Interrupted: the user interrupted the wait; the job goes on.
        """
        try:
            return super().__call__(*args, **kwargs)
        except KeyboardInterrupt:
            raise Interrupted(
                f"job {self._job_id} goes on; job.wait() waits for it again, job.cancel() stops it."
            ) from None


class waiting(call[W, P, R]):  # noqa: N801 - a decorator
    """Make an ``async def`` method that waits for a job callable with and without ``await``."""

    def _bind(self, instance: W, owner: type) -> BoundCall[P, R]:
        return BoundWait(self._function.__get__(instance, owner), instance.id)
