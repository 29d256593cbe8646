"""The file of job references."""

from __future__ import annotations

import multiprocessing
import stat
from pathlib import Path

from ibflow_nb.notebook.history import KEPT, Entry, History


def test_newest_first_and_by_beginning(tmp_path: Path) -> None:
    """Jobs come back newest first, and are found by the beginning of their id."""
    history = History(tmp_path / "deep" / "jobs.jsonl")
    for job_id in ("ab1", "ab2", "cd3"):
        history.add(Entry(job_id=job_id, server="local", root="/r", title="x.ibflow"))
    assert [entry.job_id for entry in history.entries()] == ["cd3", "ab2", "ab1"]
    assert [entry.job_id for entry in history.find("ab")] == ["ab2", "ab1"]
    assert history.entries()[0].root == "/r"


def test_nothing_secret_and_only_for_the_user(tmp_path: Path) -> None:
    """User, password and query of a URL are dropped; others cannot read the file."""
    history = History(tmp_path / "jobs.jsonl")
    history.add(Entry(job_id="a", server="https://me:word@host:1/p?token=secret#x"))
    assert history.entries()[0].server == "https://host:1/p"
    assert "secret" not in history.path.read_text()
    assert stat.S_IMODE(history.path.stat().st_mode) == 0o600


def test_broken_lines_are_passed_over(tmp_path: Path) -> None:
    """A line cut off by a crash costs that line alone."""
    history = History(tmp_path / "jobs.jsonl")
    history.add(Entry(job_id="a", server="local"))
    with history.path.open("ab") as file:
        file.write(b'{"job_id": "b", "ser\n')
    history.add(Entry(job_id="c", server="local"))
    assert [entry.job_id for entry in history.entries()] == ["c", "a"]


def test_the_file_does_not_grow_for_ever(tmp_path: Path) -> None:
    """Once it holds twice what is kept, the older half goes."""
    history = History(tmp_path / "jobs.jsonl")
    line = b'{"job_id":"old","server":"local","submitted":1.0}\n'
    history.path.write_bytes(line * (2 * KEPT))
    history.add(Entry(job_id="new", server="local"))
    assert len(history.entries()) == KEPT + 1
    assert history.entries()[0].job_id == "new"


def add_many(path: Path, name: str) -> None:
    """Add jobs from another process."""
    for number in range(50):
        History(path).add(Entry(job_id=f"{name}-{number}", server="local"))


def test_two_writers_lose_nothing(tmp_path: Path) -> None:
    """Kernels that write at the same time keep each other's lines."""
    path = tmp_path / "jobs.jsonl"
    spawn = multiprocessing.get_context("fork")
    writers = [spawn.Process(target=add_many, args=(path, name)) for name in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(30)
    assert len({entry.job_id for entry in History(path).entries()}) == 100


def test_a_history_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    """A run goes on when its reference cannot be kept."""
    (tmp_path / "file").write_text("")
    history = History(tmp_path / "file" / "jobs.jsonl")
    history.add(Entry(job_id="a", server="local"))
    assert history.entries() == []
