"""Many jobs in one look, on a simulated clock."""

from __future__ import annotations

import asyncio
import random
import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from ibflow_nb.api.errors import ApiError, AuthenticationFailed, ConnectionFailed, JobTimeout
from ibflow_nb.api.jobs import JobState, JobSummary
from ibflow_nb.jobs.background import Background
from ibflow_nb.jobs.board import MOST, Board
from ibflow_nb.jobs.overview import Overview, row_of
from ibflow_nb.jobs.poller import RATE, Poller
from ibflow_nb.jobs.schedule import EMBEDDED
from ibflow_nb.jobs.silence import ServerSilent
from ibflow_nb.jobs.snapshot import Snapshot
from ibflow_nb.jobs.watch import Watch

START = 1_700_000_000


def listed(job_id: str, state: str = "RUNNING", done: int | None = 0, **more: Any) -> JobSummary:
    """Give one job of a list; the number at the end of its id tells when it was submitted."""
    start = START + int(job_id.rpartition("-")[2])
    values = {"flow_path": "a/b/x.ibflow", "num_files": 4, "start_timestamp": start} | more
    return JobSummary(job_id=job_id, state=state, kind="FLOW", num_done=done, **values)


class Server:
    """Lists of jobs as the test says: one for each look; an exception is raised.

    The first look is answered when somebody waits for the end.
    """

    def __init__(self, *lists: Sequence[JobSummary] | Exception) -> None:
        self.lists = [*lists]
        self.asked: list[int | None] = []
        self.waited_for = asyncio.Event()

    async def look(self, since: int | None) -> Sequence[JobSummary]:
        """Give the next list; the last one stays."""
        await self.waited_for.wait()
        self.asked.append(since)
        found = self.lists.pop(0) if len(self.lists) > 1 else self.lists[0]
        if isinstance(found, Exception):
            raise found
        return found


@pytest.fixture
def make(home: Background, clock: Any, scripted: Any, replies: Any) -> Callable[..., Board]:
    """Give a maker of boards: from what the first look and the later ones list."""

    def board(first: Sequence[JobSummary], server: Server, **options: Any) -> Board:
        service = options.pop("service", None) or scripted(lambda *_: None)
        service.clock = clock
        poller = Poller(clock, home=home, rng=random.Random(1))
        rows = tuple(row_of(one) for one in first)
        made = Board(
            service, server.look, Overview(rows=rows), clock=clock, home=home, poller=poller,
            **options,
        )  # fmt: skip
        made.service = service  # type: ignore[attr-defined]
        made.server = server  # type: ignore[attr-defined]
        return made

    return board


def states(board: Board) -> dict[str, str]:
    """Give the state of each job."""
    return {row.job.job_id: row.job.state.value for row in board.snapshot.rows}


def end(home: Background, board: Board, timeout: float | None = 20) -> Board:
    """Wait until no job goes on."""

    async def begin_and_wait() -> Board:
        board.server.waited_for.set()  # type: ignore[attr-defined]
        return await board.wait._function(timeout)

    return home.run(begin_and_wait())


def test_jobs_are_followed_to_their_ends(make: Any, home: Background) -> None:
    """One list an interval tells states, counts and progress of all."""
    first = [listed("j-2"), listed("j-1", done=1)]
    server = Server(
        [listed("j-2", done=2), listed("j-1", "COMPLETE", 4)],
        [listed("j-2", "FAILED", 4, num_errors=4, msg="no file could be read")],
    )
    board = make(first, server)
    seen: list[Overview] = []
    board.subscribe(seen.append)
    end(home, board)
    assert states(board) == {"j-2": "FAILED", "j-1": "COMPLETE"}
    assert board.snapshot.counts == {JobState.COMPLETE: 1, JobState.FAILED: 1}
    assert [row.job.progress for row in seen[0].rows] == [0.5, 1.0]
    assert board.snapshot.rows[0].job.message == "no file could be read"
    assert board.snapshot.rows[0].title == "x.ibflow"
    assert server.asked == [START + 1, START + 2]
    assert repr(board) == "<Board 1 COMPLETE, 1 FAILED>"


