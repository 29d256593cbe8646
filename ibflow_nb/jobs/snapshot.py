"""How a job stands at one moment, and how that is read from the replies seen in the field.

Sources: Job API, "Job status"; Marketplace and Solution API, "Get Solution Execution Status".
They differ, and so do servers: ``results`` is a list or an object, ``state`` says DONE or
COMPLETE, ``cur_status`` is a JSON string, an object, null or broken, and any key may be missing.
The sources call ``total`` and ``index`` unreliable: they are shown, but decide nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ibflow_nb.api.jobs import JobState, JobSummary

_ENDED_TOP_STATES = {"DONE", "COMPLETE", "COMPLETED", "SUCCESS", "SUCCEEDED", "FINISHED"}
_OTHER_NAMES = {
    "ERROR": JobState.FAILED,
    "FAILURE": JobState.FAILED,
    "CANCELED": JobState.CANCELLED,
    "QUEUED": JobState.PENDING,
    "STARTED": JobState.RUNNING,
    "COMPLETED": JobState.COMPLETE,
    "DONE": JobState.COMPLETE,
    "SUCCESS": JobState.COMPLETE,
}


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """How a job stands; never changed, each news is a new one.

    Attributes:
        job_id: the job's id.
        state: its true condition.
        progress: 0 to 1; never falls while the job runs.
        message: what the server says happens now, or why the job ended.
        done_files: files done, if the server counts them.
        total_files: files in the job, if the server counts them.
        error_files: files that failed so far.
        step: internal name of the step that is worked on.
        started: Unix seconds at which this client first saw the job.
        finished: Unix seconds of the end.
        output_folder: drive path of the output, once known.
        note: trouble with the connection or with a function of ``on_done``; empty for none.
        silent_since: Unix seconds since when the server has not answered, once that has lasted
            for two minutes; None while it answers.
    """

    job_id: str
    state: JobState = JobState.UNKNOWN
    progress: float = 0.0
    message: str = ""
    done_files: int | None = None
    total_files: int | None = None
    error_files: int = 0
    step: str = ""
    started: float | None = None
    finished: float | None = None
    output_folder: str = ""
    note: str = ""
    silent_since: float | None = None

    @property
    def done(self) -> bool:
        """Whether the job has ended."""
        return self.state.done

    def replace(self, **changes: Any) -> Snapshot:
        """Give a copy with some values changed."""
        return msgspec.structs.replace(self, **changes)

    def after(self, previous: Snapshot) -> Snapshot:
        """Give this snapshot as the one that follows ``previous``.

        What the server left out is kept, and the counts of one run do not go backwards. A job
        that had ended and runs again (retried, resumed) starts anew.
        """
        again = previous.done and not self.done
        return self.replace(
            progress=self.progress if again else max(self.progress, previous.progress),
            done_files=_kept(self.done_files, None if again else previous.done_files),
            total_files=self.total_files if self.total_files is not None else previous.total_files,
            started=previous.started if previous.started is not None else self.started,
            output_folder=self.output_folder or previous.output_folder,
        )


def in_brief(seen: Snapshot) -> str:
    """Say in a few words how a job stands."""
    parts = [str(seen.state)]
    if not seen.done and seen.progress:
        parts.append(f"{seen.progress:.0%}")
    if seen.total_files:
        done = seen.total_files if seen.state is JobState.COMPLETE else seen.done_files or 0
        parts.append(f"({done} of {seen.total_files} files)")
    if seen.error_files:
        parts.append(f"{seen.error_files} failed")
    if seen.note:
        parts.append(f"[{seen.note}]")
    return " ".join(parts)


def refusal(reply: object) -> str | None:
    """Give the server's sentence if it refused the question itself, else None.

    A reply that tells a state has answered, whatever its ``status`` says.
    """
    if not isinstance(reply, Mapping):
        return f"the reply is no JSON object but {type(reply).__name__}"
    if _text(reply.get("status")).upper() == "ERROR" and not reply.get("state"):
        return _text(reply.get("msg")) or _text(reply.get("message")) or "no reason was given"
    return None


def named_state(word: str) -> JobState | None:
    """Give the state that a word stands for, in any server's spelling; None for no known one."""
    word = word.strip().upper().replace(" ", "_")
    if word in JobState.__members__:
        return JobState[word]
    return _OTHER_NAMES.get(word)


