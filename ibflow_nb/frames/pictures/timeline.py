"""When each step of a run worked on each file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import median
from typing import TYPE_CHECKING, Any

from ibflow_nb.api.timeline import ALL_FILES, TimelineStep, TimelineUnit

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Span:
    """A unit that was begun, in seconds from the first start of the run.

    Attributes:
        unit: what ran.
        start, end: of its latest attempt; the end of one that runs is now.
    """

    unit: TimelineUnit
    start: float
    end: float

    @property
    def seconds(self) -> float:
        """How long it took so far."""
        return self.end - self.start


@dataclass
class StepTimes:
    """What became of a step.

    Attributes:
        title: its number, from 1, its name, and its branch if it is in one.
        states: units by their state.
        again: units that were handed to a worker more than once.
        spans: those that run or have ended.
    """

    title: str
    states: Counter[str] = field(default_factory=Counter)
    again: int = 0
    spans: list[Span] = field(default_factory=list)

    @property
    def counts(self) -> str:
        """The units by state, in words."""
        counts = [f"{count:,} {state}" for state, count in self.states.items()]
        return ", ".join([*counts, *([f"{self.again:,} tried again"] if self.again else [])])

    def __str__(self) -> str:
        seconds = [span.seconds for span in self.spans]
        if not seconds:
            return f"{self.title}: {self.counts or 'nothing so far'}"
        times = f"median {duration(median(seconds))}, longest {duration(max(seconds))}"
        return f"{self.title}: {self.counts}; {times}"


class Timeline:
    """The units of a run with their times; shows itself as HTML in a notebook.

    A unit is one step for one file, for some pages of a long file, or for all files at once.

    Attributes:
        job_id: the run.
        steps: its steps, those of all branches.
        units: in the order of steps, files and pages.
        now: the server's clock when it was asked, Unix seconds.
    """

    def __init__(
        self,
        steps: Sequence[TimelineStep],
        units: Sequence[TimelineUnit],
        *,
        now: float,
        job_id: str = "",
    ) -> None:
        self.job_id = job_id
        self.steps = list(steps)
        self.now = now
        self.units = sorted(
            units, key=lambda unit: (unit.step, unit.file_index, unit.first_page or 0)
        )

    @cached_property
    def by_step(self) -> list[StepTimes]:
        """What became of each step."""
        times = [StepTimes(_title(number, step)) for number, step in enumerate(self.steps, 1)]
        for unit in self.units:
            times[unit.step].states[unit.state] += 1
            times[unit.step].again += unit.attempts > 1
        for span in self.spans:
            times[span.unit.step].spans.append(span)
        return times

    @cached_property
    def spans(self) -> list[Span]:
        """The units that run or have ended, with seconds from the first start.

        One that was stopped before its end, and waits to be begun again, is not among them.
        """
        begun = [
            (unit, unit.started, unit.finished or self.now)
            for unit in self.units
            if unit.started is not None and (unit.finished or unit.state == "RUNNING")
        ]
        zero = min((start for _, start, _ in begun), default=0.0)
        return [Span(unit, start - zero, max(end, start) - zero) for unit, start, end in begun]

    def to_frame(self) -> pd.DataFrame:
        """Give one row a unit; what is missing is NA.

        ===============  ================================================================
        column           holds
        ===============  ================================================================
        ``step``         number of the step, from 1 over the steps of all branches
        ``step_name``    its internal name
        ``folder``       its folder in the output
        ``file_index``   index of the file in the run, from 0; NA for all files at once
        ``file_name``    relative to the input folder; NA for all files at once
        ``first_page``,  pages of a part of a long file, from 1, both ends included; NA for
        ``last_page``    a whole file
        ``state``        READY, RUNNING, DONE or FAILED; SPLIT was given on as parts, HELD
                         waits at a checkpoint, DROPPED was not needed any more
        ``attempts``     how often it was handed to a worker
        ``started``,     of the latest attempt, UTC
        ``finished``
        ``seconds``      between the two; NA while it runs
        ===============  ================================================================
        """
        import pandas as pd

        units = self.units
        columns: dict[str, pd.Series[Any]] = {
            "step": pd.Series([unit.step + 1 for unit in units], dtype="int64"),
            "step_name": pd.Series([self.steps[unit.step].name for unit in units], dtype="str"),
            "folder": pd.Series([self.steps[unit.step].folder for unit in units], dtype="str"),
            "file_index": pd.Series(
                [None if unit.file_index == ALL_FILES else unit.file_index for unit in units],
                dtype="Int64",
            ),
            "file_name": pd.Series([unit.file_name or None for unit in units], dtype="str"),
            "first_page": _pages([unit.first_page for unit in units]),
            "last_page": _pages([unit.last_page for unit in units]),
            "state": pd.Series([unit.state for unit in units], dtype="str"),
            "attempts": pd.Series([unit.attempts for unit in units], dtype="int64"),
            "started": _times([unit.started for unit in units]),
            "finished": _times([unit.finished for unit in units]),
        }
        frame = pd.DataFrame(columns, copy=False)
        frame["seconds"] = (frame["finished"] - frame["started"]).dt.total_seconds()
        return frame

    def __len__(self) -> int:
        return len(self.units)

    def __repr__(self) -> str:
        return "\n".join(map(str, self.by_step)) or "The run has no steps."

    def _repr_html_(self) -> str:
        from ibflow_nb.frames.pictures import timeline_html

        return timeline_html.render(self)


def _title(number: int, step: TimelineStep) -> str:
    """Name a step; one of a branch, which has a folder of its own, together with the branch."""
    branch = step.folder.rpartition("/")[0]
    return f"{number} {step.name}" + (f" ({branch})" if branch else "")


def duration(seconds: float) -> str:
    """Give seconds with as many decimals as tell something."""
    decimals = 3 if seconds < 1 else 2 if seconds < 10 else 1 if seconds < 100 else 0
    return f"{seconds:,.{decimals}f} s"


def _pages(numbers: Sequence[int | None]) -> pd.Series[Any]:
    import pandas as pd

    return pd.Series([None if n is None else n + 1 for n in numbers], dtype="Int64")


def _times(moments: Sequence[float | None]) -> pd.Series[Any]:
    import pandas as pd

    stamps = [None if moment is None else round(moment * 1e6) for moment in moments]
    whole = pd.Series(stamps, dtype="Int64")
    return pd.to_datetime(whole, unit="us", utc=True).astype("datetime64[us, UTC]")
