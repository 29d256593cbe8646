"""What runs units: the executor's contract, and the ways in which a unit can end badly."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Protocol

from ibflow_nb.local.steps.base import Outcome, Task


class UnitFailure(Exception):
    """Base of all ways in which a unit ends without an outcome; the message is one sentence."""


class FileFailed(UnitFailure):
    """The step cannot process this file: the file fails alone, with this reason.

    Attributes:
        detail: stack of an error that the step did not foresee, for the job's log.
    """

    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail


class OutputUnwritable(UnitFailure):
    """The output cannot be written (disk full, read-only): the whole job fails."""


class WorkerDied(UnitFailure):
    """The worker process ended during the unit: it is tried again a few times.

    Attributes:
        detail: end of what the process wrote to stderr.
    """

    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail


class TimedOut(UnitFailure):
    """The unit took longer than its limit and its worker was killed.

    Attributes:
        seconds: the limit.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(f"not done after {seconds:g} s")
        self.seconds = seconds


class Killed(UnitFailure):
    """The unit was killed on request; it may run again later."""


class Executor(Protocol):
    """Runs units, each in a process that can be killed."""

    @property
    def slots(self) -> int:
        """Units that it can have at the same time; may change while it runs."""

    def submit(self, task: Task, timeout: float | None) -> Future[Outcome]:
        """Run a unit; the future ends with its outcome or a :class:`UnitFailure`.

        Args:
            task: the unit.
            timeout: seconds after which it is killed; None for no limit.
        """

    def kill(self, future: Future[Outcome]) -> None:
        """Stop a unit at once, also inside native code; its future ends with ``Killed``."""

    def close(self) -> None:
        """Kill what still runs and end all processes."""
