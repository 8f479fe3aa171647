"""What several tests need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from identity_graph import (
    Item,
    ItemHead,
    MemoryStore,
    NewEntry,
    PartnerUid,
    Store,
    StoreError,
    Write,
    WriteOutcome,
)

EC_ID = "3f" * 32 + ".Ab12Cd"
NOW = 1_790_000_000


class Scripted(Store):
    """A store in memory that notes its calls, and does something else where it is told to.

    `instead[name]` is called with the arguments of the method of that name, in its place.
    """

    def __init__(self, **instead: Callable[..., Any]) -> None:
        self.inner = MemoryStore(lambda: 0.0)
        self.instead = instead
        self.calls: list[str] = []

    def _do(self, name: str, *arguments: Any) -> Any:
        self.calls.append(name)
        method = self.instead.get(name) or getattr(self.inner, name)
        return method(*arguments)

    def get(self, key: str) -> Item | None:
        item: Item | None = self._do("get", key)
        return item

    def head(self, key: str) -> ItemHead | None:
        head: ItemHead | None = self._do("head", key)
        return head

    def put(self, write: Write) -> WriteOutcome:
        outcome: WriteOutcome = self._do("put", write)
        return outcome

    def delete(self, key: str) -> bool:
        existed: bool = self._do("delete", key)
        return existed

    def count(self, prefix: str, limit: int) -> int:
        number: int = self._do("count", prefix, limit)
        return number

    def get_many(self, keys: Sequence[str]) -> Sequence[Item | StoreError | None]:
        answers: Sequence[Item | StoreError | None] = self._do("get_many", keys)
        return answers

    def put_many(self, writes: Sequence[Write]) -> Sequence[WriteOutcome | StoreError]:
        outcomes: Sequence[WriteOutcome | StoreError] = self._do("put_many", writes)
        return outcomes


def raises(error: BaseException) -> Callable[..., Any]:
    """A method that raises."""

    def method(*_: Any) -> Any:
        raise error

    return method


def answers(value: Any) -> Callable[..., Any]:
    """A method that answers always the same."""
    return lambda *_: value


def entry(now: int = NOW) -> NewEntry:
    """A page view."""
    return NewEntry(now, domain="news.example", ids=[PartnerUid("acme.example", "A-1")])
