"""The one poller, on a simulated clock."""

from __future__ import annotations

import logging
import random
import time
from typing import Any

import pytest

from ibflow_nb.api.errors import (
    ApiError,
    AuthenticationFailed,
    ConnectionFailed,
    JobError,
    NotFound,
)
from ibflow_nb.api.jobs import JobState
from ibflow_nb.jobs.background import Background
from ibflow_nb.jobs.poller import CONFIRMATIONS, Poller
from ibflow_nb.jobs.silence import PATIENCE
from ibflow_nb.jobs.snapshot import Snapshot
from ibflow_nb.jobs.watch import Watch


class Rig:
    """A poller with one watched job and everything that its snapshots said."""

    def __init__(self, home: Background, clock: Any, service: Any) -> None:
        self.home = home
        self.service = service
        service.clock = clock
        self.poller = Poller(clock, home=home, rng=random.Random(3))
        self.watch = Watch(service, Snapshot(job_id="job-1"))
        self.seen: list[Snapshot] = []
        self.watch.subscribe(self.seen.append)

    def run(self) -> Snapshot:
        """Watch until there is nothing more to come."""
        self.poller.watch(self.watch)
        self.home.run(self.watch.wait_closed(20))
        return self.watch.snapshot


@pytest.fixture
def rig(home: Background, clock: Any, scripted: Any) -> Any:
    """Give a maker of rigs: from a function of the question's number."""

    def make(answer: Any) -> Rig:
        return Rig(home, clock, scripted(lambda _job, number: answer(number)))

    return make


def test_a_job_is_watched_to_its_end(rig: Any, replies: Any) -> None:
    """Each change reaches the observers, and after the end nothing is asked."""
    script = [replies["running"](0.0), replies["running"](0.5), replies["ended"]()]
    made = rig(lambda number: script[number])
    assert made.run().state is JobState.COMPLETE
    assert [seen.progress for seen in made.seen] == [0.0, 0.5, 1.0]
    assert len(made.service.asked) == 3


def test_lost_connections_are_notes_and_never_ends(rig: Any, replies: Any) -> None:
    """A job outlives a server that is away; the note is gone when it is back."""

    def answer(number: int) -> Any:
        if 1 <= number <= 30:
            return ConnectionFailed("job_status: no server answers at http://x.")
        return replies["ended"]() if number > 31 else replies["running"](0.5)

    made = rig(answer)
    final = made.run()
    assert final.state is JobState.COMPLETE
    assert final.note == ""
    notes = {seen.note for seen in made.seen if seen.note}
    assert notes == {"Trying again: job_status: no server answers at http://x."}
    assert all(seen.state is JobState.RUNNING for seen in made.seen if seen.note)


def test_silence_is_told_after_two_minutes(rig: Any, replies: Any) -> None:
    """The snapshot says since when no answer came, until one comes."""

    def answer(number: int) -> Any:
        if 1 <= number <= 30:
            return ConnectionFailed("job_status: no server answers at http://x.")
        return replies["ended"]() if number > 31 else replies["running"](0.5)

    made = rig(answer)
    assert made.run().silent_since is None
    (silent,) = (seen for seen in made.seen if seen.silent_since is not None)
    moments = [moment for _, moment in made.service.asked]
    assert moments[30] - moments[1] >= PATIENCE
    before = made.seen[made.seen.index(silent) - 1]
    assert before.note == silent.note
    assert time.time() - silent.silent_since >= PATIENCE


def test_a_refusal_is_an_answer(rig: Any, replies: Any) -> None:
    """A server that refuses a question between two silences has not been silent all the time."""

    def answer(number: int) -> Any:
        if number == 11:
            return {"status": "ERROR", "msg": "locked"}
        return replies["ended"]() if number == 22 else ConnectionFailed("no server answers.")

    made = rig(answer)
    made.run()
    moments = [moment for _, moment in made.service.asked]
    assert moments[21] - moments[0] >= PATIENCE
    assert max(moments[10] - moments[0], moments[21] - moments[12]) < PATIENCE
    assert {seen.silent_since for seen in made.seen} == {None}


def test_a_refusal_ends_a_silence(rig: Any, replies: Any) -> None:
    """What was noted of the silence is taken back before the server is silent again."""

    def answer(number: int) -> Any:
        if number == 30:
            return {"status": "ERROR", "msg": "locked"}
        return replies["ended"]() if number == 32 else ConnectionFailed("no server answers.")

    made = rig(answer)
    made.run()
    note = "Trying again: no server answers."
    told = [(seen.note, seen.silent_since is not None) for seen in made.seen]
    assert told == [(note, False), (note, True), ("", False), (note, False), ("", False)]


def test_an_error_without_a_text_is_named(rig: Any, replies: Any) -> None:
    """The note tells at least what kind of trouble it is."""
    made = rig(lambda number: TimeoutError() if number == 0 else replies["ended"]())
    made.run()
    assert "Trying again: TimeoutError" in {seen.note for seen in made.seen}


