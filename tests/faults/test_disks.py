"""The disk of the drive is full or read-only; the disks here are real ones, small and in memory."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(sys.platform != "linux", reason="mounts a tmpfs"),
]

SPACE = "local/my-repo/fs/Instabase Drive"
FILES = 6
SPARE = 64 * 1024  # bytes that a disk which fills up during a run has at its begin
LINE = "Total 1.00 and more words\n"


class Disk:
    """A small disk of its own at a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"
        _mount("-t", "tmpfs", "-o", "size=8m,mode=755", "tmpfs", folder)

    def fill(self, spare: int = 0) -> None:
        """Leave so many bytes free."""
        descriptor = os.open(self._filler, os.O_WRONLY | os.O_CREAT)
        with contextlib.suppress(OSError):
            while True:
                os.write(descriptor, b"x" * 4096)
        os.truncate(descriptor, max(0, os.fstat(descriptor).st_size - spare))
        os.close(descriptor)

    def empty(self) -> None:
        """Make room again."""
        self._filler.unlink()

    def set_writable(self, writable: bool) -> None:
        """Let it be written to, or not."""
        _mount("-o", f"remount,{'rw' if writable else 'ro'}", self.folder)

    def remove(self) -> None:
        """Take the disk away."""
        subprocess.run(["umount", "--lazy", self.folder], check=True)


def _mount(*arguments: str | Path) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)


@pytest.fixture
def mounted(platform: Any) -> Iterator[Callable[[Path], Disk]]:
    """Give a function that puts a disk at a folder; then the drive gets a flow and inputs."""
    disks: list[Disk] = []

    def mount(folder: Path) -> Disk:
        try:
            disks.append(Disk(folder))
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"no disk can be mounted here ({error})")
        inputs = platform.folder / "in"
        inputs.mkdir(parents=True)
        for number in range(FILES):
            (inputs / f"{number}.txt").write_text(f"{number} {LINE}" * 50)
        steps = [{"step_name": "process_files", "kwargs": {}}]
        (platform.folder / "f.ibflow").write_text(json.dumps({"rootDir": ".", "steps": steps}))
        return disks[-1]

    yield mount
    platform.end(signal.SIGKILL)
    for disk in disks:
        disk.remove()


@pytest.fixture
def drive_disk(platform: Any, mounted: Callable[[Path], Disk]) -> Disk:
    """A disk that holds the drive's folders, such as a network share; the state lies elsewhere."""
    (platform.root / "local").mkdir(exist_ok=True)
    disk = mounted(platform.root / "local")
    platform.start()
    return disk


@pytest.fixture
def whole_disk(platform: Any, mounted: Callable[[Path], Disk]) -> Disk:
    """A disk that holds the drive and the state."""
    disk = mounted(platform.root)
    platform.start()
    return disk


def submit(platform: Any, name: str) -> str:
    """Run the flow into an output folder of this name."""
    return str(platform.submit("f.ibflow", "in", output_dir=f"{SPACE}/{name}"))


def records(platform: Any, name: str) -> int:
    """Count the records of a run."""
    path = f"{SPACE}/{name}/batch.ibflowresults"
    reply = platform.call("flow_binary/results", ibresults_path=path, options={})
    return len(reply["records"])


@pytest.mark.parametrize(
    ("spare", "reason"),
    [
        (0, "The output folder cannot be written: No space left on device."),
        (SPARE, "The output cannot be written: No space left on device (s1_process_files)."),
    ],
    ids=["before the run", "during the run"],
)
def test_a_full_drive_fails_the_job_with_that_reason(
    platform: Any, drive_disk: Disk, spare: int, reason: str
) -> None:
    """Earlier results stay readable, and with some space the next run succeeds."""
    assert platform.finish(submit(platform, "first"))["status"] == "COMPLETE"
    drive_disk.fill(spare)
    status = platform.finish(submit(platform, "second"))
    assert (status["status"], status["curMsg"]) == ("FAILED", reason)
    assert records(platform, "first") == FILES
    drive_disk.empty()
    assert platform.finish(submit(platform, "third"))["status"] == "COMPLETE"


