"""What the engine stores: plans, jobs, files and units."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

import msgspec

from ibflow_nb.api.flow import RunOptions
from ibflow_nb.api.jobs import JobState
from ibflow_nb.local.steps.base import Part

BATCH = -1
END = -1


class PlannedStep(msgspec.Struct, kw_only=True, frozen=True):
    """One step of a plan, with all that it needs from outside the input.

    Attributes:
        name: internal name.
        kwargs: as they stand in the flow.
        modules: content of the module files by kwargs key, as it was at submission.
        scope: ``file`` or ``batch``.
        reads: ``source`` or ``records``.
        folder: name of its folder in the output, ``s<n>_<name>``.
        following: index of the step after it; -1 at the end.
        routes: of a step that branches: index of a branch's first step by its name, -1 for a
            branch without steps. A file goes to the branch that the step answers, else to
            ``other``, else it fails.
    """

    name: str
    kwargs: dict[str, Any]
    modules: dict[str, str]
    scope: Literal["file", "batch"]
    reads: Literal["source", "records"] = "source"
    folder: str
    following: int = END
    routes: dict[str, int] = {}


class Plan(msgspec.Struct, kw_only=True, frozen=True):
    """What a job does to each of its files; it never changes after submission.

    Attributes:
        steps: of all branches; each names the one after it.
        starts: indexes of the steps that the files begin with; with several, each file begins
            with each of them.
        suffix: what the input files' names end with beyond the names of the job's files:
            ``.ibdoc`` where the input is the output of a step, else nothing.
        binary_path: drive path of the flow binary kept in the output; empty for none.
        options: of the run, as they were asked for.
    """

    steps: list[PlannedStep]
    starts: tuple[int, ...] = (0,)
    suffix: str = ""
    options: RunOptions = msgspec.field(default_factory=RunOptions)
    binary_path: str = ""


class FileState(StrEnum):
    """Condition of one file of a job."""

    ACTIVE = "ACTIVE"
    DONE = "DONE"
    FAILED = "FAILED"


class UnitState(StrEnum):
    """Condition of a unit.

    SPLIT ones have parts, DROPPED ones are no longer needed, HELD ones wait at a checkpoint for
    their job to be resumed.
    """

    READY = "READY"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"
    SPLIT = "SPLIT"
    HELD = "HELD"
    DROPPED = "DROPPED"


class UnitKind(StrEnum):
    """What a unit works on: a file, some pages of it, its parts to be joined, or all files."""

    FILE = "FILE"
    PART = "PART"
    JOIN = "JOIN"
    BATCH = "BATCH"


class Job(msgspec.Struct, kw_only=True, frozen=True):
    """A job's row.

    Attributes:
        id: the id given out.
        seq: order of submission.
        kind: what was asked for, such as ``flow``; decides how a restart is submitted.
        state: where it stands; never PENDING or UNKNOWN.
        ending: the end that was decided while units were still running; empty otherwise.
        request: the request's JSON.
        plan: the plan's JSON.
        binary: flow binary to be written into the output; empty once that is done.
        flow_path, input_dir, output_folder: drive paths without a leading slash.
        user: who owns it.
        submitted, started, finished: Unix seconds.
        prepared: whether its output folder is ready.
        msg: why it ended as it did; empty for COMPLETE.
        reviewer: who gave reviewed values; empty if nobody did.
    """

    id: str
    seq: int
    kind: str
    state: JobState
    ending: str
    request: bytes
    plan: bytes
    binary: bytes
    flow_path: str
    input_dir: str
    output_folder: str
    user: str
    submitted: float
    started: float | None
    finished: float | None
    prepared: bool
    msg: str
    reviewer: str


class JobFile(msgspec.Struct, kw_only=True, frozen=True):
    """A file of a job.

    Attributes:
        idx: index in the run, from 0.
        name: relative to the input folder, with ``/``.
        step: index of the step it is at.
        state: where it stands.
        output: absolute path of its latest record file.
        records, pages: counts as the latest step told.
        error: why it failed.
        route: what the step that branches answered for it: its class.
    """

    job_id: str
    idx: int
    name: str
    step: int
    state: FileState
    output: str
    records: int
    pages: int
    error: str
    route: str = ""


class Unit(msgspec.Struct, kw_only=True, frozen=True):
    """A unit of work: one step for one file, some of its pages, or all files.

    Attributes:
        file: index of the file; -1 for all.
        first, last: pages of a part, from 0, both ends included.
        deaths: workers that died on it.
        output: record file that it wrote; of a HELD one, why it is held.
        attempts: how often it was handed to a worker.
        started, finished: Unix seconds of its latest attempt.
    """

    id: int
    job_id: str
    step: int
    file: int
    kind: UnitKind
    first: int | None
    last: int | None
    state: UnitState
    deaths: int
    output: str
    attempts: int
    started: float | None
    finished: float | None

    @property
    def part(self) -> Part | None:
        """The pages it is limited to."""
        if self.first is None or self.last is None:
            return None
        return Part(self.first, self.last)
