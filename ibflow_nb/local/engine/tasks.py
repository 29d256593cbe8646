"""From a stored unit to the task that a worker gets, and the time it may take."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ibflow_nb.local.drive import Drive
from ibflow_nb.local.engine.ledger import Ledger
from ibflow_nb.local.engine.model import BATCH, Job, JobFile, Plan, Unit, UnitKind
from ibflow_nb.local.limits import Limits
from ibflow_nb.local.steps.base import BatchItem, Task


@dataclass(frozen=True)
class Places:
    """Folders of a job.

    Attributes:
        input_dir: drive path of the input folder.
        source: the input folder.
        output: the root output folder.
    """

    input_dir: str
    source: Path
    output: Path

    @classmethod
    def of(cls, drive: Drive, job: Job) -> Places:
        """Find the folders of a job on a drive."""
        return cls(job.input_dir, drive.resolve(job.input_dir), drive.resolve(job.output_folder))


def build_task(
    ledger: Ledger,
    places: Places,
    plan: Plan,
    unit: Unit,
    file: JobFile | None,
    limits: Limits,
) -> Task:
    """Put together what a worker needs for a unit; ``file`` is None for all files."""
    step = plan.steps[unit.step]
    folder = f"{places.source}{os.sep}"
    task = Task(
        job_id=unit.job_id,
        step=step.name,
        kwargs=step.kwargs,
        modules=step.modules,
        source="",
        input="",
        name="",
        index=unit.file,
        output_dir=f"{places.output}{os.sep}{step.folder}",
        log_to_timeline=plan.options.log_to_timeline,
        limits=limits,
    )
    if file is None:
        task.items = [
            BatchItem(each.idx, each.name, each.output or f"{folder}{each.name}{plan.suffix}")
            for each in ledger.files_at(unit.job_id, unit.step)
        ]
        return task
    task.name = file.name
    task.source = f"{folder}{file.name}{plan.suffix}"
    task.input = file.output or task.source
    task.drive_path = f"{places.input_dir}/{file.name}{plan.suffix}".lstrip("/")
    task.part = unit.part
    if unit.kind is UnitKind.JOIN:
        units = ledger.units_of(unit.job_id, unit.file, unit.step)
        task.parts = [part.output for part in units if part.kind is UnitKind.PART]
    return task


def time_limit(
    ledger: Ledger, plan: Plan, unit: Unit, file: JobFile | None, task: Task
) -> float | None:
    """Give the seconds that a unit and its task may take; None for no limit.

    Where the request leaves it to the platform, that is ``unit_seconds`` of the task's limits for
    each page known so far, or each file of a batch.
    """
    if plan.options.step_timeout:
        return plan.options.step_timeout if plan.options.step_timeout > 0 else None
    if file is None:
        count = len(task.items)
    elif unit.part is not None:
        count = unit.part.last - unit.part.first + 1
    elif unit.kind is UnitKind.JOIN:
        parts = (part.part for part in ledger.units_of(unit.job_id, unit.file, unit.step))
        count = sum(part.last - part.first + 1 for part in parts if part)
    else:
        count = file.pages
    return task.limits.unit_seconds * max(1, count)


def task_id(unit: Unit) -> str:
    """Name a unit in the job's log."""
    which = "all" if unit.file == BATCH else str(unit.file)
    part = f"-p{unit.first}" if unit.first is not None else ""
    return f"{unit.job_id}-s{unit.step + 1}-{which}{part}"