def test_a_read_only_drive_fails_the_job_with_that_reason(platform: Any, drive_disk: Disk) -> None:
    """Earlier results stay readable, and once it can be written the next run succeeds."""
    assert platform.finish(submit(platform, "first"))["status"] == "COMPLETE"
    drive_disk.set_writable(False)
    status = platform.finish(submit(platform, "second"))
    assert status["status"] == "FAILED"
    assert status["curMsg"] == "The output folder cannot be written: Read-only file system."
    assert records(platform, "first") == FILES
    refused = platform.client.put(f"/api/v2/files/{SPACE}/new.txt", content=b"x")
    assert (refused.status_code, refused.json()["message"]) == (
        403,
        "The disk of the platform is read-only.",
    )
    drive_disk.set_writable(True)
    assert platform.finish(submit(platform, "third"))["status"] == "COMPLETE"


def test_on_a_full_disk_the_platform_answers_and_room_can_be_made(
    platform: Any, whole_disk: Disk
) -> None:
    """New work is refused in a sentence; results are read, and files deleted over the API."""
    assert platform.finish(submit(platform, "first"))["status"] == "COMPLETE"
    whole_disk.fill()
    paths = {"ibflow_path": f"{SPACE}/f.ibflow", "input_dir": f"{SPACE}/in"}
    refused = platform.client.post("/api/v1/flow/run_flow_async", json=paths).json()
    assert refused["status"] == "ERROR"
    assert "free some space and try again" in refused["msg"]
    upload = platform.client.put(f"/api/v2/files/{SPACE}/new.bin", content=b"x" * 10**6)
    assert upload.status_code == 507
    assert records(platform, "first") == FILES
    deleted = platform.client.delete("/api/v2/files/filler")
    assert deleted.status_code == 202
    job = platform.client.get(f"/api/v2/jobs/{deleted.json()['job_id']}").json()
    assert job["state"] == "COMPLETE"
    assert platform.finish(submit(platform, "second"))["status"] == "COMPLETE"
    platform.end(signal.SIGTERM)
    assert "Traceback" not in platform.output


def test_a_run_on_a_disk_that_fills_up_ends_when_its_end_can_be_stored(
    platform: Any, mounted: Callable[[Path], Disk], wait_until: Callable[..., None]
) -> None:
    """Until then the job is shown as running, and its states are told; then comes the reason."""
    platform.faulty_steps = True
    disk = mounted(platform.root)
    gate = platform.root.parent / "gate"
    steps = [{"step_name": "read", "kwargs": {"gate": str(gate)}}]
    (platform.folder / "f.ibflow").write_text(json.dumps({"rootDir": ".", "steps": steps}))
    platform.start()
    job_id = submit(platform, "first")
    wait_until(platform.workers)
    disk.fill()
    gate.touch()
    started = time.monotonic()
    wait_until(lambda: time.monotonic() > started + 1.5)
    assert platform.status(job_id)["status"] == "RUNNING"
    disk.empty()
    status = platform.finish(job_id)
    assert status["status"] == "FAILED"
    assert "No space left on device" in status["curMsg"]


@pytest.mark.parametrize("how", ["full", "read-only"])
def test_a_platform_that_cannot_start_says_why(
    platform: Any, mounted: Callable[[Path], Disk], how: str
) -> None:
    """One sentence that names the disk's trouble, and nothing of the store is lost."""
    disk = mounted(platform.root)
    platform.start()
    job_id = submit(platform, "first")
    assert platform.finish(job_id)["status"] == "COMPLETE"
    platform.end(signal.SIGTERM)
    if how == "full":
        disk.fill()
    else:
        disk.set_writable(False)
    told = platform.start_in_vain()
    expected = {"full": "whether its disk is full", "read-only": "Read-only file system"}[how]
    assert expected in told
    assert "Traceback" not in told
    disk.set_writable(True)
    if how == "full":
        disk.empty()
    platform.start()
    assert platform.status(job_id)["status"] == "COMPLETE"
    assert records(platform, "first") == FILES
