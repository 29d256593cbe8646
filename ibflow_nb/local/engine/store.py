"""Transactions on the platform's one SQLite store."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ibflow_nb.api.errors import IbflowError, InvalidRequest
from ibflow_nb.local.engine.schema import open_database


class StoreUnavailable(IbflowError):
    """The job store cannot be written now, such as on a full disk."""


class Store:
    """One connection that writes and one that reads; safe to call from several threads.

    Every change is a transaction that is on the disk when it returns (WAL, ``synchronous=FULL``).
    Readers see what was committed and do not wait for a transaction of another thread.
    """

    def __init__(self, path: Path) -> None:
        self._connection = open_database(path)
        self._lock = threading.RLock()
        self._writer = 0  # identifier of the thread that is in a transaction
        self._reader = open_database(path)
        self._reading = threading.Lock()

    def close(self) -> None:
        """Close the store; what was committed stays."""
        with self._lock, self._reading:
            self._reader.close()
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Group changes: all of them are stored, or none; nested ones join the outer one.

        Raises:
            StoreUnavailable: nothing was stored.
        """
        with self._lock:
            if self._connection.in_transaction:
                yield self._connection
                return
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                self._writer = threading.get_ident()
                yield self._connection
                self._connection.execute("COMMIT")
            except sqlite3.OperationalError as error:
                self._roll_back()
                raise StoreUnavailable(
                    f"The job store cannot be written ({error}): free some space and try again."
                ) from error
            except BaseException:
                self._roll_back()
                raise
            finally:
                self._writer = 0

    @contextmanager
    def undone_on_error(self) -> Iterator[None]:
        """Within a transaction: undo what was changed in this block when it raises."""
        self._connection.execute("SAVEPOINT attempt")
        try:
            yield
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK TO attempt")
            raise
        finally:
            if self._connection.in_transaction:
                self._connection.execute("RELEASE attempt")

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[sqlite3.Row]:
        """Read rows: within a transaction what it has changed so far, else what is stored.

        Raises:
            InvalidRequest: a number is too large for the store.
        """
        try:
            if self._writer == threading.get_ident():
                return self._connection.execute(sql, parameters).fetchall()
            with self._reading:
                return self._reader.execute(sql, parameters).fetchall()
        except OverflowError as error:
            raise InvalidRequest("A number in the request is too large.") from error

    def update(
        self, table: str, columns: dict[str, object], where: str, key: tuple[object, ...]
    ) -> None:
        """Set columns of the rows of a table that a condition selects."""
        assignments = ", ".join(f"{name} = ?" for name in columns)
        sql = f"UPDATE {table} SET {assignments} WHERE {where}"  # noqa: S608 - names are ours
        with self.transaction() as db:
            db.execute(sql, (*columns.values(), *key))
