"""Many jobs and many questions at once."""

from __future__ import annotations

import http.client
import json
import os
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc"),
]

JOBS = int(os.environ.get("IBFLOW_NB_TEST_JOBS", "300"))
FIRST = 100  # jobs whose end is waited for
FILES = 6  # of each job: enough to keep the workers behind the submissions
POLLS_A_SECOND = 200
ASKERS = 10  # connections of a client
SECONDS = 5
SLOWEST = 1.0
MORE_MEMORY = 60 * 1024**2


def memory(pid: int) -> int:
    """Give the resident memory of a process in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


def ask(platform: Any, jobs: list[str]) -> list[float]:
    """Ask for states at a fixed rate, however long the answers take; give the waits."""
    url = platform.client.base_url
    headers = {"Authorization": platform.client.headers["Authorization"]}
    begun = time.perf_counter()

    def asker(first: int) -> list[float]:
        connection = http.client.HTTPConnection(url.host, url.port, timeout=90)
        waits = []
        for number in range(first, POLLS_A_SECOND * SECONDS, ASKERS):
            due = begun + number / POLLS_A_SECOND
            time.sleep(max(0.0, due - time.perf_counter()))
            query = f"job_id={jobs[number * 7 % len(jobs)]}&type=flow"
            connection.request("GET", f"/api/v1/jobs/status?{query}", headers=headers)
            assert json.loads(connection.getresponse().read())["status"] == "OK"
            waits.append(time.perf_counter() - due)
        connection.close()
        return waits

    with ThreadPoolExecutor(ASKERS) as threads:
        return [wait for waits in threads.map(asker, range(ASKERS)) for wait in waits]


def test_states_are_told_while_many_jobs_wait(standing: Any, record_property: Any) -> None:
    """No submission and no question fails, answers are quick, memory is flat, jobs end."""
    (standing.folder / "in").mkdir()
    for number in range(FILES):
        (standing.folder / "in" / f"{number}.txt").write_text("Total 1.00")
    steps = [{"step_name": "process_files", "kwargs": {}}]
    (standing.folder / "f.ibflow").write_text(json.dumps({"rootDir": ".", "steps": steps}))
    standing.finish(standing.submit("f.ibflow", "in", output_has_run_id=True))

    with ThreadPoolExecutor(8) as threads:
        jobs = list(
            threads.map(
                lambda _: standing.submit("f.ibflow", "in", output_has_run_id=True), range(JOBS)
            )
        )
    assert len(set(jobs)) == JOBS
    assert standing.status(jobs[-1])["status"] == "RUNNING"
    before = memory(standing.pid)
    waits = ask(standing, jobs)
    ninety_nine = statistics.quantiles(waits, n=100)[98]
    record_property("p99_seconds", round(ninety_nine, 4))
    print(f"p99 {ninety_nine * 1000:.1f} ms, median {statistics.median(waits) * 1000:.1f} ms")  # noqa: T201
    assert ninety_nine < SLOWEST

    for job_id in jobs[:FIRST]:
        assert standing.finish(job_id)["status"] == "COMPLETE"
    assert {standing.status(job_id)["status"] for job_id in jobs} <= {"COMPLETE", "RUNNING"}
    grown = memory(standing.pid) - before
    record_property("grown_bytes", grown)
    print(f"memory {before / 1e6:.0f} MB, grown by {grown / 1e6:.1f} MB")  # noqa: T201
    assert grown < MORE_MEMORY
