"""Many jobs of one server, brought up to date by its list of jobs, on a simulated clock."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ibflow_nb.api.errors import (
    ApiError,
    AuthenticationFailed,
    BadReply,
    ConnectionFailed,
    NotFound,
)
from ibflow_nb.api.jobs import JobState, JobSummary
from ibflow_nb.jobs.agenda import Agenda, Entry
from ibflow_nb.jobs.background import Background
from ibflow_nb.jobs.looks import DEPTH, MANY, Look, Looks
from ibflow_nb.jobs.poller import RATE, Poller
from ibflow_nb.jobs.schedule import Sighting
from ibflow_nb.jobs.snapshot import Snapshot
from ibflow_nb.jobs.watch import Watch

PAGE = 200
FILES = 50


class Rig:
    """A server of jobs that each take some seconds, and a poller that watches them all."""

    def __init__(
        self, home: Background, service: Any, replies: Any, durations: dict[str, float]
    ) -> None:
        self.home = home
        self.service = service
        self.durations = durations
        self.replies = replies
        self.unlisted: set[str] = set()
        self.told: dict[str, float] = {}
        self.poller = Poller(service.clock, home=home, rng=random.Random(3))
        self.watches = [Watch(service, Snapshot(job_id=job_id)) for job_id in durations]
        self.seen: list[Snapshot] = []
        for watch in self.watches:
            watch.subscribe(self.seen.append)
        service.answer = self.answer
        service.counted = False
        service.pages = self.pages

    def share(self, job_id: str) -> float:
        """Give how much of a job is done."""
        return min(1.0, self.service.clock.now() / self.durations[job_id])

    def answer(self, job_id: str, _number: int) -> Any:
        """Answer for one job."""
        if self.share(job_id) < 1:
            return self.replies["running"](self.share(job_id), step="read", curMsg="Reading")
        self.told.setdefault(job_id, self.service.clock.now())
        return self.replies["ended"]()

    def summary(self, job_id: str) -> JobSummary:
        """Give a job as the list shows it."""
        share = self.share(job_id)
        return JobSummary(
            job_id=job_id,
            state="COMPLETE" if share == 1 else "RUNNING",
            kind="FLOW",
            num_files=FILES,
            num_done=int(share * FILES),
        )

    def pages(self) -> Iterator[Any]:
        """List the jobs, newest first."""
        ids = [job_id for job_id in reversed(self.durations) if job_id not in self.unlisted]
        for start in range(0, max(1, len(ids)), PAGE):
            yield [self.summary(job_id) for job_id in ids[start : start + PAGE]]

    async def begin(self) -> None:
        """Begin to watch all jobs at one moment."""
        for watch in self.watches:
            await self.poller._watch(watch)

    def run(self) -> None:
        """Watch all jobs to their ends."""
        self.home.run(self.begin())
        for watch in self.watches:
            self.home.run(watch.wait_closed(60))

    def asked(self, job_id: str) -> list[float]:
        """Give when a job was asked about."""
        return [moment for asked, moment in self.service.asked if asked == job_id]


@pytest.fixture
def rig(home: Background, clock: Any, scripted: Any, replies: Any) -> Callable[..., Rig]:
    """Give a maker of rigs: from the number of jobs and the seconds that each takes."""

    def make(count: int = 2 * MANY, seconds: float = 100.0) -> Rig:
        durations = {f"job-{n}": seconds + n / 10 for n in range(count)}
        return Rig(home, scripted(None, clock=clock), replies, durations)

    return make


def test_a_thousand_jobs_cost_a_few_lists(rig: Any) -> None:
    """Lists and calls together are far below a loop's, and ends are seen within a second."""
    made = rig(1000)
    draw = random.Random(20)
    for job_id in made.durations:
        made.durations[job_id] = min(300.0, draw.lognormvariate(4.0, 0.8))
    made.run()
    requests = len(made.service.asked) + made.service.paged
    late = [made.told[job_id] - seconds for job_id, seconds in made.durations.items()]
    assert requests < 0.06 * sum(made.durations.values())
    assert statistics.mean(late) < 1.0
    assert made.service.most_busy <= 10
    moments = sorted(moment for _, moment in made.service.asked)
    assert len(moments) <= RATE * (moments[-1] - moments[0]) + 10
    assert {watch.snapshot.output_folder for watch in made.watches} == {"a/b/fs/D/out"}


