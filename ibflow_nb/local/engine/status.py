"""How jobs stand: the status reply, and the list of jobs."""

from __future__ import annotations

import time
from urllib.parse import urlencode

import msgspec

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.api.jobs import (
    CurStatus,
    JobListQuery,
    JobListReply,
    JobResult,
    JobState,
    JobStatusReply,
    JobSummary,
    RunSummary,
)
from ibflow_nb.local.engine.ledger import Ledger
from ibflow_nb.local.engine.model import Job, Plan
from ibflow_nb.local.engine.paths import ways
from ibflow_nb.local.engine.review import review_state

_MOST_JOBS = 200
_LIST_URL = "/api/v1/jobs/list"
# A job without a started unit waits for its turn; its row says RUNNING all the same.
_SHOWN_STATE = "CASE WHEN state = 'RUNNING' AND started IS NULL THEN 'PENDING' ELSE state END"
_SORT_COLUMNS = {"start_time": "submitted", "finish_time": "coalesce(finished, 9e18)"}


class _Counts(msgspec.Struct, frozen=True):
    """Files of a job by what became of them, and their records."""

    files: int
    done: int
    failed: int
    records: int


def job_status(ledger: Ledger, job_id: str) -> JobStatusReply:
    """Tell how a job stands (design: job status).

    Raises:
        NotFound: there is no such job.
    """
    job = ledger.job(job_id)
    plan = msgspec.json.decode(job.plan, type=Plan)
    counts = _counts(ledger, job_id)
    current = CurStatus(
        status=job.state.value,
        total=counts.files,
        index=counts.done + counts.failed,
        curProgress=_progress(ledger, job, plan),
        reviewer=job.reviewer,
        review_state=review_state(job),
        run_summary=_summary(ledger, job_id, counts),
    )
    if job.state.done:
        current.finish_timestamp = int(job.finished or time.time())
        current.curMsg = _closing_words(job, counts)
    else:
        current.step = _current_step(ledger, job_id, plan)
        current.curMsg = _words(job, counts, current.step)
    return JobStatusReply(
        state="DONE" if job.state.done else "PENDING",
        job_id=job_id,
        cur_status=current.to_text(),
        results=[_result(job)] if job.state.done else None,
        msg=job.msg or None,
    )


def list_jobs(ledger: Ledger, query: JobListQuery) -> JobListReply:
    """List jobs, newest first (platform: Job API, list).

    Raises:
        InvalidRequest: an unknown state or sort key.
    """
    if query.sort_by not in _SORT_COLUMNS:
        raise InvalidRequest("sort_by must be start_time or finish_time.")
    limit = max(1, min(query.limit, _MOST_JOBS))
    offset = max(0, query.offset)
    where, parameters = _conditions(query)
    rows = ledger.query(
        "SELECT id, kind, flow_path, input_dir, output_folder, user, submitted, finished, msg, "  # noqa: S608 - made of constants
        f"{_SHOWN_STATE} AS state, "
        "(SELECT ifnull(sum(files), 0) FROM tally WHERE job_id = job.id) AS files, "
        "(SELECT ifnull(sum(files), 0) FROM tally WHERE job_id = job.id AND state = 'DONE') "
        "AS done, "
        "(SELECT ifnull(sum(files), 0) FROM tally WHERE job_id = job.id AND state = 'FAILED') "
        "AS failed "
        f"FROM job WHERE {where} ORDER BY {_SORT_COLUMNS[query.sort_by]} DESC, seq DESC "
        "LIMIT ? OFFSET ?",
        (*parameters, limit + 1, offset),
    )
    jobs = [
        JobSummary(
            job_id=row["id"],
            state=row["state"],
            kind=row["kind"],
            flow_path=row["flow_path"],
            input_dir=row["input_dir"],
            output_folder=row["output_folder"],
            user=row["user"],
            tags=ledger.tags(row["id"]),
            start_timestamp=int(row["submitted"]),
            finish_timestamp=None if row["finished"] is None else int(row["finished"]),
            num_files=row["files"],
            num_errors=row["failed"],
            num_done=row["done"] + row["failed"],
            msg=row["msg"],
        )
        for row in rows[:limit]
    ]
    if len(rows) <= limit:
        return JobListReply(jobs=jobs)
    following = msgspec.structs.replace(query, limit=limit, offset=offset + limit)
    next_page = f"{_LIST_URL}?{urlencode(msgspec.to_builtins(following))}"
    return JobListReply(jobs=jobs, next_page=next_page)