def test_nothing_is_asked_when_nothing_goes_on(make: Any, home: Background) -> None:
    """A board of ended jobs has ended."""
    server = Server([])
    board = make([listed("j-1", "COMPLETE", 4)], server)
    assert end(home, board).snapshot.done
    assert server.asked == []


def test_new_jobs_join_in_the_states_asked_for(make: Any, home: Background) -> None:
    """A job that was seen stays, whatever becomes of it; others join by their state."""
    server = Server(
        [listed("j-3"), listed("j-2", "PENDING"), listed("j-1", "PAUSED")],
        [listed(f"j-{n}", "COMPLETE", 4) for n in (3, 2, 1)],
    )
    board = make([listed("j-1")], server, states=frozenset({"RUNNING"}))
    assert states(end(home, board)) == {"j-3": "COMPLETE", "j-1": "COMPLETE"}


def test_a_job_that_is_listed_no_more_is_lost(make: Any, home: Background) -> None:
    """The board does not wait for ever for a job that was deleted."""
    board = end(home, make([listed("j-1")], Server([])))
    assert board.snapshot.rows[0].lost
    assert not board.snapshot.rows[0].job.done


def test_a_full_list_loses_no_job(make: Any, home: Background) -> None:
    """Where there are more jobs than a list takes in, one that it lacks may go on."""
    many = [listed(f"j-{n}", "COMPLETE", 4) for n in range(MOST + 1, 1, -1)]
    server = Server(many, [listed("j-1", "COMPLETE", 4)])
    assert not any(row.lost for row in end(home, make([listed("j-1")], server)).snapshot.rows)


def test_trouble_is_a_note_that_goes_away(make: Any, home: Background, clock: Any) -> None:
    """A server that is away is asked again, when it says after the time it wants."""
    server = Server(
        ConnectionFailed("jobs_list: no server answers."),
        ApiError("busy", status_code=503, retry_after=60.0),
        KeyError("bug"),
        [listed("j-1", "COMPLETE", 4)],
    )
    board = make([listed("j-1")], server)
    notes: list[str] = []
    board.subscribe(lambda overview: notes.append(overview.note))
    end(home, board)
    assert notes == [
        "Trying again: jobs_list: no server answers.",
        "Trying again: busy",
        "Trying again: 'bug'",
        "",
    ]
    assert clock.now() > 60


def test_a_silent_server_is_told_once_to_who_waits_for_many_jobs(
    make: Any, home: Background
) -> None:
    """A wait without a limit warns with the number of jobs and the moment, as a job's does."""
    away = ConnectionFailed("jobs_list: no server answers.")
    board = make([listed("j-1"), listed("j-2", "COMPLETE", 4)], Server(*[away] * 30, []))
    silences: list[float | None] = []
    board.subscribe(lambda overview: silences.append(overview.silent_since))
    with pytest.warns(ServerSilent) as told:
        end(home, board, None)
    (warning,) = told
    assert re.fullmatch(
        r"Waiting for 1 of 2 jobs, but the server has not answered since \d\d:\d\d:\d\d "
        r"\(Trying again: jobs_list: no server answers\); interrupt to wait no longer, or give a "
        r"timeout\.",
        str(warning.message),
    )
    assert [since is None for since in silences] == [True, False, True]


def test_a_wait_with_a_limit_does_not_warn(make: Any, home: Background) -> None:
    """Whoever gave a timeout knows when the wait ends."""
    away = ConnectionFailed("jobs_list: no server answers.")
    board = make([listed("j-1")], Server(*[away] * 30, []))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        end(home, board)
    assert told == []


def test_a_refused_token_ends_the_watching(make: Any, home: Background) -> None:
    """It would be refused again; the jobs go on."""
    board = end(home, make([listed("j-1")], Server(AuthenticationFailed("token refused"))))
    assert (board.snapshot.note, board.snapshot.over) == ("token refused", True)


