"""The client against a server that misbehaves in every way seen, scripted and on a real socket."""

from __future__ import annotations

import gc
import itertools
import json
import os
import random
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bad_servers import (
    PATIENCE,
    SUBMITTED,
    Behaviour,
    Breaks,
    Gone,
    Says,
    Script,
    ScriptedTransport,
    Silent,
    SocketServer,
    TickingClock,
)

from ibflow_nb.api.errors import IbflowError
from ibflow_nb.api.jobs import JobState
from ibflow_nb.client import Client, service
from ibflow_nb.jobs import Snapshot
from ibflow_nb.jobs.background import background
from ibflow_nb.notebook.progress.describe import describe

pytestmark = pytest.mark.faults

POLLS = int(os.environ.get("IBFLOW_NB_TEST_POLLS", "600"))
MINUTE = 60.0
GROWTH = 1500  # objects
HALF = b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"status": "OK", "sta'
HTML = Says(b"<!doctype html><p>Please log in", 200, {"Content-Type": "text/html"})


def running(**changes: Any) -> Says:
    """A job that runs."""
    detail = json.dumps({"status": "RUNNING", "curProgress": 0.25, "curMsg": "Reading"})
    return Says({"status": "OK", "state": "PENDING", "cur_status": detail} | changes)


def ended(**changes: Any) -> Says:
    """A job that is complete."""
    detail = json.dumps({"status": "COMPLETE", "total": 2, "index": 2})
    results = [{"status": "OK", "output_folder": "a/out"}]
    told = {"status": "OK", "state": "DONE", "cur_status": detail, "results": results}
    return Says(told | changes)


def busy(status: int, wait: str) -> Says:
    """A server that asks to be left alone."""
    return Says({"message": "busy"}, status, {"Retry-After": wait})


TROUBLES: dict[str, tuple[list[Behaviour], str]] = {
    "reset": ([Breaks()] * 3, "the connection to .* broke"),
    "half a reply": ([Breaks(HALF)] * 3, "the connection to .* broke"),
    "no HTTP": ([Breaks(b"hello\r\n\r\n")] * 3, "the connection to .* broke"),
    "silence": ([Silent()] * 2, "did not answer in time"),
    "gone for a minute": ([Gone(MINUTE)], "no server answers at|the connection to .* broke"),
    "429": ([busy(429, "7")], "HTTP 429"),
    "429 until a date": ([busy(429, "Fri, 31 Dec 1999 23:59:59 GMT")], "HTTP 429"),
    "503": ([busy(503, "11")] * 3, "HTTP 503"),
    "503 with nonsense": ([busy(503, "soon")] * 3, "HTTP 503"),
    "500 twice": ([Says(b"Boom", 500)] * 2, r"HTTP 500 \(Boom\)"),
    "HTML": ([HTML] * 3, "answered with a web page instead of JSON"),
    "a redirect": ([Says(b"", 302, {"Location": "https://login.test"})] * 3, "redirects to"),
    "no JSON": ([Says(b'{"status": "OK",,}')] * 3, "is no valid JSON"),
    "an empty body": ([Says(b"")] * 3, "an empty body"),
    "a list": ([Says([1, 2])] * 3, "no JSON object but list"),
}
ODDITIES: dict[str, list[Behaviour]] = {
    "slow": [Says(running().body, pause=0.01)] * 2,
    "ERROR with 200": [Says({"status": "ERROR", "msg": "locked"})] * 3,
    "ERROR with 200 and a state": [running(status="ERROR")] * 9,
    "not found": [Says({"status": "ERROR", "msg": "unknown"}, 404)] * 3,
    "refused token": [Says({"message": "no"}, 401)] * 3,
    "a state never seen": [running(state="HIBERNATING", cur_status=None)] * 3,
    "a status never seen": [running(cur_status='{"status": "DREAMING"}')] * 3,
    "cur_status cut off": [running(cur_status='{"status": "FAIL')] * 3,
    "cur_status plain text": [running(cur_status="All is well")] * 3,
    "cur_status an object": [running(cur_status={"status": "RUNNING"})] * 3,
    "cur_status a number": [running(cur_status=7)] * 3,
    "no keys at all": [Says({})] * 3,
    "wrong types": [running(state=3, results="none", msg=[1])] * 3,
}
ENDS: dict[str, Behaviour] = {
    "results a list": ended(),
    "results an object": ended(results={"status": "OK", "output_folder": "a/out"}),
    "results absent": ended(results=None, output_folder="a/out"),
    "cur_status broken": ended(cur_status='{"status": "COM'),
    "cur_status absent": ended(cur_status=None),
    "state COMPLETE": ended(state="COMPLETE", cur_status=None),
}


class Rig:
    """A client of a bad server, and all that its views said of the job."""

    def __init__(self, kind: type[ScriptedTransport | SocketServer]) -> None:
        self.clock = TickingClock()
        self.script = Script()
        self.server = kind(self.script, self.clock)
        transport = self.server if isinstance(self.server, ScriptedTransport) else None
        self.client = Client(self.server.url, "t0ken", transport=transport, clock=self.clock)
        self.seen: list[Snapshot] = []

    def run(self) -> Snapshot:
        """Submit a run and watch it to its end."""
        self.script.watched.clear()
        job = self.client.flows.run("f.ibflow", "in")
        job.subscribe(self.seen.append)
        self.script.watched.set()
        return job.result(timeout=60)

    @property
    def told(self) -> str:
        """What a view showed, one line for each news."""
        return "\n".join(describe(snapshot, "f.ibflow").line for snapshot in self.seen)


