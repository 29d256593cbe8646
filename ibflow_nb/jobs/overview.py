"""How many jobs stand at one moment, and how that is read from lists of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

import msgspec

from ibflow_nb.api.jobs import JobState, JobSummary
from ibflow_nb.jobs.snapshot import Snapshot, parse_listed


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One job among many.

    Attributes:
        title: file name of its flow, or what kind of job it is.
        job: how it stands.
        lost: whether the server lists it no more, though it had not ended.
        counted: whether the server's list counts the files that are done.
    """

    title: str
    job: Snapshot
    lost: bool = False
    counted: bool = True

    @property
    def going(self) -> bool:
        """Whether there is more to come of it."""
        return not self.job.done and not self.lost


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """How many jobs stand.

    Attributes:
        rows: the jobs, newest first.
        note: trouble with the connection, or why they are watched no more.
        silent_since: Unix seconds since when the server has not answered, once that has lasted
            for two minutes; None while it answers.
        over: whether they are watched no more although some go on.
    """

    rows: tuple[Row, ...] = ()
    note: str = ""
    silent_since: float | None = None
    over: bool = False

    @property
    def done(self) -> bool:
        """Whether nothing more is to come."""
        return self.over or not self.going

    @property
    def going(self) -> list[Row]:
        """The jobs that have not ended."""
        return [row for row in self.rows if row.going]

    @property
    def counts(self) -> dict[JobState, int]:
        """Jobs in each state, in the order of a job's life."""
        counted = Counter(row.job.state for row in self.rows)
        return {state: counted[state] for state in JobState if counted[state]}

    @property
    def counts_in_words(self) -> str:
        """Jobs in each state, such as ``2 RUNNING, 1 COMPLETE``; empty where there are none."""
        return ", ".join(f"{number} {state}" for state, number in self.counts.items())

    @property
    def since(self) -> int | None:
        """When the oldest job that goes on was submitted (Unix seconds), if that is known."""
        moments = [row.job.started for row in self.going]
        known = [moment for moment in moments if moment is not None]
        return int(min(known)) if known and len(known) == len(moments) else None

    def after(
        self, listed: Sequence[JobSummary], joins: Callable[[Row], bool], *, whole: bool
    ) -> Overview:
        """Give the overview that follows from a new list.

        Args:
            listed: jobs submitted since :attr:`since`, newest first.
            joins: tells whether a job that was not seen before belongs here.
            whole: whether the list holds all such jobs, so that one that it lacks is gone.
        """
        news = {summary.job_id: row_of(summary) for summary in listed}
        seen = {row.job.job_id for row in self.rows}
        added = [row for job_id, row in news.items() if job_id not in seen and joins(row)]
        kept = [_following(row, news.get(row.job.job_id), whole) for row in self.rows]
        return Overview(rows=(*added, *kept))


def row_of(summary: JobSummary) -> Row:
    """Read one job of a list."""
    title = PurePosixPath(summary.flow_path).name or summary.kind
    counted = summary.num_done is not None
    return Row(title=title, job=parse_listed(summary), counted=counted)


def _following(row: Row, news: Row | None, whole: bool) -> Row:
    if news is not None:
        return msgspec.structs.replace(news, job=news.job.after(row.job))
    return msgspec.structs.replace(row, lost=True) if row.going and whole else row
