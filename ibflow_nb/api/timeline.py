"""The timeline of a job: when each unit of its work ran (defined here in the platform's style)."""

from __future__ import annotations

from ibflow_nb.api.schema import Envelope, Reply, Request

ALL_FILES = -1
MOST_UNITS = 10_000  # of one reply


class TimelineQuery(Request):
    """Query of ``jobs/timeline``.

    Attributes:
        job_id: the job.
        offset: units to pass over.
        limit: units at most; a reply never has more than 10,000.
    """

    job_id: str
    offset: int = 0
    limit: int = MOST_UNITS


class TimelineStep(Reply, omit_defaults=False):
    """A step of the job: internal name, and its folder in the output."""

    name: str
    folder: str = ""


class TimelineUnit(Reply, omit_defaults=False):
    """A unit of work: one step for one file, for some of its pages, or for all files at once.

    Attributes:
        step: index among the steps of the reply.
        file_index: index of the file in the run, from 0; -1 for all files.
        file_name: its name, relative to the input folder; empty for all files.
        first_page, last_page: of a part of a long file, from 0, both ends included.
        state: READY, RUNNING, DONE or FAILED; SPLIT was given on as parts, HELD waits at a
            checkpoint, DROPPED is no longer needed.
        attempts: how often it was handed to a worker.
        started, finished: Unix seconds of the latest attempt; null while there is none.
    """

    step: int
    file_index: int = ALL_FILES
    file_name: str = ""
    first_page: int | None = None
    last_page: int | None = None
    state: str = ""
    attempts: int = 0
    started: float | None = None
    finished: float | None = None


class TimelineReply(Envelope):
    """Reply of ``jobs/timeline``: units in the order in which they came up.

    Attributes:
        job_id: the job.
        now: the server's clock, Unix seconds.
        steps: all steps of the job, those of all branches.
        units: a page of its units.
        has_more: whether there are more.
    """

    job_id: str
    now: float
    steps: list[TimelineStep]
    units: list[TimelineUnit]
    has_more: bool = False
