"""The scripted store of `scenarios/README.md`, and a store of its own as the player sees it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from identity_graph import (
    Always,
    Item,
    ItemHead,
    Refused,
    Store,
    Stored,
    StoreError,
    StoreErrorKind,
    Write,
    WriteOutcome,
)

FOREVER = 2**32 - 1


@dataclass
class Fault:
    """What one store operation of a call meets."""

    at: str
    key: str | None
    nth: int | str
    before: Sequence[Callable[[], None]]
    fault: str | None
    met: int = 0
    came_to_pass: bool = False

    def meets(self, operation: str, key: str) -> bool:
        """Counts an operation that is one of those meant; true when it is the very one."""
        if operation != self.at or self.key not in (None, key):
            return False
        self.met += 1
        return self.nth in ("every", self.met)


@dataclass
class ScriptedStore(Store):
    """Rows in memory; every write is judged against the newest, and faults happen as they are told."""

    hands_over: bool = False
    rows: dict[str, Item] = field(default_factory=dict)
    first: dict[str, Item] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    calls: dict[str, Any] = field(default_factory=dict)
    lifetimes: dict[str, int] = field(default_factory=dict)
    _generations: Iterable[int] = field(default_factory=lambda: itertools.count(1))

    def place(self, key: str, body: bytes, metadata: str | None) -> None:
        """What another worker writes."""
        self.rows[key] = Item(body, metadata, next(iter(self._generations)))

    def remove(self, key: str) -> None:
        """What another worker deletes."""
        self.rows.pop(key, None)

    def start_call(self, faults: list[Fault]) -> None:
        """Forgets what the last call did."""
        self.faults, self.calls, self.lifetimes = faults, {}, {}

    def get(self, key: str) -> Item | None:
        self._count("get")
        return self._read(key)

    def head(self, key: str) -> ItemHead | None:
        self._count("head")
        item = self._read(key, "head")
        return None if item is None else ItemHead(item.metadata, item.generation)

    def put(self, write: Write) -> WriteOutcome:
        self._count("put")
        return self._write(write)

    def delete(self, key: str) -> bool:
        self._count("delete")
        fault = self._meet("delete", key)
        if fault not in (None, "lost-answer"):
            raise StoreError(StoreErrorKind(fault))
        existed = self.rows.pop(key, None) is not None
        if fault == "lost-answer":
            raise StoreError(StoreErrorKind.UNKNOWN_OUTCOME)
        return existed

    def count(self, prefix: str, limit: int) -> int:
        self._count("count")
        fault = self._meet("count", prefix)
        if fault is not None:
            raise StoreError(StoreErrorKind(fault))
        return min(limit, sum(key.startswith(prefix) for key in self.rows))

    def get_many(self, keys: Sequence[str]) -> Sequence[Item | StoreError | None]:
        self.calls.setdefault("get-many", []).append(len(keys))
        return [_answered(lambda key=key: self._read(key)) for key in keys]  # type: ignore[misc]

    def put_many(self, writes: Sequence[Write]) -> Sequence[WriteOutcome | StoreError]:
        self.calls.setdefault("put-many", []).append(len(writes))
        return [_answered(lambda write=write: self._write(write)) for write in writes]  # type: ignore[misc]

    def _count(self, operation: str) -> None:
        self.calls[operation] = self.calls.get(operation, 0) + 1

    def _read(self, key: str, operation: str = "get") -> Item | None:
        fault = self._meet(operation, key)
        if fault == "miss":
            return None
        if fault == "stale":
            return self.first.get(key)
        if fault is not None:
            raise StoreError(StoreErrorKind(fault))
        return self.rows.get(key)

    def _write(self, write: Write) -> WriteOutcome:
        fault = self._meet("put", write.key)
        if fault == "refused":
            return Refused()
        if fault not in (None, "lost-answer", "sent-twice"):
            raise StoreError(StoreErrorKind(fault))
        outcome = self._judge(write)
        if fault == "lost-answer":
            raise StoreError(StoreErrorKind.UNKNOWN_OUTCOME)
        return Refused() if fault == "sent-twice" else outcome

    def _judge(self, write: Write) -> WriteOutcome:
        current = self.rows.get(write.key)
        if not write.condition.holds(None if current is None else current.generation):
            return Refused(current if self.hands_over else None)
        self.place(write.key, write.body, write.metadata)
        self.lifetimes[write.key] = write.time_to_live
        return Stored()

    def _meet(self, operation: str, key: str) -> str | None:
        """The fault of this operation, after what other workers do just before it."""
        hits = [fault for fault in self.faults if fault.meets(operation, key)]
        if not hits:
            return None
        hits[0].came_to_pass = True
        for step in hits[0].before:
            step()
        return hits[0].fault


def _answered(operation: Callable[[], Any]) -> Any:
    try:
        return operation()
    except StoreError as error:
        return error


@dataclass
class OwnStore:
    """Rows of a store that injects nothing, by the keys that a scenario names."""

    store: Store
    keys: set[str]

    def place(self, key: str, body: bytes, metadata: str | None) -> None:
        assert metadata is not None, "a scenario for all stores stores metadata"
        outcome = self.store.put(Write(key, body, metadata, FOREVER, Always()))
        assert outcome == Stored()

    def remove(self, key: str) -> None:
        self.store.delete(key)

    @property
    def rows(self) -> dict[str, Item]:
        found = {key: self.store.get(key) for key in self.keys}
        return {key: item for key, item in found.items() if item is not None}