def test_fewer_jobs_are_asked_about_one_by_one(rig: Any) -> None:
    """A list of all jobs is not worth its page then."""
    made = rig(MANY - 1)
    made.run()
    assert made.service.looks == []


def test_bars_move_by_lists_and_never_back(rig: Any) -> None:
    """Between two calls about a job its bar follows the list; step and message stay."""
    made = rig()
    news: list[Snapshot] = []
    made.watches[0].subscribe(news.append)
    made.run()
    bars = [seen.progress for seen in news]
    assert bars == sorted(bars)
    assert len(bars) > 2 * len(made.asked("job-0"))
    first = next(number for number, seen in enumerate(news) if seen.step)
    assert {(seen.step, seen.message) for seen in news[first:-1]} == {("read", "Reading")}
    assert {seen.note for seen in made.seen} == {""}


@pytest.mark.parametrize(
    "refusal",
    [
        NotFound("no such call", status_code=404),
        ApiError("not allowed", status_code=405),
        ApiError("not here", status_code=501),
        ApiError("unknown call", status_code=200),
        AuthenticationFailed("for managers only", status_code=403),
    ],
)
def test_a_server_without_lists_is_not_asked_again(rig: Any, refusal: Exception) -> None:
    """After a clear refusal all jobs are polled, for as long as the server is connected."""
    made = rig()
    made.service.pages = lambda: iter([refusal])
    made.run()
    assert len(made.service.looks) == 1
    assert min(len(made.asked(job_id)) for job_id in made.durations) > 5
    assert {seen.note for seen in made.seen} == {""}


def test_a_list_that_counts_no_files_is_not_asked_again(rig: Any) -> None:
    """It would hold the bars up."""
    made = rig()
    listed = [JobSummary(job_id=job_id, state="RUNNING", kind="FLOW") for job_id in made.durations]
    made.service.pages = lambda: iter([listed])
    made.run()
    assert len(made.service.looks) == 1


@pytest.mark.parametrize(
    "trouble",
    [
        BadReply("jobs_list: the reply is cut off."),
        ConnectionFailed("jobs_list: no server answers."),
        ApiError("boom", status_code=500),
        KeyError("bug"),
    ],
)
def test_a_broken_list_is_tried_again_and_ends_nothing(rig: Any, trouble: Exception) -> None:
    """Jobs are polled until a list comes again; none is said to have failed."""
    made = rig()

    def pages() -> Iterator[Any]:
        clock = made.service.clock
        return iter([trouble]) if 20 < clock.now() < 60 else made.pages()

    made.service.pages = pages
    made.run()
    assert {seen.state for seen in made.seen} == {JobState.RUNNING, JobState.COMPLETE}
    polls = [moment for _, moment in made.service.asked]
    without = sum(1 for moment in polls if 21 < moment < 60)
    assert without > 2 * sum(1 for moment in polls if 61 < moment < 99)
    looks = made.service.looks
    assert 3 <= sum(1 for moment in looks if 20 < moment < 60) < 20
    assert any(60 < moment < 80 for moment in looks)


def test_jobs_that_the_list_does_not_show_are_polled(rig: Any) -> None:
    """Those of others, or too old, are asked about as if there were no list."""
    made = rig()
    made.unlisted = {f"job-{n}" for n in range(5)}
    made.run()
    polls = {job_id: len(made.asked(job_id)) for job_id in made.durations}
    shown = [number for job_id, number in polls.items() if job_id not in made.unlisted]
    assert min(polls[job_id] for job_id in made.unlisted) > 2 * statistics.mean(shown)


def test_a_job_that_leaves_the_list_is_polled_from_then_on(rig: Any) -> None:
    """It is neither forgotten nor taken for ended."""
    made = rig()

    def pages() -> Iterator[Any]:
        made.unlisted = {"job-0"} if made.service.clock.now() > 30 else set()
        return made.pages()

    made.service.pages = pages
    made.run()
    asked = made.asked("job-0")
    assert sum(1 for moment in asked if 31 < moment < 99) > 5
    assert made.watches[0].snapshot.state is JobState.COMPLETE


