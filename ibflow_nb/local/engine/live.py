"""The jobs that have not ended, and the units of theirs that are being worked on."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field

from ibflow_nb.local.engine.model import Plan, Unit
from ibflow_nb.local.engine.tasks import Places
from ibflow_nb.local.steps.base import Outcome


@dataclass
class LiveJob:
    """A job that has not ended.

    Attributes:
        plan: what it does to its files.
        places: its folders.
        futures: its units that are being worked on, by the future of their end.
        turn: number of the unit that was started last; 0 before the first.
    """

    plan: Plan
    places: Places
    futures: dict[Future[Outcome], Unit] = field(default_factory=dict)
    turn: int = 0


class LiveJobs:
    """The jobs that have not ended, by id; only the dispatcher's thread changes them."""

    def __init__(self) -> None:
        self._jobs: dict[str, LiveJob] = {}
        self._units: dict[Future[Outcome], Unit] = {}

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._jobs

    def __getitem__(self, job_id: str) -> LiveJob:
        return self._jobs[job_id]

    def get(self, job_id: str) -> LiveJob | None:
        """Give a job, or None when it is not among these."""
        return self._jobs.get(job_id)

    def add(self, job_id: str, job: LiveJob) -> None:
        """Take up a job."""
        self._jobs[job_id] = job

    def remove(self, job_id: str) -> None:
        """Let go of a job that has ended."""
        del self._jobs[job_id]

    @property
    def running(self) -> int:
        """Units that are being worked on."""
        return len(self._units)

    def begin(self, future: Future[Outcome], unit: Unit) -> None:
        """Note that a unit is being worked on."""
        self._units[future] = unit
        self._jobs[unit.job_id].futures[future] = unit

    def unit(self, future: Future[Outcome]) -> Unit | None:
        """Give the unit of a future; None when its end is stored already."""
        return self._units.get(future)

    def forget(self, future: Future[Outcome]) -> None:
        """Note that a unit has ended and that its end is stored."""
        unit = self._units.pop(future, None)
        if unit is not None:
            del self._jobs[unit.job_id].futures[future]
