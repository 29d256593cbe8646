"""What follows when a unit ends: the next step of its file, parts, barriers, the job's end.

Everything here changes the ledger inside the caller's transaction and nothing else.
"""

from __future__ import annotations

import logging
import sqlite3

from ibflow_nb.api.jobs import JobState
from ibflow_nb.local.engine.executor import (
    FileFailed,
    Killed,
    OutputUnwritable,
    TimedOut,
    WorkerDied,
)
from ibflow_nb.local.engine.joblog import JobLog
from ibflow_nb.local.engine.ledger import Ledger
from ibflow_nb.local.engine.model import BATCH, END, FileState, Plan, Unit, UnitKind, UnitState
from ibflow_nb.local.engine.paths import steps_before
from ibflow_nb.local.engine.tasks import task_id
from ibflow_nb.local.steps.base import Outcome

OTHER = "other"
_log = logging.getLogger(__name__)


class Router:
    """Moves files through the steps of their plans.

    Args:
        ledger: where they stand.
        log: what is worth telling.
        attempts: workers that may die on a unit until it fails.
    """

    def __init__(self, ledger: Ledger, log: JobLog, attempts: int) -> None:
        self._attempts = attempts
        self._moved: dict[str, Plan] = {}
        self._ledger = ledger
        self._log = log

    def succeeded(self, plan: Plan, unit: Unit, outcome: Outcome) -> None:
        """Store what a unit answered and make ready what follows."""
        if outcome.log:
            self._say(plan, unit, *outcome.log)
        if outcome.stop:
            self._hold(plan, unit, outcome)
            return
        if outcome.split:
            self._split(unit, outcome)
            return
        self._ledger.end_unit(unit.id, UnitState.DONE, outcome.output)
        if unit.kind is UnitKind.PART:
            self._join_when_complete(unit)
        elif unit.kind is UnitKind.BATCH:
            self._spread(plan, unit, outcome)
        else:
            self._advance(plan, unit, outcome)
        self.settle_soon(plan, unit.job_id)

    def failed(self, plan: Plan, unit: Unit, failure: BaseException) -> None:
        """Store how a unit ended badly: again, its file alone, or the whole job."""
        step = plan.steps[unit.step].name
        name = self._name(unit)
        if isinstance(failure, Killed):
            self._ledger.update_unit(unit.id, state=UnitState.READY)
        elif isinstance(failure, OutputUnwritable):
            self._give_up(plan, unit, str(failure), whole_job=True)
        elif isinstance(failure, TimedOut):
            asked = plan.options.step_timeout > 0
            limit = "step_timeout" if asked else "the platform's limit for it"
            reason = f"{step} on {name} was stopped after {failure.seconds:g} s, {limit}."
            self._give_up(plan, unit, reason, whole_job=asked)
        elif isinstance(failure, FileFailed):
            self._give_up(plan, unit, str(failure), failure.detail)
        else:
            self._died(plan, unit, failure)

    def _died(self, plan: Plan, unit: Unit, failure: BaseException) -> None:
        deaths = unit.deaths + 1
        detail = failure.detail if isinstance(failure, WorkerDied) else ""
        step = plan.steps[unit.step].name
        reason = f"{step} on {self._name(unit)} failed: {failure}"
        if deaths < self._attempts:
            self._ledger.update_unit(unit.id, state=UnitState.READY, deaths=deaths)
            self._say(plan, unit, f"{reason}; it is tried again.", *filter(None, [detail]))
            return
        times = f", {deaths} times in a row" if deaths > 1 else ""
        self._give_up(plan, unit, f"{reason}{times}.", detail)

    def _give_up(
        self, plan: Plan, unit: Unit, reason: str, detail: str = "", *, whole_job: bool = False
    ) -> None:
        self._say(plan, unit, reason, *filter(None, [detail]))
        self._ledger.end_unit(unit.id, UnitState.FAILED)
        if whole_job or unit.kind is UnitKind.BATCH:
            self.end_job(unit.job_id, JobState.FAILED, reason)
            return
        self._ledger.fail_file(unit.job_id, unit.file, reason)
        self.settle_soon(plan, unit.job_id)

    def end_job(self, job_id: str, state: JobState, msg: str) -> None:
        """Decide a job's end; the first decision stands."""
        if not self._ledger.job(job_id).ending:
            self._ledger.update_job(job_id, ending=state, msg=msg)

    def blame(self, job_id: str, error: Exception) -> None:
        """Let a job fail by a fault of the platform, so that the others go on."""
        self.end_job(job_id, JobState.FAILED, fault_of_platform(error))

    def settle_soon(self, plan: Plan, job_id: str) -> None:
        """Note that a job has begun or moved, for :meth:`settle_moved`."""
        self._moved[job_id] = plan

    def forget(self, job_id: str) -> None:
        """Settle nothing of a job that was not stored after all."""
        self._moved.pop(job_id, None)

    def settle_moved(self) -> None:
        """Settle the jobs that have moved since the last call, each of them once."""
        moved, self._moved = self._moved, {}
        for job_id, plan in moved.items():
            try:
                with self._ledger.undone_on_error():
                    self.settle(plan, job_id)
            except sqlite3.OperationalError:
                raise
            except Exception as error:  # noqa: BLE001 - this job fails, the others go on
                _log.exception("Job %s cannot go on.", job_id)
                self.blame(job_id, error)

    def settle(self, plan: Plan, job_id: str) -> None:
        """Open barriers that all files have reached, or end a job with nothing left to do."""
        reached = [
            number
            for number, step in enumerate(plan.steps)
            if step.scope == "batch" and self._barrier_is_reached(plan, job_id, number)
        ]
        for number in reached:
            self._ledger.add_unit(job_id, number, BATCH, UnitKind.BATCH)
        if reached:
            return
        if not self._ledger.has_active(job_id):
            self._complete(job_id)
        elif reason := self._ledger.held_at_last(job_id):
            self.end_job(job_id, JobState.STOPPED_AT_CHECKPOINT, reason)

    def _barrier_is_reached(self, plan: Plan, job_id: str, step: int) -> bool:
        if not self._ledger.has_active(job_id, [step]):
            return False
        if self._ledger.has_active(job_id, steps_before(plan.steps, step)):
            return False
        units = self._ledger.units_of(job_id, BATCH, step)
        return all(unit.state is UnitState.DONE for unit in units)

    def _complete(self, job_id: str) -> None:
        (row,) = self._ledger.query(
            "SELECT count(*) AS files, sum(state = 'FAILED') AS failed, "
            "min(CASE WHEN state = 'FAILED' THEN idx END) AS first FROM file WHERE job_id = ?",
            (job_id,),
        )
        if row["files"] > row["failed"]:
            self.end_job(job_id, JobState.COMPLETE, "")
            return
        reason = self._ledger.file(job_id, row["first"]).error
        if row["files"] > 1:
            reason = f"None of the {row['files']} files could be processed; the first: {reason}"
        self.end_job(job_id, JobState.FAILED, reason)

    def _hold(self, plan: Plan, unit: Unit, outcome: Outcome) -> None:
        """Stop at a checkpoint, once the files and branches that may go on are done."""
        self._ledger.end_unit(unit.id, UnitState.HELD, outcome.stop)
        if outcome.outputs:
            self._spread(plan, unit, outcome, drops=False)
        self.settle_soon(plan, unit.job_id)

    def _split(self, unit: Unit, outcome: Outcome) -> None:
        self._ledger.end_unit(unit.id, UnitState.SPLIT)
        for part in outcome.split:
            self._ledger.add_unit(unit.job_id, unit.step, unit.file, UnitKind.PART, part)

    def _join_when_complete(self, unit: Unit) -> None:
        units = self._ledger.units_of(unit.job_id, unit.file, unit.step)
        parts = [other for other in units if other.kind is UnitKind.PART]
        if all(part.state is UnitState.DONE for part in parts):
            self._ledger.add_unit(unit.job_id, unit.step, unit.file, UnitKind.JOIN)

    def _spread(self, plan: Plan, unit: Unit, outcome: Outcome, *, drops: bool = True) -> None:
        """Hand the outputs of a batch unit to its files; an output belongs to its first file.

        A file without an output is dropped, or stays where it is.
        """
        counts = {int(index): count for index, count in outcome.record_counts.items()}
        taken: set[str] = set()
        for file in self._ledger.files_at(unit.job_id, unit.step):
            if not drops and str(file.idx) not in outcome.outputs:
                continue
            output = outcome.outputs.get(str(file.idx), "")
            output = "" if output in taken else output
            taken.add(output)
            records = counts.get(file.idx, 0) if output else 0
            columns = {"output": output, "records": records}
            self._move(plan, unit, file.idx, plan.steps[unit.step].following, columns)

    def _advance(self, plan: Plan, unit: Unit, outcome: Outcome) -> None:
        columns: dict[str, object] = {
            "output": outcome.output,
            "records": outcome.records if outcome.output else 0,
        }
        if outcome.pages:
            columns["pages"] = outcome.pages
        step = plan.steps[unit.step]
        if not step.routes:
            self._move(plan, unit, unit.file, step.following, columns)
            return
        self._ledger.update_file(unit.job_id, unit.file, route=outcome.route)
        branch = outcome.route if outcome.route in step.routes else OTHER
        if branch in step.routes:
            self._move(plan, unit, unit.file, step.routes[branch], columns)
        else:
            self._give_up(plan, unit, _no_flow(self._name(unit), outcome.route))

    def _move(
        self, plan: Plan, unit: Unit, index: int, following: int, columns: dict[str, object]
    ) -> None:
        """Put a file to its next step; it is done after the last one, or without an output."""
        over = not columns["output"] or following == END
        self._ledger.update_file(
            unit.job_id,
            index,
            step=unit.step if over else following,
            state=FileState.DONE if over else FileState.ACTIVE,
            **columns,
        )
        if not over and plan.steps[following].scope == "file":
            self._ledger.add_unit(unit.job_id, following, index, UnitKind.FILE)

    def _name(self, unit: Unit) -> str:
        if unit.file == BATCH:
            return "all files"
        return self._ledger.file(unit.job_id, unit.file).name

    def _say(self, plan: Plan, unit: Unit, *lines: str) -> None:
        step = plan.steps[unit.step].name
        self._log.add(unit.job_id, lines, step=step, task_id=task_id(unit))


def _no_flow(name: str, label: str) -> str:
    absent = f"no {OTHER}.ibflow"
    if label != OTHER:
        absent = f"neither a flow {label}.ibflow nor {OTHER}.ibflow"
    return f"{name} has the class '{label}', and there is {absent} for it."


def fault_of_platform(error: BaseException) -> str:
    """Tell that a job cannot go on by no fault of its own."""
    return (
        f"The platform failed at this job ({type(error).__name__}: {error}); retry runs what is "
        "left."
    )