def test_only_its_own_answer_ends_a_job(rig: Any) -> None:
    """A list that takes a job for failed has it asked about, and nothing more."""
    made = rig()
    whole = made.summary

    def summary(job_id: str) -> JobSummary:
        listed: JobSummary = whole(job_id)
        if job_id == "job-0":
            listed.state, listed.msg = "FAILED", "it is said"
        return listed

    made.summary = summary
    made.run()
    assert JobState.FAILED not in {seen.state for seen in made.seen}
    assert made.watches[0].snapshot.state is JobState.COMPLETE


def test_an_unknown_state_is_asked_about(rig: Any) -> None:
    """A word that this client does not know neither ends nor hides a job."""
    made = rig()
    listed = [
        JobSummary(job_id=job_id, state="DREAMING", kind="FLOW", num_done=0)
        for job_id in made.durations
    ]
    made.service.pages = lambda: iter([listed])
    made.run()
    assert JobState.UNKNOWN not in {seen.state for seen in made.seen}
    assert min(len(made.asked(job_id)) for job_id in made.durations) > 5


def test_a_pause_that_a_list_asks_for_holds_for_all(rig: Any) -> None:
    """While the list was put off, no job is asked about either."""
    made = rig()
    busy: list[float] = []

    def pages() -> Iterator[Any]:
        if made.service.clock.now() < 10 or busy:
            return made.pages()
        busy.append(made.service.clock.now())
        return iter([ApiError("busy", status_code=429, retry_after=30.0)])

    made.service.pages = pages
    made.run()
    moments = [*made.service.looks, *(moment for _, moment in made.service.asked)]
    assert not [moment for moment in moments if busy[0] < moment < busy[0] + 30.0]


def test_a_job_that_waits_again_is_not_shown_as_waiting(rig: Any) -> None:
    """Lists call a job pending that has begun while none of its files is worked on."""
    made = rig()
    whole = made.summary

    def summary(job_id: str) -> JobSummary:
        listed: JobSummary = whole(job_id)
        if listed.state == "RUNNING":
            listed.state = "PENDING"
        return listed

    made.summary = summary
    news: list[JobState] = []
    made.watches[0].subscribe(lambda seen: news.append(seen.state))
    made.run()
    assert JobState.PENDING not in news[news.index(JobState.RUNNING) :]


def test_a_look_reads_no_more_pages_than_it_may_need(rig: Any) -> None:
    """Behind thousands of others' jobs, a few of ours are polled."""
    made = rig()
    others = [
        [JobSummary(job_id=f"x-{n}", state="RUNNING", kind="FLOW", num_done=0) for n in range(PAGE)]
        for _ in range(20)
    ]
    made.service.pages = lambda: iter(others)
    made.run()
    most = -(-DEPTH * len(made.durations) // PAGE)
    assert made.service.paged == most * len(made.service.looks)


def test_a_page_that_is_older_than_an_answer_is_passed_over(
    home: Background, clock: Any, scripted: Any
) -> None:
    """News of one job come in order, although they come by two ways."""
    service, agenda = scripted(None, clock=clock), Agenda(clock, rate=RATE, burst=10)
    entries = [
        Entry(service=service, watch=Watch(service, Snapshot(job_id=f"job-{n}")), sighting=begun)
        for n, begun in enumerate([Sighting.begin(0.0)] * MANY)
    ]

    def pages() -> Iterator[Any]:
        clock.time += 1.0
        entries[0].answered = clock.now() - 0.5
        yield [
            JobSummary(job_id=f"job-{n}", state="PAUSED", kind="FLOW", num_done=0)
            for n in range(MANY)
        ]

    service.pages = pages
    looks = Looks(agenda, clock, random.Random(1), lambda _: entries)
    looks.begin(service)
    clock.time += 1.0
    look, _ = agenda.take()
    assert isinstance(look, Look)
    home.run(looks.carry_out(look))
    states = [entry.watch.snapshot.state for entry in entries]
    assert states == [JobState.UNKNOWN, *[JobState.PAUSED] * (MANY - 1)]


def test_looks_go_on_after_a_stop_of_the_thread(rig: Any) -> None:
    """After the extension was unloaded and loaded, the jobs are watched as before."""
    made = rig(seconds=1e12)
    made.home.run(made.begin())
    made.home.stop()
    now, before = made.service.clock.now(), len(made.service.looks)
    made.durations = dict.fromkeys(made.durations, now + 100.0)
    made.run()
    assert len(made.service.looks) > before + 10
