"""Flow steps that hang, eat memory, crash or exit, on a real platform that is asked over HTTP."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(sys.platform != "linux", reason="workers are found in /proc"),
]

SPACE = "local/my-repo/fs/Instabase Drive"
ATTEMPTS = 2
SETTINGS = f"[limits]\nattempts = {ATTEMPTS}\nworker_bytes = 268435456\nunit_seconds = 1.0\n"
GOOD = ["a.txt", "z.txt"]
LATE = "was stopped after 1 s, the platform's limit for it"
DIED = f"{ATTEMPTS} times in a row"
FAULTS = {
    "HANG": LATE,
    "NATIVE": LATE,
    "GROW": "needs more than the 0.25 GiB of memory",
    "MEMORY": "needs more than the 0.25 GiB of memory",
    "CRASH": f"died (signal SIGSEGV), {DIED}",
    "EXIT": "SystemExit: 3",
    "HARDEXIT": f"died (exit code 3), {DIED}",
    "INTERRUPT": "KeyboardInterrupt: no reason given",
    "BUG": "KeyError: 'a bug'",
}


@pytest.fixture
def faulty(platform: Any) -> Any:
    """Give a platform with the misbehaving steps, and a flow of one of them."""
    platform.faulty_steps = True
    inputs = platform.folder / "in"
    inputs.mkdir()
    for name in GOOD:
        (inputs / name).write_text("good text")
    steps = [{"step_name": "read"}, {"step_name": "extract"}]
    (platform.folder / "f.ibflow").write_text(json.dumps({"rootDir": ".", "steps": steps}))
    (platform.root / ".ibflow").mkdir(mode=0o700)
    (platform.root / ".ibflow" / "settings.toml").write_text(SETTINGS)
    platform.start()
    return platform


def outcome(platform: Any, job_id: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Wait for a job's end; give its status, and the reason of each file that failed."""
    status = platform.finish(job_id)
    path = f"{SPACE}/out/batch.ibflowresults"
    records = platform.call("flow_binary/results", ibresults_path=path, options={})["records"]
    assert {Path(record["file_name"]).name for record in records if record["status"] == "OK"} == {
        *GOOD
    }
    return status, {
        Path(record["file_name"]).name: record["error_msg"]
        for record in records
        if record["status"] == "ERROR"
    }


def test_each_faulty_file_fails_alone_with_its_reason(
    faulty: Any, wait_until: Callable[..., None]
) -> None:
    """All faults in one run: the good files have records, and no process is left over."""
    for word in FAULTS:
        (faulty.folder / "in" / f"{word}.txt").write_text(f"{word} text")
    job_id = faulty.submit("f.ibflow", "in", output_dir=f"{SPACE}/out")
    status, reasons = outcome(faulty, job_id)
    assert status["status"] == "COMPLETE"
    assert status["run_summary"]["numRuntimeErrors"] == len(FAULTS)
    for word, sentence in FAULTS.items():
        reason = reasons[f"{word}.txt"]
        assert sentence in reason, reason
    workers = faulty.workers()
    assert len(workers) <= 2
    faulty.end(signal.SIGTERM)
    wait_until(lambda: not [pid for pid in workers if Path(f"/proc/{pid}").exists()])
    assert "Traceback" not in faulty.output


def test_a_step_timeout_that_was_asked_for_ends_the_job(faulty: Any) -> None:
    """Its reason names the file and the limit; the files that were done by then are kept."""
    (faulty.folder / "in" / "HANG.txt").write_text("HANG text")
    job_id = faulty.submit("f.ibflow", "in", output_dir=f"{SPACE}/out", step_timeout=2)
    status = faulty.finish(job_id)
    assert status["status"] == "FAILED"
    assert "on HANG.txt was stopped after 2 s, step_timeout." in status["curMsg"]


def test_a_file_whose_worker_dies_once_is_not_lost(faulty: Any) -> None:
    """It is tried again, and the job's log says so."""
    (faulty.folder / "in" / GOOD[0]).write_text("CRASHONCE text")
    job_id = faulty.submit("f.ibflow", "in", output_dir=f"{SPACE}/out")
    status, reasons = outcome(faulty, job_id)
    assert (status["status"], reasons) == ("COMPLETE", {})
    log = faulty.client.get("/api/v1/jobs/logs", params={"job_id": job_id}).text
    assert "died (signal SIGKILL)" in log


def test_a_platform_with_faulty_files_goes_on_to_serve(faulty: Any) -> None:
    """While one step hangs and another crashes, states are told and other jobs end."""
    (faulty.folder / "bad").mkdir()
    for number in range(4):
        (faulty.folder / "bad" / f"{number}.txt").write_text("CRASH" if number else "HANG")
    bad = faulty.submit("f.ibflow", "bad", output_dir=f"{SPACE}/bad-out")
    good = faulty.submit("f.ibflow", "in", output_dir=f"{SPACE}/out")
    assert outcome(faulty, good)[0]["status"] == "COMPLETE"
    assert faulty.status(bad)["status"] == "RUNNING"
    faulty.call("jobs/cancel", job_id=bad)
    assert faulty.finish(bad)["status"] == "CANCELLED"