def _conditions(query: JobListQuery) -> tuple[str, list[object]]:
    conditions = ["1"]
    parameters: list[object] = []
    states = [state.strip().upper() for state in query.state.split(",") if state.strip()]
    if states:
        known = {state.value for state in JobState}
        if unknown := [state for state in states if state not in known]:
            raise InvalidRequest(f"There is no job state {unknown[0]!r}.")
        conditions.append(f"{_SHOWN_STATE} IN ({', '.join('?' * len(states))})")
        parameters += states
    for tag in filter(None, (tag.strip() for tag in query.tags.split(","))):
        conditions.append("EXISTS (SELECT 1 FROM tag WHERE job_id = job.id AND tag = ?)")
        parameters.append(tag)
    if query.from_timestamp is not None:
        conditions.append("submitted >= ?")
        parameters.append(query.from_timestamp)
    if query.to_timestamp is not None:
        conditions.append("submitted < ?")
        parameters.append(query.to_timestamp + 1)
    return " AND ".join(conditions), parameters


def _counts(ledger: Ledger, job_id: str) -> _Counts:
    (row,) = ledger.query(
        "SELECT ifnull(sum(files), 0) AS files, "
        "ifnull(sum(files) FILTER (WHERE state = 'DONE'), 0) AS done, "
        "ifnull(sum(files) FILTER (WHERE state = 'FAILED'), 0) AS failed, "
        "ifnull(sum(records), 0) AS records FROM tally WHERE job_id = ?",
        (job_id,),
    )
    return msgspec.convert(dict(row), _Counts)


def _progress(ledger: Ledger, job: Job, plan: Plan) -> float:
    """Give the share of all files' ways that is done; parts count for their file.

    One statement reads all of it: between two a file may end, and would count for neither.
    """
    if job.state is JobState.COMPLETE:
        return 1.0
    way = ways(plan.steps)
    rows = ledger.query(
        "SELECT state, step, files, 0.0 AS done FROM tally WHERE job_id = ? UNION ALL "
        "SELECT 'PARTS', unit.step, 0, sum(unit.state = 'DONE') * 1.0 / (count(*) + 1) FROM unit "
        "JOIN file ON file.job_id = unit.job_id AND file.idx = unit.file "
        "WHERE unit.job_id = ? AND unit.kind = 'PART' AND file.state = 'ACTIVE' "
        "AND file.step = unit.step GROUP BY unit.file",
        (job.id, job.id),
    )
    gone = 0.0
    for row in rows:
        match row["state"]:
            case "ACTIVE":
                gone += way[row["step"]].share * row["files"]
            case "PARTS":
                gone += way[row["step"]].stride * row["done"]
            case "DONE" | "FAILED":
                gone += row["files"]
    return round(gone / max(1, sum(int(row["files"]) for row in rows)), 4)


def _summary(ledger: Ledger, job_id: str, counts: _Counts) -> RunSummary:
    rows = ledger.query(
        "SELECT error, count(*) AS files FROM file INDEXED BY file_position "
        "WHERE job_id = ? AND state = 'FAILED' GROUP BY error ORDER BY min(idx)",
        (job_id,),
    )
    return RunSummary(
        numFiles=counts.files,
        numRecords=counts.records,
        numRuntimeErrors=counts.failed,
        recordsWithMsg={row["error"]: row["files"] for row in rows},
    )


def _current_step(ledger: Ledger, job_id: str, plan: Plan) -> str:
    rows = ledger.query(
        "SELECT min(first) AS step FROM ("
        "SELECT min(step) AS first FROM unit WHERE job_id = ? AND state = 'RUNNING' "
        "UNION ALL SELECT min(step) FROM unit WHERE job_id = ? AND state = 'READY')",
        (job_id, job_id),
    )
    step = rows[0]["step"]
    return "" if step is None else plan.steps[step].name


def _words(job: Job, counts: _Counts, step: str) -> str:
    done = f"{counts.done + counts.failed} of {_files(counts.files)} done"
    if job.ending:
        return f"Ending: {done}"
    if job.state is JobState.PAUSED:
        return f"Paused: {done}"
    if job.started is None:
        return f"Waiting for a worker: {_files(counts.files)}"
    return f"Running {step}: {done}" if step else f"Finishing: {done}"


def _closing_words(job: Job, counts: _Counts) -> str:
    if job.state is not JobState.COMPLETE:
        return job.msg
    failed = f", {counts.failed} failed" if counts.failed else ""
    return f"Completed {counts.done}/{_files(counts.files)}{failed}"


def _files(count: int) -> str:
    return f"{count} file" if count == 1 else f"{count} files"


def _result(job: Job) -> JobResult:
    if job.state is JobState.COMPLETE:
        return JobResult(status="OK", output_folder=job.output_folder)
    return JobResult(status="ERROR", output_folder=job.output_folder, msg=job.msg)