def parse_status(job_id: str, reply: Mapping[str, Any], *, now: float | None = None) -> Snapshot:
    """Read a reply of ``jobs/status`` of whatever shape.

    Args:
        job_id: the job that was asked about.
        reply: the parsed JSON.
        now: Unix time; kept as end of a job for which the server tells none.
    """
    detail = _detail(reply.get("cur_status"))
    results = _results(reply.get("results"))
    state = _state(reply, detail, results)
    summary = detail.get("run_summary")
    summary = summary if isinstance(summary, Mapping) else {}
    total = _count(detail.get("total"), summary.get("numFiles"))
    done = _count(detail.get("index"))
    if done is not None and total is not None:
        done = min(done, total)
    return Snapshot(
        job_id=job_id,
        state=state,
        progress=1.0 if state is JobState.COMPLETE else _fraction(detail.get("curProgress")),
        message=_message(reply, detail, results, state),
        done_files=done,
        total_files=total,
        error_files=_count(summary.get("numRuntimeErrors")) or 0,
        step=_text(detail.get("step")),
        finished=(_seconds(detail.get("finish_timestamp")) or now) if state.done else None,
        output_folder=_output_folder(reply, results),
    )


def parse_listed(summary: JobSummary) -> Snapshot:
    """Read one job of ``jobs/list``, whose progress is the share of files that are done."""
    state = named_state(summary.state) or JobState.UNKNOWN
    done, total = summary.num_done, summary.num_files
    share = done / total if done and total else 0.0
    return Snapshot(
        job_id=summary.job_id,
        state=state,
        progress=1.0 if state is JobState.COMPLETE else min(1.0, share),
        message=summary.msg if state.done else "",
        done_files=done,
        total_files=total or None,
        error_files=summary.num_errors,
        started=summary.start_timestamp,
        finished=summary.finish_timestamp,
        output_folder=summary.output_folder,
    )


def _state(
    reply: Mapping[str, Any], detail: Mapping[str, Any], results: list[Mapping[str, Any]]
) -> JobState:
    """Decide the condition: ``cur_status`` first, then ``state``, then ``results``."""
    top = _text(reply.get("state")).upper()
    inner = named_state(_text(detail.get("status")))
    if inner is not None and inner.done:
        return inner
    if top in _ENDED_TOP_STATES:
        return inner if inner is JobState.PAUSED else _verdict(reply, results)
    named = named_state(top)
    if named is not None and named.done:
        return named
    if inner is not None:
        return inner
    if named in (None, JobState.UNKNOWN) and results:
        return _verdict(reply, results)
    if named is JobState.PENDING and _fraction(detail.get("curProgress")) > 0:
        return JobState.RUNNING
    if named is None and top:
        return JobState.RUNNING
    return named or JobState.UNKNOWN


def _verdict(reply: Mapping[str, Any], results: list[Mapping[str, Any]]) -> JobState:
    """Tell how an ended job ended; without results the request's own status decides."""
    said = [_text(result.get("status")).upper() for result in results]
    if not said:
        said = [_text(reply.get("status")).upper()]
    return JobState.FAILED if all(word == "ERROR" for word in said) else JobState.COMPLETE


def _detail(raw: object) -> Mapping[str, Any]:
    """Give ``cur_status`` as an object; a text that is no JSON is the message."""
    if isinstance(raw, Mapping):
        return raw
    if not isinstance(raw, str) or not raw.strip():
        return {}
    try:
        parsed = msgspec.json.decode(raw)
    except msgspec.DecodeError:
        broken = raw.lstrip().startswith(("{", "["))
        return {} if broken else {"curMsg": raw.strip()}
    return parsed if isinstance(parsed, Mapping) else {}


def _results(raw: object) -> list[Mapping[str, Any]]:
    listed = raw if isinstance(raw, list) else [raw]
    return [entry for entry in listed if isinstance(entry, Mapping) and entry]


def _message(
    reply: Mapping[str, Any],
    detail: Mapping[str, Any],
    results: list[Mapping[str, Any]],
    state: JobState,
) -> str:
    reasons = [_text(result.get("msg")) for result in results]
    current, overall = _text(detail.get("curMsg")), _text(reply.get("msg"))
    if state.done and state is not JobState.COMPLETE:
        candidates = [*reasons, overall, current]
    else:
        candidates = [current, overall, *reasons]
    return next((text for text in candidates if text), "")


def _output_folder(reply: Mapping[str, Any], results: list[Mapping[str, Any]]) -> str:
    data = reply.get("data")
    places = [*results, data if isinstance(data, Mapping) else {}, reply]
    found = (_text(place.get("output_folder")) for place in places)
    return next((folder for folder in found if folder), "")


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _number(value: object) -> float | None:
    """Read a number, also one sent as a string; booleans, NaN and infinities are none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if abs(number) < 1e15 else None


def _count(*values: object) -> int | None:
    numbers = (_number(value) for value in values)
    return next((int(number) for number in numbers if number is not None and number >= 0), None)


def _fraction(value: object) -> float:
    return min(1.0, max(0.0, _number(value) or 0.0))


def _seconds(value: object) -> float | None:
    """Read Unix seconds; a value that can only be milliseconds is divided."""
    number = _number(value)
    if not number or number < 0:
        return None
    return number / 1000 if number > 1e11 else number


def _kept(new: int | None, old: int | None) -> int | None:
    return old if new is None else max(new, old or 0)
