"""A `Store` as the component sees it: whatever the store does becomes an answer of the contract."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Sequence
from typing import Any

from . import _contract as contract
from ._abi import Image, Layout
from .errors import InvalidArgument
from .store import (
    MAX_ANSWER_BYTES,
    MAX_READ_BYTES,
    Item,
    Precondition,
    Refused,
    Store,
    StoreError,
    StoreErrorKind,
    Write,
)

_log = logging.getLogger("identity_graph")

_METHODS = ("get", "head", "put", "delete", "count", "get_many", "put_many")


class KvCas:
    """Calls a store, and answers in images of the contract's types."""

    def __init__(self, store: Store) -> None:
        if not isinstance(store, Store):
            raise TypeError(f"store: expected a Store, got {type(store).__name__}")
        for name in _METHODS:
            if inspect.iscoroutinefunction(getattr(store, name)):
                raise TypeError(f"store: {name} is a coroutine; the graph calls a store without awaiting it")
        self._store = store
        #: What the store raised last, other than by its own words; for whoever has to explain an error.
        self.cause: Exception | None = None

    def get(self, key: str) -> Image:
        return self._answer(contract.GET_ANSWER, _readable, StoreErrorKind.UNAVAILABLE, self._store.get, key)

    def head(self, key: str) -> Image:
        return self._answer(contract.HEAD_ANSWER, _as_is, StoreErrorKind.UNAVAILABLE, self._store.head, key)

    def put(self, key: str, body: bytes, metadata: str, time_to_live: int, condition: Precondition) -> Image:
        write = Write(key, body, metadata, time_to_live, condition)
        return self._answer(
            contract.PUT_ANSWER, _judged, StoreErrorKind.UNKNOWN_OUTCOME, self._store.put, write
        )

    def delete(self, key: str) -> Image:
        return self._answer(
            contract.DELETE_ANSWER, _as_is, StoreErrorKind.UNKNOWN_OUTCOME, self._store.delete, key
        )

    def count(self, prefix: str, limit: int) -> Image:
        return self._answer(
            contract.COUNT_ANSWER, _as_is, StoreErrorKind.UNAVAILABLE, self._store.count, prefix, limit
        )

    def get_many(self, keys: Sequence[str]) -> Image:
        return self._answer_many(
            contract.GET_ANSWER, _Answer().fit, StoreErrorKind.UNAVAILABLE, self._store.get_many, keys
        )

    def put_many(self, writes: Sequence[Write]) -> Image:
        return self._answer_many(
            contract.PUT_ANSWER, _judged, StoreErrorKind.UNKNOWN_OUTCOME, self._store.put_many, writes
        )

    def _answer(
        self,
        layout: Layout,
        adjust: Callable[[Any], Any],
        failure: StoreErrorKind,
        method: Callable[..., Any],
        *arguments: Any,
    ) -> Image:
        image = Image(layout.size, layout.align)
        try:
            answer = method(*arguments)
        except StoreError as error:
            answer = self._explained(error)
        except Exception as error:
            self._failed(method, error)
            answer = failure
        self._store_answer(image, 0, layout, adjust(answer), failure, method)
        return image

    def _answer_many(
        self,
        layout: Layout,
        adjust: Callable[[Any], Any],
        failure: StoreErrorKind,
        method: Callable[..., Any],
        asked: Sequence[Any],
    ) -> Image:
        answers: Sequence[Any]
        try:
            answers = list(method(asked))
            if len(answers) != len(asked):
                raise TypeError(f"expected {len(asked)} answers, got {len(answers)}")
        except StoreError as error:
            answers = [self._explained(error)] * len(asked)
        except Exception as error:
            self._failed(method, error)
            answers = [failure] * len(asked)
        block = Image(layout.size * len(answers), layout.align)
        for number, answer in enumerate(answers):
            if isinstance(answer, StoreError):
                answer = self._explained(answer)
            self._store_answer(block, number * layout.size, layout, adjust(answer), failure, method)
        image = Image(8, 4)
        image.refer(0, len(answers), block, block.align)
        return image

    def _store_answer(
        self,
        image: Image,
        at: int,
        layout: Layout,
        answer: Any,
        failure: StoreErrorKind,
        method: Callable[..., Any],
    ) -> None:
        blocks = len(image.blocks)
        try:
            layout.store(image, at, answer)
        except (TypeError, InvalidArgument) as error:
            self._failed(method, error)
            del image.blocks[blocks:]
            image.data[at : at + layout.size] = bytes(layout.size)
            layout.store(image, at, failure)

    def _explained(self, error: StoreError) -> StoreErrorKind:
        if isinstance(error.__cause__, Exception):
            self.cause = error.__cause__
        return error.kind

    def _failed(self, method: Callable[..., Any], error: Exception) -> None:
        self.cause = error
        # The store's own words may hold keys.
        _log.warning("%s of the store failed: %s", method.__name__, type(error).__name__)


def _as_is(answer: Any) -> Any:
    return answer


def _readable(answer: Any) -> Any:
    """The answer, unless it is a body that is not to be handed over."""
    if _is_large(answer):
        return StoreErrorKind.TOO_LARGE
    return answer


def _judged(outcome: Any) -> Any:
    if isinstance(outcome, Refused) and _is_large(outcome.item):
        return Refused()
    return outcome


def _is_large(item: Any) -> bool:
    return isinstance(item, Item) and isinstance(item.body, bytes) and len(item.body) > MAX_READ_BYTES


class _Answer:
    """Lets 16 MiB of bodies through, whatever the store hands over; the graph asks again for the rest."""

    def __init__(self) -> None:
        self._left = MAX_ANSWER_BYTES

    def fit(self, answer: Any) -> Any:
        answer = _readable(answer)
        if isinstance(answer, Item) and isinstance(answer.body, bytes):
            if len(answer.body) > self._left:
                return StoreErrorKind.NOT_READ
            self._left -= len(answer.body)
        return answer
