"""What the graph needs of a key-value store: the interface `kv-cas`, to be implemented in Python.

`wit/kv-cas.wit` is the contract that every store has to keep; `identity_graph.conformance` tries it.
`repr` shows no key and no stored text.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

#: The longest key, in bytes of UTF-8.
MAX_KEY_BYTES = 1_024
#: The longest metadata, in bytes of UTF-8.
MAX_METADATA_BYTES = 2_000
#: A larger body is not handed over: reading it is `TOO_LARGE`.
MAX_READ_BYTES = 1 << 20
#: The bodies of one answer to `get_many`; what no longer fits is `NOT_READ`.
MAX_ANSWER_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Item:
    """A stored value with everything needed to write it back conditionally."""

    body: bytes = field(repr=False)
    #: None when the value was stored without metadata, by another program.
    metadata: str | None = field(repr=False)
    #: 0 to 2^64 - 1. Every write of a key gives it another one that it has never had before.
    generation: int


@dataclass(frozen=True, slots=True)
class ItemHead:
    """A stored value without its body."""

    metadata: str | None = field(repr=False)
    generation: int


@dataclass(frozen=True, slots=True)
class Always:
    """Nothing is required: create or overwrite."""

    def holds(self, generation: int | None) -> bool:
        """Whether a key of this generation, or without a value, may be written."""
        return True


@dataclass(frozen=True, slots=True)
class Absent:
    """The key holds no value."""

    def holds(self, generation: int | None) -> bool:
        """Whether a key of this generation, or without a value, may be written."""
        return generation is None


@dataclass(frozen=True, slots=True)
class Matches:
    """The key holds exactly this version. A key without a value does not match any."""

    generation: int

    def holds(self, generation: int | None) -> bool:
        """Whether a key of this generation, or without a value, may be written."""
        return generation == self.generation


#: What must be true of the key for a write to take place.
Precondition = Always | Absent | Matches


@dataclass(frozen=True, slots=True)
class Write:
    """One write. It replaces body, metadata and lifetime together."""

    key: str = field(repr=False)
    body: bytes = field(repr=False)
    metadata: str = field(repr=False)
    #: Seconds for which the value is kept at least, from now on; at least 1.
    time_to_live: int
    condition: Precondition

    def check(self) -> None:
        """Raises `INVALID` for what no store may take."""
        check_key(self.key)
        if len(self.metadata.encode()) > MAX_METADATA_BYTES or self.time_to_live < 1:
            raise StoreError(StoreErrorKind.INVALID)


@dataclass(frozen=True, slots=True)
class Stored:
    """The value is stored, durably to the degree that the store's documentation states."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The precondition did not hold, as the store itself found, and nothing was written."""

    #: The current item where the store learned it in the same round trip.
    item: Item | None = None


#: How a write ended that the store judged.
WriteOutcome = Stored | Refused


class StoreErrorKind(Enum):
    """How a call of a store failed, named for what follows from it."""

    #: No store has this name.
    NO_SUCH_STORE = "no-such-store"
    #: Key, metadata, body or time to live is outside the limits. Nothing was written.
    INVALID = "invalid"
    #: Refused for its rate. Nothing was written.
    THROTTLED = "throttled"
    #: The store failed, and it is certain that nothing was written.
    UNAVAILABLE = "unavailable"
    #: A write or a delete may or may not have been applied, or may still be.
    UNKNOWN_OUTCOME = "unknown-outcome"
    #: The stored body is larger than 1 MiB and was not transferred.
    TOO_LARGE = "too-large"
    #: `get_many` only: the answer is full. Ask for this key again.
    NOT_READ = "not-read"


class StoreError(Exception):
    """What a store raises, or answers for one key of a batch, when it knows how a call failed."""

    def __init__(self, kind: StoreErrorKind) -> None:
        super().__init__(kind.value)
        self.kind = kind


class Store(ABC):
    """A key-value store with conditional writes. Its methods are called by one thread at a time.

    A method that fails raises `StoreError`. Any other exception counts as `UNAVAILABLE` where it comes
    from a read and as `UNKNOWN_OUTCOME` where it comes from a write or a delete, and so does an answer
    of another shape. What is no `Exception`, such as `KeyboardInterrupt`, ends the graph's call and
    reaches its caller.

    Nothing may be sent again below: not by the store, not by its client library.
    """

    @abstractmethod
    def get(self, key: str) -> Item | None:
        """Reads a value. None when the key holds none."""

    @abstractmethod
    def put(self, write: Write) -> WriteOutcome:
        """Writes a value; the condition is judged in one step with the write."""

    @abstractmethod
    def delete(self, key: str) -> bool:
        """Removes a value, whatever its version. True when there was one."""

    @abstractmethod
    def count(self, prefix: str, limit: int) -> int:
        """Number of keys that start with `prefix`, counted up to `limit`; the limit bounds the work."""

    def head(self, key: str) -> ItemHead | None:
        """Reads metadata and version; as it stands here, by a `get`, which knows no body over 1 MiB."""
        item = self.get(key)
        return None if item is None else ItemHead(item.metadata, item.generation)

    def get_many(self, keys: Sequence[str]) -> Sequence[Item | StoreError | None]:
        """As many `get`s: one answer per key, in order, with at most 16 MiB of bodies; as it stands
        here, one after the other."""
        answers: list[Item | StoreError | None] = []
        left = MAX_ANSWER_BYTES
        for key in keys:
            answer: Item | StoreError | None
            if left < 0:
                answer = StoreError(StoreErrorKind.NOT_READ)
            else:
                answer = self._get_one(key)
                if isinstance(answer, Item):
                    left -= len(answer.body)
                    # No body is over 1 MiB, so that the first key is never put off.
                    if left < 0:
                        answer = StoreError(StoreErrorKind.NOT_READ)
            answers.append(answer)
        return answers

    def put_many(self, writes: Sequence[Write]) -> Sequence[WriteOutcome | StoreError]:
        """As many `put`s of distinct keys: one answer per write, in order; as it stands here, one after
        the other."""
        return [self._put_one(write) for write in writes]

    def _get_one(self, key: str) -> Item | StoreError | None:
        try:
            return self.get(key)
        except StoreError as error:
            return error
        except Exception as error:
            return _caused(StoreErrorKind.UNAVAILABLE, error)

    def _put_one(self, write: Write) -> WriteOutcome | StoreError:
        try:
            return self.put(write)
        except StoreError as error:
            return error
        except Exception as error:
            return _caused(StoreErrorKind.UNKNOWN_OUTCOME, error)


def _caused(kind: StoreErrorKind, cause: Exception) -> StoreError:
    error = StoreError(kind)
    error.__cause__ = cause
    return error


def check_key(key: str) -> None:
    """Raises `INVALID` unless the key has 1 to 1,024 bytes of UTF-8."""
    if not 1 <= len(key.encode()) <= MAX_KEY_BYTES:
        raise StoreError(StoreErrorKind.INVALID)


def check_body(body: bytes) -> bytes:
    """Raises `TOO_LARGE` for a body that is not to be handed over."""
    if len(body) > MAX_READ_BYTES:
        raise StoreError(StoreErrorKind.TOO_LARGE)
    return body
