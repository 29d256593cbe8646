"""A job's log: lines with time, step and unit, bounded in size."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterable

from ibflow_nb.api.jobs import JobLogsReply, LogEntry
from ibflow_nb.local.engine.ledger import Ledger

_PAGE = 10_000


class JobLog:
    """Writes and reads the logs of all jobs.

    Args:
        ledger: where they are kept.
        most: bytes of one job's log; what comes later is dropped, and its last line says so.
    """

    # Sizes are counted once and then remembered, of so many jobs.
    _REMEMBERED = 1_000

    def __init__(self, ledger: Ledger, most: int) -> None:
        self._ledger = ledger
        self._most = most
        self._sizes: OrderedDict[str, int] = OrderedDict()

    def add(self, job_id: str, lines: Iterable[str], *, step: str = "", task_id: str = "") -> None:
        """Append lines to a job's log."""
        now = time.time()
        with self._ledger.transaction() as db:
            used = self._size(job_id)
            for line in lines:
                if used >= self._most:
                    break
                used += len(line.encode())
                if used >= self._most:
                    line = f"The log ends here: it reached {self._most:,} bytes."
                db.execute(
                    "INSERT INTO event (job_id, ts, step, task_id, log) VALUES (?, ?, ?, ?, ?)",
                    (job_id, now, step, task_id, line),
                )
            self._sizes[job_id] = used
            while len(self._sizes) > self._REMEMBERED:
                self._sizes.popitem(last=False)

    def _size(self, job_id: str) -> int:
        """Give the bytes of a job's log."""
        if job_id not in self._sizes:
            (row,) = self._ledger.query(
                "SELECT ifnull(sum(length(CAST(log AS BLOB))), 0) AS bytes FROM event "
                "WHERE job_id = ?",
                (job_id,),
            )
            return int(row["bytes"])
        return self._sizes.pop(job_id)

    def read(self, job_id: str, offset: int = 0, limit: int = _PAGE) -> JobLogsReply:
        """Give lines of a job's log in order.

        Raises:
            NotFound: there is no such job.
        """
        self._ledger.job(job_id)
        limit = max(1, min(limit, _PAGE))
        rows = self._ledger.query(
            "SELECT ts, step, task_id, log FROM event WHERE job_id = ? ORDER BY seq "
            "LIMIT ? OFFSET ?",
            (job_id, limit + 1, max(0, offset)),
        )
        entries = [
            LogEntry(
                ts=_stamp(row["ts"]),
                log=row["log"],
                step=row["step"],
                jobId=job_id,
                taskId=row["task_id"],
            )
            for row in rows[:limit]
        ]
        return JobLogsReply(job_id=job_id, logs=entries, has_more=len(rows) > limit)


def _stamp(seconds: float) -> str:
    milliseconds = int(seconds * 1000) % 1000
    return f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(seconds))},{milliseconds:03d}"
