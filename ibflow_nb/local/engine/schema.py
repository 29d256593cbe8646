"""The ledger's tables, and opening them."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from ibflow_nb.api.errors import ConfigError

VERSION = 5

_TABLES = """
CREATE TABLE job (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    ending TEXT NOT NULL DEFAULT '',
    request BLOB NOT NULL,
    plan BLOB NOT NULL,
    binary BLOB NOT NULL DEFAULT x'',
    flow_path TEXT NOT NULL DEFAULT '',
    input_dir TEXT NOT NULL DEFAULT '',
    output_folder TEXT NOT NULL,
    user TEXT NOT NULL,
    submitted REAL NOT NULL,
    started REAL,
    finished REAL,
    prepared INTEGER NOT NULL DEFAULT 0,
    msg TEXT NOT NULL DEFAULT '',
    reviewer TEXT NOT NULL DEFAULT ''
);
CREATE INDEX job_state ON job (state);
CREATE TABLE tag (
    job_id TEXT NOT NULL REFERENCES job (id),
    tag TEXT NOT NULL,
    PRIMARY KEY (tag, job_id)
) WITHOUT ROWID;
CREATE TABLE pipeline (
    job_id TEXT NOT NULL REFERENCES job (id),
    pipeline_id TEXT NOT NULL,
    PRIMARY KEY (pipeline_id, job_id)
) WITHOUT ROWID;
CREATE TABLE file (
    job_id TEXT NOT NULL REFERENCES job (id),
    idx INTEGER NOT NULL,
    name TEXT NOT NULL,
    step INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'ACTIVE',
    output TEXT NOT NULL DEFAULT '',
    records INTEGER NOT NULL DEFAULT 0,
    pages INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT '',
    route TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (job_id, idx)
) WITHOUT ROWID;
CREATE INDEX file_position ON file (job_id, state, step);
CREATE TABLE unit (
    id INTEGER PRIMARY KEY,
    job_id TEXT NOT NULL REFERENCES job (id),
    step INTEGER NOT NULL,
    file INTEGER NOT NULL,
    kind TEXT NOT NULL,
    first INTEGER,
    last INTEGER,
    state TEXT NOT NULL DEFAULT 'READY',
    deaths INTEGER NOT NULL DEFAULT 0,
    output TEXT NOT NULL DEFAULT '',
    attempts INTEGER NOT NULL DEFAULT 0,
    started REAL,
    finished REAL
);
CREATE INDEX unit_place ON unit (job_id, file, step);
CREATE INDEX unit_ready ON unit (job_id, step DESC, file, first) WHERE state = 'READY';
CREATE INDEX unit_open ON unit (job_id, state) WHERE state IN ('READY', 'RUNNING', 'HELD');
CREATE TABLE event (
    seq INTEGER PRIMARY KEY,
    job_id TEXT NOT NULL REFERENCES job (id),
    ts REAL NOT NULL,
    step TEXT NOT NULL,
    task_id TEXT NOT NULL,
    log TEXT NOT NULL
);
CREATE INDEX event_job ON event (job_id, seq);
CREATE TABLE delivery (
    id INTEGER PRIMARY KEY,
    job_id TEXT NOT NULL REFERENCES job (id),
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    headers BLOB NOT NULL,
    body BLOB NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    due REAL NOT NULL,
    state TEXT NOT NULL DEFAULT 'OPEN'
);
CREATE INDEX delivery_due ON delivery (due) WHERE state = 'OPEN';
"""
_BRIEF_JOBS = """
CREATE TABLE brief_job (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    result BLOB
);
"""
# How many files of a job stand where, and indexes: a status must not take longer for more files.
_TALLY = """
CREATE TABLE tally (
    job_id TEXT NOT NULL REFERENCES job (id),
    step INTEGER NOT NULL,
    state TEXT NOT NULL,
    files INTEGER NOT NULL,
    records INTEGER NOT NULL,
    PRIMARY KEY (job_id, step, state)
) WITHOUT ROWID;
INSERT INTO tally SELECT job_id, step, state, count(*), sum(records) FROM file GROUP BY 1, 2, 3;
CREATE TRIGGER file_added AFTER INSERT ON file BEGIN
    INSERT INTO tally VALUES (new.job_id, new.step, new.state, 1, new.records)
    ON CONFLICT (job_id, step, state)
    DO UPDATE SET files = files + 1, records = records + excluded.records;
END;
CREATE TRIGGER file_moved AFTER UPDATE OF step, state, records ON file BEGIN
    UPDATE tally SET files = files - 1, records = records - old.records
    WHERE job_id = old.job_id AND step = old.step AND state = old.state;
    INSERT INTO tally VALUES (new.job_id, new.step, new.state, 1, new.records)
    ON CONFLICT (job_id, step, state)
    DO UPDATE SET files = files + 1, records = records + excluded.records;
END;
CREATE INDEX job_submitted ON job (submitted);
DROP INDEX unit_open;
CREATE INDEX unit_state ON unit (job_id, state, step);
CREATE INDEX unit_part ON unit (job_id, file) WHERE kind = 'PART';
"""

# What brings a store of version n to the next one, at index n.
_CHANGES = (
    "",
    "ALTER TABLE file ADD COLUMN route TEXT NOT NULL DEFAULT '';",
    """
    ALTER TABLE unit ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE unit ADD COLUMN started REAL;
    ALTER TABLE unit ADD COLUMN finished REAL;
    """,
    _BRIEF_JOBS,
    f"ALTER TABLE job DROP COLUMN log_bytes; {_TALLY}",
)


def open_database(path: Path) -> sqlite3.Connection:
    """Open the ledger, making it when absent; only its owner may read the files.

    Raises:
        ConfigError: it was written by a newer version of this package, is no such store, or its
            disk is full or read-only.
        OSError: its file cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    try:
        _bring_up_to_date(connection)
    except (sqlite3.DatabaseError, _NewerStore) as error:
        connection.close()
        raise ConfigError(f"The job store {path} {_why(error)}.") from error
    return connection


class _NewerStore(Exception):
    """The store has a version that this package does not know."""


def _bring_up_to_date(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise _NewerStore(f"store version {version}, this one knows {VERSION}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    if version < VERSION:
        changes = "".join(_CHANGES[version:]) if version else _TABLES + _BRIEF_JOBS + _TALLY
        connection.executescript(f"BEGIN; {changes} PRAGMA user_version = {VERSION}; COMMIT;")


def _why(error: Exception) -> str:
    match error:
        case _NewerStore():
            return (
                f"was written by a newer ibflow-nb ({error}); update ibflow-nb or use another root"
            )
        case sqlite3.OperationalError():
            return f"cannot be opened ({error}); see whether its disk is full or read-only"
        case _:
            return f"cannot be read ({error}); move it away to begin with a new one"
