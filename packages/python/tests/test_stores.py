"""The stores of the package keep the contract; what each adds to it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from identity_graph import (
    Absent,
    Always,
    Item,
    Matches,
    MemoryStore,
    Refused,
    SqliteStore,
    Store,
    Stored,
    StoreError,
    StoreErrorKind,
    Write,
    WriteOutcome,
)
from identity_graph.conformance import StoreConformance


class TestMemoryStore(StoreConformance):
    @pytest.fixture(autouse=True)
    def _memory(self) -> None:
        self.store = MemoryStore()

    def open(self) -> Store:
        return self.store


class TestSqliteStore(StoreConformance):
    @pytest.fixture(autouse=True)
    def _file(self, tmp_path: Path) -> Iterator[None]:
        self.path = tmp_path / "rows.db"
        self.opened: list[SqliteStore] = []
        yield
        for store in self.opened:
            store.close()

    def open(self) -> Store:
        store = SqliteStore(self.path)
        self.opened.append(store)
        return store


class _Plain(Store):
    """Only what a store has to implement: the suite tries what the base class makes of it."""

    def __init__(self, inner: MemoryStore) -> None:
        self._inner = inner

    def get(self, key: str) -> Item | None:
        return self._inner.get(key)

    def put(self, write: Write) -> WriteOutcome:
        return self._inner.put(write)

    def delete(self, key: str) -> bool:
        return self._inner.delete(key)

    def count(self, prefix: str, limit: int) -> int:
        return self._inner.count(prefix, limit)


class TestWhatTheBaseClassAdds(StoreConformance):
    @pytest.fixture(autouse=True)
    def _memory(self) -> None:
        self.store = _Plain(MemoryStore())

    def open(self) -> Store:
        return self.store

    @pytest.mark.xfail(strict=True, raises=StoreError, reason="head reads the body")
    def test_head_of_more_than_1_mib_is_answered(self) -> None:
        super().test_head_of_more_than_1_mib_is_answered()


def test_the_suite_finds_a_store_that_ignores_conditions() -> None:
    class Careless(_Plain):
        def put(self, write: Write) -> WriteOutcome:
            return self._inner.put(Write(write.key, write.body, write.metadata, write.time_to_live, Always()))

    class Suite(TestMemoryStore):
        def open(self) -> Store:
            return Careless(self.store)

    suite = Suite()
    suite.store = MemoryStore()
    with pytest.raises(AssertionError, match="a second create was stored"):
        suite.test_create_is_refused_where_the_key_is_taken()


class _Clock:
    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


def _write(key: str, time_to_live: int = 60) -> Write:
    return Write(key, b"body", "metadata", time_to_live, Absent())


@pytest.fixture(params=["dict", "sqlite"])
def aged(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[MemoryStore | SqliteStore, _Clock]]:
    clock = _Clock()
    if request.param == "dict":
        yield MemoryStore(clock), clock
    else:
        with SqliteStore(tmp_path / "rows.db", clock) as store:
            yield store, clock


def test_a_value_ends_with_its_lifetime(aged: tuple[MemoryStore | SqliteStore, _Clock]) -> None:
    store, clock = aged
    for key in ("k", "other"):
        assert store.put(_write(key)) == Stored()
    clock.now += 59
    item = store.get("k")
    assert item is not None
    assert store.count("k", 10) == 1
    clock.now += 1
    assert store.get("k") is None
    assert store.head("k") is None
    assert store.count("k", 10) == 0
    assert not store.delete("other")
    stale = replace(_write("k"), condition=Matches(item.generation))
    assert isinstance(store.put(stale), Refused), "a value past its lifetime is updated"
    assert store.put(_write("k")) == Stored(), "a value past its lifetime counts as one"


def test_purge_deletes_what_has_ended_and_nothing_else(
    aged: tuple[MemoryStore | SqliteStore, _Clock],
) -> None:
    store, clock = aged
    store.put(_write("short", 10))
    store.put(_write("long", 100))
    clock.now += 50
    assert store.purge() == 1
    assert store.purge() == 0
    assert store.get("long") is not None


def test_sqlite_keeps_rows_over_a_restart(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "rows.db") as store:
        store.put(_write("k"))
        before = store.get("k")
    with SqliteStore(tmp_path / "rows.db") as store:
        assert store.get("k") == before


def test_sqlite_syncs_every_write(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "rows.db") as store:
        (mode,) = store._connection.execute("PRAGMA journal_mode").fetchone()
        (synchronous,) = store._connection.execute("PRAGMA synchronous").fetchone()
    assert (mode, synchronous) == ("wal", 2)


def test_sqlite_loses_nothing_acknowledged_when_its_process_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "rows.db"
    code = (
        "import sys\n"
        "from identity_graph import *\n"
        "store = SqliteStore(sys.argv[1])\n"
        "for number in range(1_000_000):\n"
        "    outcome = store.put(Write(f'k{number}', b'body', '', 600, Absent()))\n"
        "    assert outcome == Stored()\n"
        "    print(number, flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        for line in writer.stdout:
            if int(line) == 9:
                writer.kill()
                break
        acknowledged = 10 + sum(1 for _ in writer.stdout)
    with SqliteStore(path) as store:
        assert [n for n in range(acknowledged) if store.get(f"k{n}") is None] == []


def test_a_file_that_another_process_writes_to_is_unavailable(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "rows.db") as store:
        store._connection.execute("PRAGMA busy_timeout = 0")
        other = sqlite3.connect(tmp_path / "rows.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError) as put:
            store.put(_write("k"))
        with pytest.raises(StoreError) as delete:
            store.delete("k")
        many = store.put_many([_write("k"), _write("l")])
        other.execute("ROLLBACK")
        other.close()
        assert put.value.kind is delete.value.kind is StoreErrorKind.UNAVAILABLE
        assert [isinstance(one, StoreError) and one.kind for one in many] == [StoreErrorKind.UNAVAILABLE] * 2
        assert store.get("k") is None


def test_a_batch_that_breaks_off_is_not_stored_and_the_next_one_is(tmp_path: Path) -> None:
    broken: Any = object()
    with SqliteStore(tmp_path / "rows.db") as store:
        with pytest.raises(sqlite3.Error):
            store.put_many([_write("k"), replace(_write("l"), body=broken)])
        assert store.get("k") is None
        assert store.put_many([_write("k"), _write("l")]) == [Stored(), Stored()]


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.db"
    path.write_text("this is a text and no database, and it is long enough to be looked at")
    with pytest.raises(sqlite3.DatabaseError):
        SqliteStore(path)