def test_a_wait_in_vain_times_out(make: Any, home: Background) -> None:
    """The error is a TimeoutError; nothing happens to the jobs."""
    board = make([listed("j-1")], Server([listed("j-1")]))
    with pytest.raises(JobTimeout, match=r"1 of 1 jobs have not ended within 0\.05 s"):
        home.run(board.wait._function(0.05))
    home.run(board.stop._function())


def test_stop_ends_it_and_leaves_the_jobs(make: Any, home: Background) -> None:
    """Who waits is released, and nothing is cancelled."""
    board = make([listed("j-1")], Server([listed("j-1")]))
    waiting = home.submit(board.wait._function(20))
    home.run(board.stop._function())
    assert waiting.result(60) is board
    assert board.snapshot.note == "Not watched any more."
    assert board.service.controls == []


def test_one_job_of_many_is_cancelled(make: Any, home: Background) -> None:
    """Its id is sent, and nothing else."""
    board = make([listed("j-1"), listed("j-2")], Server([listed("j-1"), listed("j-2")]))
    home.run(board.cancel._function("j-2"))
    home.run(board.stop._function())
    assert board.service.controls == [("cancel", "j-2")]


def test_a_list_without_counts_is_filled_up_by_the_poller(
    make: Any, home: Background, scripted: Any, replies: Any
) -> None:
    """On servers that do not count files in the list, running jobs have a bar all the same."""
    service = scripted(lambda _job, _number: replies["running"](0.6, total=5, index=3))
    told = asyncio.Event()

    class Patient(Server):
        async def look(self, since: int | None) -> Sequence[JobSummary]:
            await asyncio.sleep(0.001)
            state = "COMPLETE" if told.is_set() else "RUNNING"
            return [listed("j-1", state, None), listed("j-2", "COMPLETE", None)]

    board = make([listed("j-1", done=None)], Patient(), service=service)
    board.subscribe(lambda one: told.set() if one.rows[-1].job.done_files == 3 else None)
    assert end(home, board).snapshot.rows[1].job.done_files == 3
    assert {job for job, _ in service.asked} == {"j-1"}
    asked = len(service.asked)
    home.run(asyncio.sleep(0.05))
    assert len(service.asked) == asked


def test_two_hundred_jobs_cost_one_request_an_interval(
    make: Any, home: Background, clock: Any
) -> None:
    """A dashboard of many jobs asks the server once in two seconds."""
    going = [listed(f"j-{n}") for n in range(200, 0, -1)]

    class Slow(Server):
        async def look(self, since: int | None) -> Sequence[JobSummary]:
            self.asked.append(since)
            state = "COMPLETE" if clock.now() >= 600 else "RUNNING"
            return [listed(one.job_id, state, 2) for one in going]

    server = Slow()
    end(home, make(going, server))
    assert 270 <= len(server.asked) <= 340


def test_two_hundred_handles_keep_to_the_bounded_rate(
    home: Background, clock: Any, scripted: Any, replies: Any
) -> None:
    """Jobs that are followed one by one share the poller's rate, whatever their number."""
    service = scripted(
        lambda *_: replies["ended"]() if clock.now() > 20 else replies["running"](),
        pace=EMBEDDED, clock=clock,
    )  # fmt: skip
    service.counted = False
    poller = Poller(clock, home=home, rng=random.Random(3))
    watches = [Watch(service, Snapshot(job_id=f"job-{n}")) for n in range(200)]
    for watch in watches:
        poller.watch(watch)
    for watch in watches:
        home.run(watch.wait_closed(30))
    moments = [moment for _, moment in service.asked]
    busiest = max(sum(1 for one in moments if second <= one < second + 1) for second in range(24))
    assert busiest <= RATE + 10
    assert len(moments) <= RATE * (moments[-1] - moments[0]) + 10
