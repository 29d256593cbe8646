"""The jobs that have not ended, and the units of theirs that are being worked on."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field

from ibflow_nb.local.engine.model import Job, Plan, Unit
from ibflow_nb.local.engine.tasks import Places
from ibflow_nb.local.steps.base import Outcome

# Brief units are handed out ahead, so that workers need not wait for the next one. They are few
# enough not to hold up another job for long.
_BRIEF_SECONDS = 0.05
_BRIEF_SHARE = 1 / 8


@dataclass
class LiveJob:
    """A job that has not ended.

    Attributes:
        plan: what it does to its files.
        places: its folders.
        futures: its units that are being worked on, by the future of their end.
        turn: number of the unit that was started last; 0 before the first.
        begun: whether the start of a unit was stored.
        brief: indexes of the steps whose units take next to no time, as far as was seen.
        load: slots of the executor that its units take.
        untidy: whether a worker was stopped or died on it, which leaves temporary files.
        closing: whether its results are being written.
    """

    plan: Plan
    places: Places
    futures: dict[Future[Outcome], Unit] = field(default_factory=dict)
    turn: int = 0
    begun: bool = False
    brief: set[int] = field(default_factory=set)
    load: float = 0.0
    untidy: bool = False
    closing: bool = False


@dataclass(frozen=True)
class Written:
    """The results of a job whose end was decided have been written.

    Attributes:
        job: its row.
        live: what is known of it while it runs.
        problem: why the results could not be written; empty when they were.
    """

    job: Job
    live: LiveJob
    problem: str


class LiveJobs:
    """The jobs that have not ended, by id; only the dispatcher's thread changes them."""

    def __init__(self) -> None:
        self._jobs: dict[str, LiveJob] = {}
        self._units: dict[Future[Outcome], tuple[Unit, float]] = {}
        self._brief: set[str] = set()  # steps whose last unit, of whichever job, was brief

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
        self._jobs.pop(job_id, None)

    @property
    def running(self) -> int:
        """Units that are being worked on."""
        return len(self._units)

    @property
    def load(self) -> float:
        """Slots of the executor that are taken."""
        return sum(share for _, share in self._units.values())

    def share(self, unit: Unit) -> float:
        """Give the part of a slot that a unit will take: several brief ones are put into one.

        A job's first unit is guessed by the last one of the same step, so that many jobs of one
        brief unit are handed out ahead too.
        """
        live = self._jobs[unit.job_id]
        guessed = live.turn == 0 and live.plan.steps[unit.step].name in self._brief
        return _BRIEF_SHARE if guessed or unit.step in live.brief else 1.0

    def note(self, unit: Unit, seconds: float) -> None:
        """Learn from a unit how long those of its step take."""
        live = self._jobs[unit.job_id]
        name = live.plan.steps[unit.step].name
        if seconds < _BRIEF_SECONDS:
            live.brief.add(unit.step)
            self._brief.add(name)
        else:
            live.brief.discard(unit.step)
            self._brief.discard(name)

    def begin(self, future: Future[Outcome], unit: Unit, share: float) -> None:
        """Note that a unit is being worked on, which takes a part of a slot."""
        live = self._jobs[unit.job_id]
        self._units[future] = unit, share
        live.futures[future] = unit
        live.begun = True
        live.load += share

    def unit(self, future: Future[Outcome]) -> Unit | None:
        """Give the unit of a future; None when its end is stored already."""
        known = self._units.get(future)
        return known[0] if known else None

    def taken(self, future: Future[Outcome]) -> float:
        """Give the part of a slot that a unit takes; none once its end is stored."""
        known = self._units.get(future)
        return known[1] if known else 0.0

    def parts(self) -> list[tuple[Future[Outcome], Unit]]:
        """Give the units that are parts of a file."""
        return [(future, unit) for future, (unit, _) in self._units.items() if unit.part]

    def forget(self, future: Future[Outcome]) -> None:
        """Note that a unit has ended and that its end is stored."""
        known = self._units.pop(future, None)
        if known is not None:
            unit, share = known
            live = self._jobs[unit.job_id]
            del live.futures[future]
            live.load -= share
