"""The job store."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ibflow_nb.api.errors import ConfigError, InvalidRequest
from ibflow_nb.api.jobs import JobListQuery
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.engine import Engine
from ibflow_nb.local.engine.ledger import Ledger
from ibflow_nb.local.engine.schema import VERSION
from ibflow_nb.local.settings import Settings


def test_the_store_is_readable_by_its_owner_only(platform: Any) -> None:
    """The store and what SQLite keeps beside it are mode 0600."""
    platform.files(a="x")
    platform.run()
    files = list(platform.settings.state_dir.glob("jobs.sqlite3*"))
    assert len(files) == 3
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_a_newer_store_is_refused(tmp_path: Path) -> None:
    """A store of a later version is not touched, and the sentence says what to do."""
    path = tmp_path / "jobs.sqlite3"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(ConfigError, match=r"newer ibflow-nb .*update ibflow-nb"):
        Ledger(path)
    assert path.read_bytes() == before


def test_a_second_engine_on_the_same_root_is_refused(platform: Any) -> None:
    """There is one writer for each root."""
    root: Path = platform.settings.root
    with pytest.raises(ConfigError, match="Another platform already runs"):
        Engine(Drive(root), Settings(root=root))


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """All changes of a transaction are stored, or none."""
    ledger = Ledger(tmp_path / "jobs.sqlite3")

    def fail_half_way() -> None:
        with ledger.transaction():
            ledger.set_pipelines("j", [])
            with ledger.transaction() as db:
                db.execute("PRAGMA defer_foreign_keys = ON")
                db.execute("INSERT INTO tag VALUES ('j', 't')")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert ledger.query("SELECT * FROM tag") == []
    ledger.close()


def test_an_unknown_executor_is_refused(tmp_path: Path) -> None:
    """The sentence names it."""
    with pytest.raises(ConfigError, match="no executor 'cloud'"):
        Engine(Drive(tmp_path), Settings(root=tmp_path, executor="cloud"))


def test_a_store_that_is_none_is_refused(tmp_path: Path) -> None:
    """A damaged file is not touched, and the sentence says what to do."""
    path = tmp_path / "jobs.sqlite3"
    path.write_bytes(b"no database" * 100)
    with pytest.raises(ConfigError, match="move it away"):
        Ledger(path)
    assert path.read_bytes() == b"no database" * 100


def columns(path: Path) -> dict[str, set[str]]:
    """Give the columns of each table of a store."""
    with closing(sqlite3.connect(path)) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_schema")]
        return {
            table: {row[1] for row in db.execute(f"PRAGMA table_info({table})")} for table in tables
        }


def test_an_older_store_is_brought_up_to_date(tmp_path: Path) -> None:
    """A store of version 1 gets what it lacks, keeps its jobs, and is opened again as it is."""
    old, new = tmp_path / "old.sqlite3", tmp_path / "new.sqlite3"
    with closing(sqlite3.connect(old)) as db:
        db.executescript((Path(__file__).parent / "store_v1.sql").read_text())
        db.execute(
            "INSERT INTO job (id, kind, state, request, plan, output_folder, user, submitted) "
            "VALUES ('j', 'flow', 'COMPLETE', x'', x'', 'a/out', 'local', 1.0)"
        )
        db.execute("INSERT INTO file (job_id, idx, name, state) VALUES ('j', 0, 'a.txt', 'DONE')")
        db.execute("PRAGMA user_version = 1")
        db.commit()
    Ledger(new).close()
    for _ in range(2):
        ledger = Ledger(old)
        assert ledger.job("j").output_folder == "a/out"
        assert [file.name for file in ledger.files("j")] == ["a.txt"]
        ledger.close()
    assert columns(old) == columns(new)
    with closing(sqlite3.connect(old)) as db:
        assert db.execute("SELECT state, files FROM tally").fetchall() == [("DONE", 1)]
    with closing(sqlite3.connect(old)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (VERSION,)


def test_the_tally_of_files_follows_them(platform: Any) -> None:
    """After failures and a retry it is what counting the files gives."""
    platform.files(a="UNREADABLE", b="fine", c="one\ftwo\fthree")
    job_id = platform.run()
    platform.files(a="readable now")
    for _ in range(2):
        counted = platform.engine.store.query(
            "SELECT step, state, count(*), sum(records) FROM file GROUP BY 1, 2 ORDER BY 1, 2"
        )
        tally = platform.engine.store.query(
            "SELECT step, state, files, records FROM tally WHERE files > 0 ORDER BY 1, 2"
        )
        assert [tuple(row) for row in tally] == [tuple(row) for row in counted]
        assert platform.status(job_id).run_summary.numFiles == 3
        if platform.status(job_id).run_summary.numRuntimeErrors:
            platform.engine.retry(job_id)
            assert platform.engine.wait(job_id, 60)


def test_a_number_beyond_the_store_is_refused(platform: Any) -> None:
    """Offsets that no integer column can hold are told in a sentence."""
    with pytest.raises(InvalidRequest, match="too large"):
        platform.engine.list_jobs(JobListQuery(offset=2**63))
