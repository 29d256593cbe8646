"""What a step is given, what it answers, and how it fails.

A *unit* of work is one step for one file of a job (or, for steps with ``scope = "batch"``, for
all its files at once). Units run in worker processes that may be killed at any moment, so a
step writes its output under temporary names and renames it (``ibflow_nb.local.atomic``), and
running it twice gives the same files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

import msgspec

from ibflow_nb.api.errors import IbflowError
from ibflow_nb.local.limits import Limits


class StepError(IbflowError):
    """The unit's file cannot be processed: one sentence that names the file and the reason.

    The file fails alone and the step is not tried again.
    """


class Part(msgspec.Struct, frozen=True):
    """Pages ``first`` to ``last`` of a file, from 0, both ends included."""

    first: int
    last: int


class BatchItem(msgspec.Struct):
    """One file of a batch unit: its index, name, and record file of the step before."""

    index: int
    name: str
    input: str


class Task(msgspec.Struct, kw_only=True):
    """A unit as it is handed to a worker; paths are absolute.

    Attributes:
        job_id: the job.
        step: internal name, key of the registry.
        kwargs: the step's kwargs as they stand in the flow.
        modules: content of the files that kwargs name (``refiner_path``, ``classifier_path``),
            by kwargs key, as they were when the job was submitted.
        source: the input file of the run.
        input: what this step reads: the record file of the step before, for the first step
            the same as ``source``.
        name: name of the input file, relative to the input folder, with ``/``.
        index: index of the file in the run, from 0.
        output_dir: folder of this step (``<output>/s<n>_<name>``).
        drive_path: drive path of the source file, for ``page_input_path``.
        part: only these pages of the file.
        parts: record files of all parts, in order, when they are to be joined.
        items: the files of a batch unit.
        log_to_timeline: whether detailed log lines are wanted.
        limits: what a file may cost.
    """

    job_id: str
    step: str
    kwargs: dict[str, Any]
    source: str
    input: str
    name: str
    index: int
    output_dir: str
    modules: dict[str, str] = {}
    drive_path: str = ""
    part: Part | None = None
    parts: list[str] = []
    items: list[BatchItem] = []
    log_to_timeline: bool = False
    limits: Limits = msgspec.field(default_factory=Limits)

    @property
    def settings(self) -> dict[str, Any]:
        """The ``settings`` of the kwargs; empty when absent."""
        settings = self.kwargs.get("settings")
        return settings if isinstance(settings, dict) else {}

    @property
    def record_file(self) -> Path:
        """Where this step writes its records: ``<output_dir>/<input name>.ibdoc``."""
        suffix = f".part-{self.part.first}-{self.part.last}" if self.part else ""
        return Path(self.output_dir) / f"{self.name}{suffix}.ibdoc"


class Outcome(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a unit answers.

    Attributes:
        output: absolute path of the record file that was written; empty to drop the file from
            the steps that follow (it then has no records).
        records: number of records in it.
        pages: number of pages that were read.
        split: the file is large: run the unit again for each of these parts, then once more
            with ``Task.parts`` set to join them. Nothing was written yet.
        outputs: for batch units: record file of each item, by index (as text).
        record_counts: for batch units: number of records in each of these files, by index.
        stop: the job is to stop at this checkpoint, with this reason.
        route: class of the file; where the plan branches it decides the branch.
        log: lines for the job's log.
        seconds: that the unit took; the worker notes them, not the step.
    """

    output: str = ""
    records: int = 0
    pages: int = 0
    split: list[Part] = []
    outputs: dict[str, str] = {}
    record_counts: dict[str, int] = {}
    stop: str = ""
    route: str = ""
    log: list[str] = []
    seconds: float = 0.0


class Step(Protocol):
    """A flow step.

    Attributes:
        name: internal name, such as ``process_files``.
        scope: ``file`` runs once for each file, ``batch`` once for all files together.
        reads: ``source`` takes any input file, ``records`` the ``.ibdoc`` of the step before.
        modules: kwargs keys that name a file whose content the step needs.
    """

    name: ClassVar[str]
    scope: ClassVar[Literal["file", "batch"]]
    reads: ClassVar[Literal["source", "records"]]
    modules: ClassVar[tuple[str, ...]]

    def check(self, kwargs: dict[str, Any], modules: dict[str, str]) -> None:
        """Refuse wrong kwargs or a broken module at submission.

        Raises:
            InvalidRequest: one sentence that names the key or the module's fault.
        """

    def run(self, task: Task) -> Outcome:
        """Do the work of one unit, in a worker process.

        Raises:
            StepError: the file cannot be processed.
        """
