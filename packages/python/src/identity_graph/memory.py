"""A store in a `dict`: for tests, and for programs that need no row after their end."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable

from .store import (
    MAX_READ_BYTES,
    Item,
    ItemHead,
    Refused,
    Store,
    Stored,
    Write,
    WriteOutcome,
    check_body,
    check_key,
)


class MemoryStore(Store):
    """Rows in a `dict`. Reads are fresh, threads may share it, and nothing outlives the process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` tells seconds; lifetimes are counted by it."""
        self._clock = clock
        self._rows: dict[str, tuple[Item, float]] = {}
        self._generations = itertools.count(1)
        self._lock = threading.Lock()

    def get(self, key: str) -> Item | None:
        check_key(key)
        with self._lock:
            item = self._current(key)
        if item is not None:
            check_body(item.body)
        return item

    def head(self, key: str) -> ItemHead | None:
        check_key(key)
        with self._lock:
            item = self._current(key)
        return None if item is None else ItemHead(item.metadata, item.generation)

    def put(self, write: Write) -> WriteOutcome:
        write.check()
        with self._lock:
            current = self._current(write.key)
            if not write.condition.holds(None if current is None else current.generation):
                large = current is not None and len(current.body) > MAX_READ_BYTES
                return Refused(None if large else current)
            item = Item(write.body, write.metadata, next(self._generations))
            self._rows[write.key] = item, self._clock() + write.time_to_live
            return Stored()

    def delete(self, key: str) -> bool:
        check_key(key)
        with self._lock:
            current = self._current(key)
            self._rows.pop(key, None)
        return current is not None

    def count(self, prefix: str, limit: int) -> int:
        """Walks through all keys: a `dict` has no order."""
        with self._lock:
            now = self._clock()
            found = (key for key, (_, ends) in self._rows.items() if key.startswith(prefix) and ends > now)
            return sum(1 for _ in itertools.islice(found, limit))

    def purge(self) -> int:
        """Frees what is past its lifetime, which is no longer read; tells how many rows that were."""
        with self._lock:
            now = self._clock()
            ended = [key for key, (_, ends) in self._rows.items() if ends <= now]
            for key in ended:
                del self._rows[key]
        return len(ended)

    def _current(self, key: str) -> Item | None:
        row = self._rows.get(key)
        return row[0] if row is not None and row[1] > self._clock() else None
