"""From a local folder to a frame, through the real embedded platform."""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

import ibflow_nb
from ibflow_nb import AuthenticationFailed, Client, ConfigError, JobFailed, NotFound
from ibflow_nb.api.jobs import JobState, JobSummary
from ibflow_nb.jobs import Snapshot
from ibflow_nb.jobs.looks import MANY

HOME = "local/my-repo/fs/Instabase Drive"
FLOW = {
    "rootDir": ".",
    "steps": [
        {"step_name": "process_files", "kwargs": {"process_type": "auto_to_txt"}},
        {"step_name": "apply_refiner", "kwargs": {"refiner_path": "m.ibrefiner"}},
    ],
}
REFINER = {
    "fields": [
        {
            "desc": {"label": "total", "outputType": "FLOAT"},
            "req": {"expression": "regex_search(INPUT_COL, 'Total:? *([0-9.]+)', 1)"},
        }
    ]
}


@pytest.fixture
def flow(platform: Client) -> str:
    """A flow on the drive that reads totals."""
    platform.files.write(f"{HOME}/e2e/f.ibflow", json.dumps(FLOW).encode())
    platform.files.write(f"{HOME}/e2e/m.ibrefiner", json.dumps(REFINER).encode())
    return f"{HOME}/e2e/f.ibflow"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Local documents, one of which cannot be read."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text("Shop\nTotal: 12.50\n")
    (tmp_path / "docs" / "b.txt").write_text("Shop\nTotal 3.25\n")
    (tmp_path / "docs" / "broken.pdf").write_bytes(b"%PDF-1.4 no more")
    return tmp_path / "docs"


def test_a_local_folder_becomes_a_frame(platform: Client, flow: str, folder: Path) -> None:
    """Upload, run, watch, wait, records: the failed file is told and stops nobody."""
    job = platform.flows.run(flow, platform.files.upload(folder), tags=["e2e"])
    seen: list[Snapshot] = []
    ended = threading.Event()

    def observe(snapshot: Snapshot) -> None:
        seen.append(snapshot)
        if snapshot.done:
            ended.set()

    job.subscribe(observe)
    final = job.result(timeout=120)
    assert ended.wait(60)
    assert final.state is JobState.COMPLETE
    assert (final.done_files, final.total_files, final.error_files) == (3, 3, 1)
    shares = [snapshot.progress for snapshot in seen]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0

    records = job.records()
    assert len(records) == 3
    assert [record.file_name for record in records.errors] == ["broken.pdf"]
    frame = job.to_frame()
    assert dict(zip(frame["file_name"], frame["total"], strict=True))["a.txt"] == "12.50"
    assert [line.log for line in job.logs()]
    assert job.id in {summary.job_id for summary in platform.jobs.list(tags=["e2e"])}
    assert platform.jobs.get(job.id).state is JobState.COMPLETE


def test_a_restarted_job_gives_the_same_records(platform: Client, flow: str, folder: Path) -> None:
    """A second id, and the same values."""
    job = platform.flows.run(flow, platform.files.upload(folder), output_has_run_id=True)
    first = job.records(timeout=120)
    again = job.restart()
    assert again.id != job.id
    second = again.records(timeout=120)
    assert [r.results for r in second] == [r.results for r in first]


def test_what_cannot_run_is_refused_at_once(platform: Client, flow: str) -> None:
    """The server's sentence names what is missing."""
    with pytest.raises(ibflow_nb.ApiError, match=r"nothing\.ibflow"):
        platform.flows.run(f"{HOME}/nothing.ibflow", f"{HOME}/e2e")
    with pytest.raises(NotFound, match="nosuch"):
        platform.jobs.get("nosuch")


def test_a_cancelled_job_says_so(platform: Client, flow: str, tmp_path: Path) -> None:
    """The handle sees the end that it asked for."""
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(300):
        (folder / f"{number}.txt").write_text(f"Total: {number}")
    job = platform.flows.run(flow, platform.files.upload(folder))
    job.cancel()
    assert job.wait(60).state is JobState.CANCELLED
    with pytest.raises(JobFailed, match="CANCELLED"):
        job.result()


def test_root_goes_with_local_only() -> None:
    """A server's root is its own."""
    with pytest.raises(ConfigError, match="A root belongs to"):
        ibflow_nb.connect("https://ib.example.com", root="x")


def test_a_profile_connects(platform: Client, write_profiles: Any) -> None:
    """connect() takes address and token from the profile that it or the environment names."""
    token = platform.connection.token.reveal()
    write_profiles(f'[p]\nurl = "{platform.url}"\ntoken = "{token}"\ncontext = "acme"\n')
    with ibflow_nb.connect(profile="p") as client:
        client.check()
        assert client.connection.context == "acme"
    wrong = ibflow_nb.connect(platform.url, token="wrong", profile="p")
    with wrong as client, pytest.raises(AuthenticationFailed):
        client.check()


def test_many_runs_are_watched_by_lists(
    platform: Client, flow: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, until: Any
) -> None:
    """The real list tells of jobs that go on, and every end is told by the job's own answer."""
    for number in range(300):  # so that a pause comes before the end
        (tmp_path / f"{number}.txt").write_text("Total: 1.00")
    source, listed, lists = platform.files.upload(tmp_path), set(), platform._service.list_jobs

    async def noting() -> AsyncGenerator[list[JobSummary]]:
        async for page in lists():
            listed.update(summary.job_id for summary in page)
            yield page

    monkeypatch.setattr(platform._service, "list_jobs", noting)
    jobs = []
    for _ in range(MANY + 5):
        jobs.append(platform.flows.run(flow, source, output_has_run_id=True))
        jobs[-1].pause()
    until(lambda: listed & {job.id for job in jobs})
    for job in jobs[:3]:  # the others are still so many that lists are asked for
        job.resume()
    finals = [job.result(timeout=120) for job in jobs[:3]]
    for job in jobs[3:]:
        job.cancel()
    assert all(final.output_folder and final.total_files == 300 for final in finals)
