"""A snapshot in words: what every way of showing progress says."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ibflow_nb.api.jobs import JobState
from ibflow_nb.jobs import Snapshot


@dataclass(frozen=True)
class Description:
    """The words of one snapshot.

    Attributes:
        state: the state word.
        title: what runs, such as the flow's file name.
        fraction: 0 to 1.
        counts: files done and failed, or nothing when the server does not count.
        elapsed: time since the start, such as ``1 min 05 s``; empty where it must not vary.
        message: what happens, or why it ended.
        note: trouble with the connection or with what was to be called at the end.
        reference: the job's id; empty where it must not vary.
    """

    state: JobState
    title: str
    fraction: float
    counts: str
    elapsed: str
    message: str
    note: str
    reference: str

    @property
    def word(self) -> str:
        """The state word; a job of which nothing is known yet was submitted."""
        unknown = self.state is JobState.UNKNOWN and not self.message
        return "SUBMITTED" if unknown else self.state.value

    @property
    def line(self) -> str:
        """Everything in one line of text, the state word first."""
        parts = [self.word, self.title, self.counts, self.elapsed]
        if self.reference:
            parts.append(f"job {self.reference}")
        text = " · ".join(part for part in parts if part)
        tail = " ".join(part for part in (self.message, self.note) if part)
        return f"{text}: {tail}" if tail else text


def describe(
    snapshot: Snapshot, title: str, *, now: float | None = None, fixed: bool = False
) -> Description:
    """Put a snapshot into words.

    Args:
        snapshot: how the job stands.
        title: what runs.
        now: Unix time; default the clock's.
        fixed: leave out what differs from run to run (id and times).
    """
    state = snapshot.state
    return Description(
        state=state,
        title=title,
        fraction=snapshot.progress,
        counts=counts(snapshot),
        elapsed="" if fixed else elapsed(snapshot, time.time() if now is None else now),
        message="" if state is JobState.COMPLETE else snapshot.message,
        note=snapshot.note,
        reference="" if fixed else snapshot.job_id,
    )


def counts(snapshot: Snapshot) -> str:
    """Say how many files are done and how many failed."""
    total, done = snapshot.total_files, snapshot.done_files
    if not total:
        return ""
    noun = "file" if total == 1 else "files"
    text = f"{total} {noun}" if done is None else f"{done} of {total} {noun}"
    if snapshot.error_files:
        text += f", {snapshot.error_files} with an error"
    return text


def elapsed(snapshot: Snapshot, now: float) -> str:
    """Say how long the job has run, or ran; nothing of a job first seen after its end."""
    end = snapshot.finished or now
    if snapshot.started is None or end < snapshot.started:
        return ""
    seconds = round(end - snapshot.started)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"