@pytest.fixture(params=[ScriptedTransport, SocketServer], ids=["scripted", "socket"])
def rig(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    """Give a client of a bad server, of each kind."""
    monkeypatch.setattr(service, "_STATUS_PATIENCE", PATIENCE)
    made = Rig(request.param)
    yield made
    made.client.close()
    background.stop()
    made.server.close()


def check_the_job_was_never_lost(rig: Rig, final: Snapshot) -> None:
    """One submission, no false end on the way, and the true one in the end."""
    assert rig.script.submitted == 1
    assert (final.state, final.note) == (JobState.COMPLETE, "")
    earlier = {seen.state for seen in rig.seen} - {JobState.COMPLETE}
    assert earlier <= {JobState.RUNNING, JobState.PENDING, JobState.UNKNOWN}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_trouble_is_shown_and_passes(rig: Rig, trouble: str) -> None:
    """While it lasts the job goes on and the view says what is wrong; then its end is seen."""
    behaviours, sentence = TROUBLES[trouble]
    rig.script.questions = iter([running(), *behaviours, running(), *[ended()] * 9])
    final = rig.run()
    check_the_job_was_never_lost(rig, final)
    noted = [seen for seen in rig.seen if seen.note]
    assert noted
    assert {seen.state for seen in noted} == {JobState.RUNNING}
    assert re.search(f"RUNNING .*Trying again: .*({sentence})", rig.told)


@pytest.mark.parametrize("oddity", ODDITIES)
def test_odd_replies_end_nothing(rig: Rig, oddity: str) -> None:
    """The job is asked on as before, and its end is seen."""
    rig.script.questions = iter([running(), *ODDITIES[oddity], *[ended()] * 9])
    check_the_job_was_never_lost(rig, rig.run())


@pytest.mark.parametrize("end", ENDS)
def test_an_end_is_seen_in_every_shape(rig: Rig, end: str) -> None:
    """List or object, with or without cur_status."""
    rig.script.questions = iter([running(), ENDS[end]])
    final = rig.run()
    check_the_job_was_never_lost(rig, final)
    assert final.output_folder == "a/out"


BLOWS: dict[str, tuple[Behaviour, str]] = {
    "reset": (Breaks(), "look before you send it again"),
    "half a reply": (Breaks(HALF), "look before you send it again"),
    "silence": (Silent(), "look before you send it again"),
    "429": (busy(429, "7"), "HTTP 429"),
    "503": (busy(503, "7"), "HTTP 503"),
    "500": (Says(b"Boom", 500), "HTTP 500"),
    "HTML": (HTML, "a web page instead of JSON"),
    "ERROR with 200": (Says({"status": "ERROR", "msg": "No such flow."}), "No such flow"),
    "no job id": (Says({"status": "OK"}), "the required key 'data' is missing"),
}


@pytest.mark.parametrize("blow", BLOWS)
def test_a_submission_is_never_sent_twice(rig: Rig, blow: str) -> None:
    """Whatever comes back, one request goes out, and the sentence says what may have happened."""
    behaviour, sentence = BLOWS[blow]
    rig.script.submissions = itertools.chain([behaviour], itertools.repeat(Says(SUBMITTED)))
    with pytest.raises(IbflowError, match=sentence):
        rig.client.flows.run("f.ibflow", "in")
    assert rig.script.submitted == 1


def test_a_submission_that_nobody_took_is_sent_when_somebody_listens(rig: Rig) -> None:
    """A refused connection carried nothing, so the run starts once."""
    rig.script.questions = itertools.chain([Gone(2.0)], itertools.repeat(ended()))
    first = rig.client.flows.run("f.ibflow", "in")
    while not rig.script.gone:
        time.sleep(0.001)
    second = rig.client.flows.run("f.ibflow", "in")
    assert {job.result(timeout=60).state for job in (first, second)} == {JobState.COMPLETE}
    assert rig.script.submitted == 2


def test_reading_is_repeated_after_two_failures_of_the_server(rig: Rig) -> None:
    """A call that may be sent twice is not lost by a fault that passes."""
    fine = Says({"status": "OK", "jobs": []})
    rig.script.others = iter([Says(b"Boom", 500), Says(b"Boom", 500), fine])
    assert rig.client.jobs.list() == []


def test_many_polls_in_all_kinds_of_trouble_cost_nothing(rig: Rig) -> None:
    """After a while no objects, threads and open files are added any more."""
    quick = [
        behaviour
        for behaviours in [*(listed for listed, _ in TROUBLES.values()), *ODDITIES.values()]
        for behaviour in behaviours[:1]
        if not isinstance(behaviour, Silent | Gone)
        and behaviour != Says(running().body, pause=0.01)
    ]
    rng = random.Random(1)
    sizes: list[tuple[int, int, int]] = []

    def questions() -> Iterator[Behaviour]:
        for number in range(POLLS):
            if number % (POLLS // 10) == POLLS // 10 - 1:
                gc.collect()
                files = [*Path("/proc/self/fd").glob("*")]  # none on systems without it
                sizes.append((len(gc.get_objects()), threading.active_count(), len(files)))
            yield rng.choice(quick) if number % 2 else running()
        yield from itertools.repeat(ended())

    rig.script.questions = questions()
    job = rig.client.flows.run("f.ibflow", "in")
    assert job.result(timeout=60 + POLLS / 10).state is JobState.COMPLETE
    assert rig.script.asked > POLLS
    objects, threads, files = zip(*sizes, strict=True)
    print(f"{POLLS} polls: objects {objects}, threads {threads}, files {files}")  # noqa: T201
    assert max(objects[2:]) - objects[1] < GROWTH
    assert max(threads[2:]) <= threads[1]
    assert max(files[2:]) <= files[1] + 2
