"""Calls that wait for a job's end: an interrupt ends the waiting, and a notebook says so."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any, ParamSpec, Protocol, TypeVar

from ibflow_nb.api.errors import Interrupted
from ibflow_nb.jobs.call import BoundCall, call


class Waited(Protocol):
    """What is waited for."""

    id: str

    @property
    def cancel(self) -> BoundCall[[], None]:
        """Stop it."""
        ...


P = ParamSpec("P")
R = TypeVar("R")
W = TypeVar("W", bound=Waited)


def _goes_on(job: Waited) -> str:
    return f"job {job.id} goes on; job.wait() waits for it again, job.cancel() stops it."


@dataclass
class InterruptPolicy:
    """What becomes of jobs when the waiting for them is interrupted.

    Attributes:
        cancels: whether a blocking wait that is interrupted stops its job. An interrupted
            ``await`` never does: it cannot be told from a timeout of ``asyncio``.
        sentence: tells that a job goes on, and how to find it again.
    """

    cancels: Callable[[], bool] = lambda: False
    sentence: Callable[[Waited], str] = _goes_on

    def apply(self, job: Waited) -> Interrupted:
        """Do with a job what is set, and give the error that tells it."""
        if self.cancels():
            job.cancel()
            return Interrupted(f"job {job.id} is being cancelled.")
        return Interrupted(self.sentence(job))

    def set(self, cancels: Callable[[], bool], sentence: Callable[[Waited], str]) -> None:
        """Have another policy from now on."""
        self.cancels, self.sentence = cancels, sentence

    def reset(self) -> None:
        """Go back to the words of plain Python, where nothing is cancelled."""
        self.set(lambda: False, _goes_on)


interrupt_policy = InterruptPolicy()
"""The one of this process; a notebook sets its own words, and what the user has set."""


@contextlib.contextmanager
def interruptible(job: Waited) -> Iterator[None]:
    """Do with a job what is set when the block that shows it or waits for it is interrupted.

    Raises:
        Interrupted: the user interrupted the block.
    """
    try:
        yield
    except Interrupted:
        raise
    except KeyboardInterrupt:
        raise interrupt_policy.apply(job) from None


class BoundWait(BoundCall[P, R]):
    """A waiting method of a job, callable in both ways."""

    def __init__(self, function: Callable[P, Coroutine[Any, Any, R]], job: Waited) -> None:
        super().__init__(function)
        self._job = job

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call and wait for the result.

        Raises:
            Interrupted: the user interrupted the wait; the job goes on, or is cancelled if that
                is set.
        """
        with interruptible(self._job):
            return super().__call__(*args, **kwargs)

    async def aio(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call and await the result; when that is cancelled, a notebook shows one line.

        The error stays a plain ``CancelledError``: ``asyncio.timeout`` takes no other for its own.
        """
        try:
            return await super().aio(*args, **kwargs)
        except asyncio.CancelledError as error:
            line = f"Interrupted: {interrupt_policy.sentence(self._job)}"
            error._render_traceback_ = lambda: [line]  # type: ignore[attr-defined]
            raise


class waiting(call[W, P, R]):  # noqa: N801 - a decorator
    """Make an ``async def`` method that waits for a job callable with and without ``await``."""

    def _bind(self, instance: W, owner: type) -> BoundCall[P, R]:
        return BoundWait(self._function.__get__(instance, owner), instance)
