"""A store in an SQLite database, which several processes of one machine may share."""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from .store import (
    MAX_READ_BYTES,
    Absent,
    Always,
    Item,
    ItemHead,
    Matches,
    Refused,
    Store,
    Stored,
    StoreError,
    StoreErrorKind,
    Write,
    WriteOutcome,
    check_key,
)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS ec_rows (
    key TEXT PRIMARY KEY,
    body BLOB NOT NULL,
    metadata TEXT,
    generation INTEGER NOT NULL,
    ends REAL NOT NULL
) STRICT
"""

_REPLACE = """
INSERT INTO ec_rows (key, body, metadata, generation, ends) VALUES (:key, :body, :metadata, :new, :ends)
ON CONFLICT (key) DO UPDATE
SET body = :body, metadata = :metadata, generation = :new, ends = :ends
"""

# One statement judges the condition and writes, in a transaction of its own.
_WRITES = {
    Always: _REPLACE,
    Absent: _REPLACE + "WHERE ec_rows.ends <= :now",
    Matches: """
        UPDATE ec_rows SET body = :body, metadata = :metadata, generation = :new, ends = :ends
        WHERE key = :key AND generation = :generation AND ends > :now
    """,
}


class SqliteStore(Store):
    """Rows in a file. `Stored` means that the write was synced to the disk (WAL, `synchronous=FULL`).

    Reads are fresh. Threads may share a store; processes each open the file.
    """

    def __init__(self, path: str | os.PathLike[str], clock: Callable[[], float] = time.time) -> None:
        """Opens the file, or makes it. `clock` tells Unix seconds; lifetimes are counted by it."""
        self._clock = clock
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute(_SCHEMA)
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    def __enter__(self) -> SqliteStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def get(self, key: str) -> Item | None:
        check_key(key)
        # A body that is not to be handed over is not read either.
        row = self._read_one(
            "SELECT iif(length(body) > ?, NULL, body), metadata, generation FROM ec_rows"
            " WHERE key = ? AND ends > ?",
            (MAX_READ_BYTES, key, self._clock()),
        )
        if row is None:
            return None
        body, metadata, generation = row
        if body is None:
            raise StoreError(StoreErrorKind.TOO_LARGE)
        return Item(body, metadata, generation)

    def head(self, key: str) -> ItemHead | None:
        check_key(key)
        row = self._read_one(
            "SELECT metadata, generation FROM ec_rows WHERE key = ? AND ends > ?", (key, self._clock())
        )
        return None if row is None else ItemHead(*row)

    def put(self, write: Write) -> WriteOutcome:
        write.check()
        with self._lock, _busy_is_unavailable():
            return self._put(write)

    def delete(self, key: str) -> bool:
        check_key(key)
        with self._lock, _busy_is_unavailable():
            cursor = self._connection.execute("DELETE FROM ec_rows WHERE key = ? RETURNING ends", (key,))
            ended = cursor.fetchall()
        return any(ends > self._clock() for (ends,) in ended)

    def count(self, prefix: str, limit: int) -> int:
        row = self._read_one(
            "SELECT count(*) FROM (SELECT 1 FROM ec_rows WHERE key >= ? AND key < ? AND ends > ? LIMIT ?)",
            # The largest character ends the range of keys that start with the prefix.
            (prefix, prefix + "\U0010ffff", self._clock(), limit),
        )
        return int(row[0]) if row else 0

    def put_many(self, writes: Sequence[Write]) -> Sequence[WriteOutcome | StoreError]:
        """All in one transaction, which costs one sync; when it fails, none is known to be stored."""
        answers: list[WriteOutcome | StoreError] = []
        with self._lock:
            try:
                with _busy_is_unavailable():
                    self._connection.execute("BEGIN IMMEDIATE")
            except StoreError as error:
                return [error] * len(writes)
            try:
                for write in writes:
                    try:
                        write.check()
                    except StoreError as error:
                        answers.append(error)
                    else:
                        answers.append(self._put(write))
                self._connection.execute("COMMIT")
            except BaseException:
                # A failed commit may have rolled back already.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        return answers

    def purge(self) -> int:
        """Deletes what is past its lifetime, which is no longer read; tells how many rows that were."""
        with self._lock:
            return self._connection.execute("DELETE FROM ec_rows WHERE ends <= ?", (self._clock(),)).rowcount

    def _put(self, write: Write) -> WriteOutcome:
        now = self._clock()
        values = {
            "key": write.key,
            "body": write.body,
            "metadata": write.metadata,
            # Random, so that a file which is restored from a copy does not give a generation twice.
            "new": secrets.randbits(63),
            "ends": now + write.time_to_live,
            "now": now,
        }
        if isinstance(write.condition, Matches):
            if write.condition.generation >= 1 << 63:
                # SQLite has no such number, so that no row has it.
                return Refused()
            values["generation"] = write.condition.generation
        written = self._connection.execute(_WRITES[type(write.condition)], values).rowcount
        return Stored() if written else Refused()

    def _read_one(self, query: str, values: tuple[object, ...]) -> tuple[Any, ...] | None:
        with self._lock:
            row: tuple[Any, ...] | None = self._connection.execute(query, values).fetchone()
        return row


@contextmanager
def _busy_is_unavailable() -> Iterator[None]:
    """A write that did not get its turn surely was not applied; of other failures that is not certain."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_READONLY):
            raise StoreError(StoreErrorKind.UNAVAILABLE) from error
        raise