def test_polling_obeys_retry_after(rig: Any, replies: Any) -> None:
    """A server that asks for a pause of 42 s gets it."""

    def answer(number: int) -> Any:
        if number == 1:
            return ApiError("busy", status_code=429, retry_after=42.0)
        return replies["ended"]() if number > 1 else replies["running"](0.0)

    made = rig(answer)
    made.run()
    times = [moment for _, moment in made.service.asked]
    assert times[2] - times[1] >= 42.0


def test_a_pause_holds_for_all_jobs_of_the_server(
    home: Background, clock: Any, scripted: Any, replies: Any
) -> None:
    """While one job's question was put off, no other one is asked either."""
    told: list[float] = []

    def answer(job_id: str, number: int) -> Any:
        if job_id == "job-0" and number == 0:
            told.append(clock.now())
            return ApiError("busy", status_code=503, retry_after=30.0)
        return replies["ended"]() if told and clock.now() > told[0] + 40 else replies["running"]()

    service = scripted(answer, clock=clock)
    poller = Poller(clock, home=home, rng=random.Random(3))
    watches = [Watch(service, Snapshot(job_id=f"job-{n}")) for n in range(5)]
    for watch in watches:
        poller.watch(watch)
    for watch in watches:
        home.run(watch.wait_closed(20))
    assert not [moment for _, moment in service.asked if told[0] < moment < told[0] + 30.0]


@pytest.mark.parametrize(
    "refusal", [{"status": "ERROR", "msg": "no such job"}, NotFound("no such job", status_code=404)]
)
def test_an_unknown_job_is_confirmed_first(rig: Any, refusal: Any) -> None:
    """Only after several refusals is the server believed that it does not know a job."""
    made = rig(lambda _number: refusal)
    final = made.run()
    assert final.state is JobState.UNKNOWN
    assert "no such job" in final.message
    assert len(made.service.asked) == CONFIRMATIONS
    assert isinstance(made.watch.error, JobError | NotFound)


def test_one_refusal_does_not_make_a_job_unknown(rig: Any, replies: Any) -> None:
    """A server that stumbles once loses nothing."""
    script = [replies["running"](0.1), {"status": "ERROR", "msg": "locked"}, replies["ended"]()]
    made = rig(lambda number: script[number])
    assert made.run().state is JobState.COMPLETE
    assert JobState.UNKNOWN not in {seen.state for seen in made.seen}


def test_a_refused_token_ends_the_watching_but_not_the_job(rig: Any) -> None:
    """The state stays what it was, and the reason is at hand."""
    made = rig(lambda _number: AuthenticationFailed("token refused", status_code=401))
    made.run()
    assert isinstance(made.watch.error, AuthenticationFailed)
    assert made.watch.snapshot.note == "token refused"
    assert not made.watch.snapshot.done


@pytest.mark.parametrize("odd", [[1, 2], "DONE", None, 7])
def test_a_reply_that_is_no_object_is_trouble(rig: Any, replies: Any, odd: object) -> None:
    """Nonsense from a proxy neither ends a job nor the polling."""
    made = rig(lambda number: odd if number < 3 else replies["ended"]())
    assert made.run().state is JobState.COMPLETE
    assert any(seen.note for seen in made.seen)


def test_the_poller_survives_bugs(
    rig: Any, replies: Any, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """An unexpected exception is logged and noted, nothing is printed, the job goes on."""
    made = rig(lambda number: KeyError("bug") if number == 0 else replies["ended"]())
    made.watch.subscribe(lambda _snapshot: 1 / 0)
    with caplog.at_level(logging.ERROR):
        assert made.run().state is JobState.COMPLETE
    assert "asking after job job-1 failed" in caplog.text
    assert "an observer of job job-1 failed" in caplog.text
    assert capfd.readouterr() == ("", "")


def test_at_most_ten_questions_are_open(
    home: Background, clock: Any, scripted: Any, replies: Any
) -> None:
    """A hundred due jobs share ten connections."""
    service = scripted(lambda _job, _number: replies["ended"](), clock=clock)
    service.turns = 2000
    poller = Poller(clock, home=home)
    watches = [Watch(service, Snapshot(job_id=f"job-{n}")) for n in range(100)]
    for watch in watches:
        poller.watch(watch)
    for watch in watches:
        home.run(watch.wait_closed(20))
    assert service.most_busy == 10
    assert len(service.asked) == 100


def test_a_closed_client_releases_who_waits(rig: Any, replies: Any) -> None:
    """Nobody waits for ever for a client that asks no more."""
    made = rig(lambda _number: replies["running"](0.1))
    made.poller.watch(made.watch)
    made.poller.release(made.service)
    made.home.run(made.watch.wait_closed(20))
    assert isinstance(made.watch.error, ConnectionFailed)


def test_watching_goes_on_after_a_stop_of_the_thread(rig: Any, replies: Any) -> None:
    """After the extension was unloaded and loaded, a job can be watched again."""
    made = rig(lambda number: replies["running"](0.1) if number < 5 else replies["ended"]())
    made.home.run(made.poller._watch(made.watch))
    made.home.stop()
    assert made.run().state is JobState.COMPLETE
