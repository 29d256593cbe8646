"""The job store: jobs, their files and units."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

import msgspec

from ibflow_nb.api.errors import NotFound
from ibflow_nb.api.jobs import JobState
from ibflow_nb.local.engine.model import FileState, Job, JobFile, Plan, Unit, UnitKind, UnitState
from ibflow_nb.local.engine.store import Store
from ibflow_nb.local.steps.base import Part

T = TypeVar("T")


class Ledger(Store):
    """Jobs, files and units of one platform."""

    # --- jobs

    def add_job(self, job: Job, names: Sequence[str], plan: Plan) -> None:
        """Store a job with its files, each at its first step, and the units of these steps."""
        entries = [(name, step) for step in plan.starts for name in names]
        with self.transaction() as db:
            db.execute(
                "INSERT INTO job (id, kind, state, request, plan, binary, flow_path, input_dir, "
                "output_folder, user, submitted) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    job.id,
                    job.kind,
                    job.state,
                    job.request,
                    job.plan,
                    job.binary,
                    job.flow_path,
                    job.input_dir,
                    job.output_folder,
                    job.user,
                    job.submitted,
                ),
            )
            db.executemany(
                "INSERT INTO file (job_id, idx, name, step) VALUES (?, ?, ?, ?)",
                [(job.id, index, *entry) for index, entry in enumerate(entries)],
            )
            db.executemany(
                "INSERT INTO unit (job_id, step, file, kind) VALUES (?, ?, ?, 'FILE')",
                [
                    (job.id, step, index)
                    for index, (_, step) in enumerate(entries)
                    if plan.steps[step].scope == "file"
                ],
            )
            tags = [(job.id, tag) for tag in plan.options.tags]
            db.executemany("INSERT OR IGNORE INTO tag VALUES (?, ?)", tags)
            self.set_pipelines(job.id, plan.options.pipeline_ids)

    def set_pipelines(self, job_id: str, pipelines: Sequence[str]) -> None:
        """Replace the set of pipelines that a job belongs to."""
        with self.transaction() as db:
            db.execute("DELETE FROM pipeline WHERE job_id = ?", (job_id,))
            rows = [(job_id, pipeline) for pipeline in pipelines]
            db.executemany("INSERT OR IGNORE INTO pipeline VALUES (?, ?)", rows)

    def job(self, job_id: str) -> Job:
        """Give a job.

        Raises:
            NotFound: there is none with this id.
        """
        rows = self.query("SELECT * FROM job WHERE id = ?", (job_id,))
        if not rows:
            raise NotFound(f"There is no job {job_id!r} on this platform.", status_code=404)
        return _convert(rows[0], Job)

    def live(self) -> dict[str, tuple[JobState, str]]:
        """Give state and decided end of the jobs that have not ended, oldest first."""
        rows = self.query(
            "SELECT id, state, ending FROM job WHERE state IN ('RUNNING', 'PAUSED') ORDER BY seq"
        )
        return {row["id"]: (JobState(row["state"]), row["ending"]) for row in rows}

    def runnable(self) -> list[str]:
        """Give the ids of the jobs of which units may be started."""
        rows = self.query("SELECT id FROM job WHERE state = 'RUNNING' AND ending = ''")
        return [row["id"] for row in rows]

    def ending(self) -> list[str]:
        """Give the ids of the live jobs whose end is decided, oldest first."""
        rows = self.query(
            "SELECT id FROM job WHERE state IN ('RUNNING', 'PAUSED') AND ending <> '' ORDER BY seq"
        )
        return [row["id"] for row in rows]

    def live_outputs(self) -> dict[str, str]:
        """Give the output folders (drive paths) of the jobs that have not ended."""
        rows = self.query("SELECT id, output_folder FROM job WHERE state IN ('RUNNING', 'PAUSED')")
        return {row["id"]: row["output_folder"] for row in rows}

    def is_live(self, job_id: str) -> bool:
        """Tell whether there is a job with this id that has not ended."""
        rows = self.query(
            "SELECT 1 FROM job WHERE id = ? AND state IN ('RUNNING', 'PAUSED')", (job_id,)
        )
        return bool(rows)

    def is_unprepared(self, job_id: str) -> bool:
        """Tell whether a job has not ended and its output folder is not ready yet."""
        rows = self.query(
            "SELECT 1 FROM job WHERE id = ? AND prepared = 0 AND state IN ('RUNNING', 'PAUSED')",
            (job_id,),
        )
        return bool(rows)

    def has_ended(self, job_id: str) -> bool:
        """Tell whether a job has ended."""
        rows = self.query("SELECT state FROM job WHERE id = ?", (job_id,))
        return bool(rows) and JobState(rows[0]["state"]).done

    def update_job(self, job_id: str, **columns: object) -> None:
        """Set columns of a job's row."""
        self.update("job", columns, "id = ?", (job_id,))

    def mark_started(self, job_id: str) -> None:
        """Note that work on a job begins, unless it had begun before."""
        with self.transaction() as db:
            db.execute(
                "UPDATE job SET started = ? WHERE id = ? AND started IS NULL",
                (time.time(), job_id),
            )

    def tags(self, job_id: str) -> list[str]:
        """Give a job's tags."""
        rows = self.query("SELECT tag FROM tag WHERE job_id = ? ORDER BY tag", (job_id,))
        return [row["tag"] for row in rows]

    # --- files

    def files(self, job_id: str) -> Iterator[JobFile]:
        """Yield a job's files in order, without holding the store meanwhile."""
        after = -1
        while rows := self.query(
            "SELECT * FROM file WHERE job_id = ? AND idx > ? ORDER BY idx LIMIT 500",
            (job_id, after),
        ):
            after = rows[-1]["idx"]
            yield from (_convert(row, JobFile) for row in rows)

    def file(self, job_id: str, index: int) -> JobFile:
        """Give one file of a job."""
        (row,) = self.query("SELECT * FROM file WHERE job_id = ? AND idx = ?", (job_id, index))
        return _convert(row, JobFile)

    def files_at(self, job_id: str, step: int) -> list[JobFile]:
        """Give the active files that stand at a step."""
        rows = self.query(
            "SELECT * FROM file WHERE job_id = ? AND state = 'ACTIVE' AND step = ? ORDER BY idx",
            (job_id, step),
        )
        return [_convert(row, JobFile) for row in rows]

    def has_active(self, job_id: str, steps: Iterable[int] | None = None) -> bool:
        """Tell whether a job has active files, or such that stand at one of some steps."""
        sql = "SELECT 1 FROM file WHERE job_id = ? AND state = 'ACTIVE'"
        parameters: list[object] = [job_id]
        if steps is not None:
            sql += " AND step IN (SELECT value FROM json_each(?))"
            parameters.append(msgspec.json.encode(list(steps)).decode())
        return bool(self.query(f"{sql} LIMIT 1", parameters))

    def update_file(self, job_id: str, index: int, **columns: object) -> None:
        """Set columns of a file's row."""
        self.update("file", columns, "job_id = ? AND idx = ?", (job_id, index))

    def fail_file(self, job_id: str, index: int, error: str) -> None:
        """Mark a file as failed and drop what waits for it."""
        with self.transaction() as db:
            self.update_file(job_id, index, state=FileState.FAILED, error=error, records=0)
            db.execute(
                "UPDATE unit SET state = 'DROPPED' "
                "WHERE job_id = ? AND file = ? AND state IN ('READY', 'RUNNING')",
                (job_id, index),
            )

    # --- units

    def add_unit(
        self, job_id: str, step: int, file: int, kind: UnitKind, part: Part | None = None
    ) -> None:
        """Store a unit that is ready to run."""
        first, last = (part.first, part.last) if part else (None, None)
        with self.transaction() as db:
            db.execute(
                "INSERT INTO unit (job_id, step, file, kind, first, last) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (job_id, step, file, kind, first, last),
            )

    def ready_units(self, job_id: str) -> Iterator[Unit]:
        """Yield the units to run next: later steps first, so that files are finished early.

        Those that were yielded before are to be marked as started before the next one is taken.
        """
        while rows := self.query(
            "SELECT * FROM unit WHERE job_id = ? AND state = 'READY' "
            "ORDER BY step DESC, file, first LIMIT 16",
            (job_id,),
        ):
            yield from (_convert(row, Unit) for row in rows)

    def units_of(self, job_id: str, file: int, step: int) -> list[Unit]:
        """Give the units of one file at one step, parts in order."""
        rows = self.query(
            "SELECT * FROM unit WHERE job_id = ? AND file = ? AND step = ? ORDER BY first, id",
            (job_id, file, step),
        )
        return [_convert(row, Unit) for row in rows]

    def unit(self, unit_id: int) -> Unit:
        """Give one unit."""
        (row,) = self.query("SELECT * FROM unit WHERE id = ?", (unit_id,))
        return _convert(row, Unit)

    def start_unit(self, unit_id: int) -> None:
        """Note that a unit is handed to a worker now."""
        with self.transaction() as db:
            db.execute(
                "UPDATE unit SET state = 'RUNNING', attempts = attempts + 1, started = ?, "
                "finished = NULL WHERE id = ?",
                (time.time(), unit_id),
            )

    def end_unit(self, unit_id: int, state: UnitState, output: str = "") -> None:
        """Note how a unit ended, now."""
        self.update_unit(unit_id, state=state, output=output, finished=time.time())

    def update_unit(self, unit_id: int, **columns: object) -> None:
        """Set columns of a unit's row."""
        self.update("unit", columns, "id = ?", (unit_id,))

    def held_at_last(self, job_id: str) -> str:
        """Tell why a job is held, once nothing of it can run any more; empty before."""
        rows = self.query(
            "SELECT output FROM unit WHERE job_id = ? AND state = 'HELD' AND NOT EXISTS "
            "(SELECT 1 FROM unit WHERE job_id = ? AND state IN ('READY', 'RUNNING'))",
            (job_id, job_id),
        )
        return str(rows[0]["output"]) if rows else ""

    def held_steps(self, job_id: str) -> set[int]:
        """Give the indexes of the steps at which units are held."""
        rows = self.query(
            "SELECT DISTINCT step FROM unit WHERE job_id = ? AND state = 'HELD'", (job_id,)
        )
        return {row["step"] for row in rows}

    def release_held(self, job_id: str) -> None:
        """Make the units that are held at a checkpoint ready to run."""
        with self.transaction() as db:
            db.execute(
                "UPDATE unit SET state = 'READY', output = '' WHERE job_id = ? AND state = 'HELD'",
                (job_id,),
            )

    def recover(self) -> int:
        """Put units that ran when the platform was stopped back to READY; give their number."""
        with self.transaction() as db:
            changed = db.execute("UPDATE unit SET state = 'READY' WHERE state = 'RUNNING'")
            return changed.rowcount

    def reopen_failed(self, job_id: str) -> int:
        """Make the failed files of an ended job ready to run again; give their number."""
        with self.transaction() as db:
            failed = db.execute(
                "SELECT idx, step FROM file WHERE job_id = ? AND state = 'FAILED'", (job_id,)
            ).fetchall()
            for index, step in failed:
                place = (job_id, index, step)
                db.execute(
                    "DELETE FROM unit WHERE job_id = ? AND file = ? AND step = ? "
                    "AND kind <> 'FILE'",
                    place,
                )
                db.execute(
                    "UPDATE unit SET state = 'READY', deaths = 0, output = '' "
                    "WHERE job_id = ? AND file = ? AND step = ?",
                    place,
                )
                self.update_file(job_id, index, state=FileState.ACTIVE, error="")
            others = db.execute(  # those that failed their whole job
                "UPDATE unit SET state = 'READY', deaths = 0 WHERE job_id = ? AND state = 'FAILED'",
                (job_id,),
            )
            return len(failed) + others.rowcount


def new_job(**values: Any) -> Job:
    """Make the row of a job that is submitted now."""
    defaults: dict[str, Any] = {
        "seq": 0,
        "binary": b"",
        "state": JobState.RUNNING,
        "ending": "",
        "submitted": time.time(),
        "started": None,
        "finished": None,
        "prepared": False,
        "msg": "",
        "reviewer": "",
    }
    return Job(**{**defaults, **values})


def _convert(row: sqlite3.Row, kind: type[T]) -> T:
    return msgspec.convert(dict(row), kind, strict=False)
