"""The job store."""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest

from ibflow_nb.api.errors import ConfigError
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.engine import Engine
from ibflow_nb.local.engine.ledger import Ledger
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
