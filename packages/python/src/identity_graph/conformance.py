"""What every store has to keep, one test for each promise of `wit/kv-cas.wit`.

A subclass that opens your store is a test class for pytest:

    class TestMyStore(StoreConformance):
        def open(self) -> Store:
            return MyStore("test.example")

A test that your store cannot keep is a promise that the graph relies on. Override it with
`pytest.mark.xfail(strict=True, reason=...)`, which fails once the store keeps it after all. Lifetimes are
tried only as far as a store without a settable clock allows.
"""

from __future__ import annotations

import secrets
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

from .store import (
    MAX_ANSWER_BYTES,
    MAX_KEY_BYTES,
    MAX_METADATA_BYTES,
    MAX_READ_BYTES,
    Absent,
    Always,
    Item,
    ItemHead,
    Matches,
    Precondition,
    Refused,
    Store,
    Stored,
    StoreError,
    StoreErrorKind,
    Write,
    WriteOutcome,
)

_WRITERS = 4
_INCREMENTS = 10
#: Rounds that one writer is to win: a store that judges and writes in two steps passes one now and then.
_ROUNDS = 10
#: Tries of one increment, of which all but the last lose to other writers or to stale reads.
_ATTEMPTS = 1_000
#: Every store takes a body of this size.
_BODY_BYTES = 64 * 1_024
#: Bodies of that size that make up more than one answer.
_BODIES = MAX_ANSWER_BYTES // _BODY_BYTES + 10
#: Writes in one call, which may have to travel in one request.
_AT_ONCE = 64


class StoreConformance(ABC):
    """The suite. Each test uses keys of its own, so that the store may hold others."""

    @abstractmethod
    def open(self) -> Store:
        """The store, opened anew: all that a test opens are the same store."""

    def settled(self) -> None:  # noqa: B027 - most stores have nothing to do
        """Returns when reads show every write so far. As it stands here they always do."""

    # A write takes place exactly when its precondition holds.

    def test_create_stores_where_the_key_is_absent(self) -> None:
        it = _Bench(self)
        assert it.put("k", b"1", Absent())
        assert it.item("k").body == b"1"

    def test_create_is_refused_where_the_key_is_taken(self) -> None:
        it = _Bench(self)
        it.create("k", b"1")
        before = it.item("k")
        assert not it.put("k", b"2", Absent()), "a second create was stored"
        assert it.item("k") == before

    def test_create_stores_again_after_a_delete(self) -> None:
        it = _Bench(self)
        it.create("k", b"1")
        assert it.delete("k")
        assert it.put("k", b"2", Absent()), "the deleted key counts as taken"
        assert it.item("k").body == b"2"

    def test_unconditional_write_creates_and_overwrites(self) -> None:
        it = _Bench(self)
        for body in (b"1", b"2"):
            it.overwrite("k", body)
            assert it.item("k").body == body

    def test_update_stores_over_the_current_version(self) -> None:
        it = _Bench(self)
        it.create("k", b"1")
        assert it.put("k", b"2", Matches(it.item("k").generation)), "the current version was refused"
        assert it.item("k").body == b"2"

    def test_update_of_a_stale_version_is_refused(self) -> None:
        it = _Bench(self)
        it.create("k", b"1")
        stale = it.item("k").generation
        it.overwrite("k", b"2")
        before = it.item("k")
        assert not it.put("k", b"3", Matches(stale)), "a stale version was accepted"
        assert it.item("k") == before

    def test_update_of_a_missing_key_is_refused_and_creates_nothing(self) -> None:
        it = _Bench(self)
        for generation in (0, 1, 2**64 - 1):
            assert not it.put("k", b"1", Matches(generation)), "a missing key matched"
            assert it.get("k") is None

    def test_update_after_a_delete_is_refused_and_creates_nothing(self) -> None:
        it = _Bench(self)
        it.create("k", b"1")
        gone = it.item("k").generation
        assert it.delete("k")
        assert not it.put("k", b"2", Matches(gone)), "the version of a deleted value matched"
        assert it.get("k") is None

    def test_update_is_refused_when_the_value_changed_and_changed_back(self) -> None:
        it = _Bench(self)
        it.create("k", b"a")
        first = it.item("k").generation
        it.overwrite("k", b"b")
        it.overwrite("k", b"a")
        assert not it.put("k", b"c", Matches(first)), "the change in between went unnoticed"
        assert it.item("k").body == b"a"

    def test_update_is_refused_when_the_key_was_deleted_and_created_again(self) -> None:
        it = _Bench(self)
        it.create("k", b"a")
        first = it.item("k").generation
        assert it.delete("k")
        it.create("k", b"a")
        assert not it.put("k", b"b", Matches(first)), "the delete in between went unnoticed"
        assert it.item("k").body == b"a"

    def test_update_matches_no_version_of_another_key(self) -> None:
        it = _Bench(self)
        it.create("other", b"1")
        foreign = it.item("other").generation
        assert not it.put("k", b"2", Matches(foreign)), "the version of another key matched"
        assert it.get("k") is None

    # Writes to one key are linearizable: of writers who hold the same version at most one wins.

    def test_concurrent_creates_have_one_winner(self) -> None:
        it = _Bench(self)
        for number in range(_ROUNDS):
            assert it.winners(str(number), Absent()) == 1

    def test_concurrent_updates_of_one_version_have_one_winner(self) -> None:
        it = _Bench(self)
        for number in range(_ROUNDS):
            it.create(str(number), b"start")
            assert it.winners(str(number), Matches(it.item(str(number)).generation)) == 1

    def test_concurrent_increments_are_all_kept(self) -> None:
        it = _Bench(self)
        it.create("k", b"0")

        def work(store: Store) -> None:
            for _ in range(_INCREMENTS):
                it.increment(store, "k")

        it.together(work)
        assert int(it.item("k").body) == _WRITERS * _INCREMENTS

    # What is written is what is read.

    def test_missing_key_reads_as_none(self) -> None:
        it = _Bench(self)
        assert it.store.get(it.key("k")) is None
        assert it.store.head(it.key("k")) is None

    def test_generation_changes_with_every_write(self) -> None:
        it = _Bench(self)
        seen = set()
        for _ in range(5):
            it.overwrite("k", b"the same")
            seen.add(it.item("k").generation)
        assert len(seen) == 5, "a rewrite of the same bytes kept its version"

    def test_generation_is_stable_between_writes(self) -> None:
        it = _Bench(self)
        it.create("k", b"1")
        assert it.item("k").generation == it.item("k").generation

    def test_head_is_get_without_the_body(self) -> None:
        it = _Bench(self)
        it.create("k", b"1")
        item = it.item("k")
        assert it.store.head(it.key("k")) == ItemHead(item.metadata, item.generation)

    def test_metadata_follows_the_body(self) -> None:
        it = _Bench(self)
        for metadata in ("first", "second"):
            it.keeps_metadata(metadata)

    def test_metadata_of_2000_bytes_is_kept(self) -> None:
        _Bench(self).keeps_metadata("m" * MAX_METADATA_BYTES)

    def test_unicode_metadata_is_kept(self) -> None:
        _Bench(self).keeps_metadata('{"city":"Århus · 東京 \\ud83c","flag":"🏴","nul":"\\u0000"}')

    def test_binary_body_is_kept(self) -> None:
        _Bench(self).keeps_body(bytes(range(256)) + b"\0\xff\r\n\0")

    def test_body_of_64_kib_is_kept(self) -> None:
        _Bench(self).keeps_body(_numbered(0))

    def test_key_of_1024_bytes_is_kept(self) -> None:
        it = _Bench(self)
        name = it.name_of(MAX_KEY_BYTES)
        it.create(name, b"1")
        assert it.item(name).body == b"1"

    def test_keys_are_told_apart_by_case(self) -> None:
        it = _Bench(self)
        it.create("k.abcdef", b"lower")
        it.create("k.ABCDEF", b"upper")
        assert (it.item("k.abcdef").body, it.item("k.ABCDEF").body) == (b"lower", b"upper")

    def test_time_to_live_of_one_second_is_accepted(self) -> None:
        it = _Bench(self)
        assert it.store.put(replace(it.write("k"), time_to_live=1)) == Stored()

    def test_delete_reports_whether_there_was_a_value(self) -> None:
        it = _Bench(self)
        assert it.delete("k") is False
        it.create("k", b"1")
        assert it.delete("k") is True
        assert it.get("k") is None
        assert it.delete("k") is False

    # What is outside the limits is refused as invalid, and nothing is written.

    def test_empty_key_is_refused(self) -> None:
        it = _Bench(self)
        _fails(StoreErrorKind.INVALID, lambda: it.store.put(replace(it.write("k"), key="")))
        _fails(StoreErrorKind.INVALID, lambda: it.store.get(""))
        _fails(StoreErrorKind.INVALID, lambda: it.store.head(""))
        _fails(StoreErrorKind.INVALID, lambda: it.store.delete(""))

    def test_key_of_1025_bytes_is_refused(self) -> None:
        it = _Bench(self)
        name = it.name_of(MAX_KEY_BYTES + 1)
        _fails(StoreErrorKind.INVALID, lambda: it.store.put(it.write(name)))
        _fails(StoreErrorKind.INVALID, lambda: it.store.get(it.key(name)))
        self.settled()
        assert it.store.count(it.prefix, 1) == 0

    def test_metadata_of_2001_bytes_is_refused(self) -> None:
        it = _Bench(self)
        # Characters are not what is counted: the second has 667.
        for metadata in ("m" * (MAX_METADATA_BYTES + 1), "東" * 667):
            _fails(StoreErrorKind.INVALID, partial(it.store.put, replace(it.write("k"), metadata=metadata)))
            assert it.get("k") is None

    def test_time_to_live_of_zero_is_refused(self) -> None:
        it = _Bench(self)
        _fails(StoreErrorKind.INVALID, lambda: it.store.put(replace(it.write("k"), time_to_live=0)))
        assert it.get("k") is None

    # Calls on many keys at once.

    def test_get_many_answers_in_order_with_misses_and_duplicates(self) -> None:
        it = _Bench(self)
        it.create("a", b"a")
        it.create("b", b"b")
        names = ["b", "missing", "a", "b", "missing"]
        one_by_one = [it.get(name) for name in names]
        assert [item is not None for item in one_by_one] == [True, False, True, True, False]
        assert list(it.store.get_many([it.key(name) for name in names])) == one_by_one

    def test_get_many_of_nothing_answers_nothing(self) -> None:
        assert list(_Bench(self).store.get_many([])) == []

    def test_put_many_answers_each_write_on_its_own(self) -> None:
        it = _Bench(self)
        for name in ("taken", "stale", "current"):
            it.create(name, b"old")
        old = it.item("stale").generation
        it.overwrite("stale", b"newer")
        outcomes = it.store.put_many(
            [
                replace(it.write("new"), condition=Absent()),
                replace(it.write("taken"), condition=Absent()),
                replace(it.write("stale"), condition=Matches(old)),
                replace(it.write("invalid"), time_to_live=0),
                replace(it.write("current"), condition=Matches(it.item("current").generation)),
            ]
        )
        assert [_shown(outcome) for outcome in outcomes] == [
            "stored",
            "refused",
            "refused",
            StoreErrorKind.INVALID,
            "stored",
        ]
        found = [it.get(name) for name in ("new", "taken", "stale", "invalid", "current")]
        bodies = [item and item.body for item in found]
        assert bodies == [b"body", b"old", b"newer", None, b"body"]

    def test_put_many_of_nothing_answers_nothing(self) -> None:
        assert list(_Bench(self).store.put_many([])) == []

    def test_count_is_of_keys_with_the_prefix(self) -> None:
        it = _Bench(self)
        for name in ("aa", "ab.1", "ab.2", "ab", "b", "AB"):
            it.create(name, b"1")
        self.settled()
        for prefix, keys in {"ab": 3, "ab.": 2, "ab.1": 1, "ac": 0, "": 6}.items():
            assert it.store.count(it.key(prefix), 100) == keys, f"under {prefix!r}"
        it.delete("ab.1")
        self.settled()
        assert it.store.count(it.key("ab."), 100) == 1

    def test_count_stops_at_the_limit(self) -> None:
        it = _Bench(self)
        for number in range(5):
            it.create(str(number), b"1")
        self.settled()
        for limit, counted in {0: 0, 1: 1, 4: 4, 5: 5, 6: 5, 2**32 - 1: 5}.items():
            assert it.store.count(it.prefix, limit) == counted, f"up to {limit}"

    # Large bodies are not handed over, and many are handed over bit by bit. A store need not take a body
    # of more than 64 KiB.

    def test_body_of_1_mib_is_read(self) -> None:
        it = _Bench(self)
        if it.holds("k", MAX_READ_BYTES):
            assert len(it.item("k").body) == MAX_READ_BYTES

    def test_get_of_more_than_1_mib_is_too_large(self) -> None:
        it = _Bench(self)
        if it.holds("k", MAX_READ_BYTES + 1):
            _fails(StoreErrorKind.TOO_LARGE, lambda: it.store.get(it.key("k")))

    def test_get_many_of_more_than_1_mib_is_too_large_for_that_key_alone(self) -> None:
        it = _Bench(self)
        it.create("small", b"1")
        if it.holds("large", MAX_READ_BYTES + 1):
            answers = it.store.get_many([it.key(name) for name in ("large", "small") * 2])
            small = it.item("small")
            shown = [answer.kind if isinstance(answer, StoreError) else answer for answer in answers]
            assert shown == [StoreErrorKind.TOO_LARGE, small] * 2

    def test_head_of_more_than_1_mib_is_answered(self) -> None:
        it = _Bench(self)
        if it.holds("k", MAX_READ_BYTES + 1):
            head = it.store.head(it.key("k"))
            assert head is not None
            assert head.metadata == "metadata"
            assert it.put("k", b"1", Matches(head.generation)), "the version of the head was refused"

    def test_get_many_hands_over_16_mib_and_the_rest_when_asked_again(self) -> None:
        it = _Bench(self)
        writes = [replace(it.write(str(number)), body=_numbered(number)) for number in range(_BODIES)]
        for start in range(0, _BODIES, _AT_ONCE):
            some = writes[start : start + _AT_ONCE]
            assert all(outcome == Stored() for outcome in it.store.put_many(some))
        self.settled()
        left, rounds = list(range(_BODIES)), 0
        while left:
            answers = it.store.get_many([it.key(str(number)) for number in left])
            assert len(answers) == len(left), "one answer for each key"
            assert not _is_put_off(answers[0]), "the first key was put off"
            _assert_within_one_answer(answers)
            later = []
            for number, answer in zip(left, answers, strict=True):
                if _is_put_off(answer):
                    later.append(number)
                else:
                    # A plain comparison, since a failure would print the bodies.
                    same = isinstance(answer, Item) and answer.body == _numbered(number)
                    assert same, f"key {number} was answered with something else"
            left = later
            rounds += 1
        assert rounds > 1, "more than 16 MiB were handed over in one answer"

    def test_get_many_counts_a_key_each_time_it_stands(self) -> None:
        it = _Bench(self)
        it.create("k", _numbered(0))
        self.settled()
        answers = it.store.get_many([it.key("k")] * _BODIES)
        assert len(answers) == _BODIES, "one answer for each key"
        assert isinstance(answers[0], Item), "the first key was not answered"
        _assert_within_one_answer(answers)
        same = all(answer == answers[0] for answer in answers if not _is_put_off(answer))
        assert same, "a key was answered in two ways"


class _Bench:
    """What a test works with: the store, and keys that no other test and no other run uses."""

    def __init__(self, suite: StoreConformance) -> None:
        self._suite = suite
        self.store = suite.open()
        self.prefix = f"conformance/{secrets.token_hex(8)}/"

    def key(self, name: str) -> str:
        return self.prefix + name

    def name_of(self, key_bytes: int) -> str:
        """A name whose key has so many bytes."""
        return "k" * (key_bytes - len(self.prefix))

    def write(self, name: str) -> Write:
        """A write that any store takes."""
        return Write(self.key(name), b"body", "metadata", 600, Always())

    def put(self, name: str, body: bytes, condition: Precondition) -> bool:
        """A write that the store judges; true when it is stored."""
        outcome = self.store.put(replace(self.write(name), body=body, condition=condition))
        if isinstance(outcome, Refused) and outcome.item is not None:
            assert outcome.item == self.get(name), "a refusal hands over the current item"
        return _is_stored(outcome)

    def create(self, name: str, body: bytes) -> None:
        assert self.put(name, body, Absent()), "the key was not absent"

    def overwrite(self, name: str, body: bytes) -> None:
        assert self.put(name, body, Always()), "a write without condition was refused"

    def delete(self, name: str) -> bool:
        """Deletes once reads have caught up, since the answer may be as stale as theirs."""
        self._suite.settled()
        return self.store.delete(self.key(name))

    def get(self, name: str) -> Item | None:
        """What the key holds once reads have caught up."""
        self._suite.settled()
        return self.store.get(self.key(name))

    def item(self, name: str) -> Item:
        item = self.get(name)
        assert item is not None, "the key holds nothing"
        return item

    def keeps_metadata(self, metadata: str) -> None:
        assert self.store.put(replace(self.write("k"), metadata=metadata)) == Stored()
        assert self.item("k").metadata == metadata
        head = self.store.head(self.key("k"))
        assert head is not None
        assert head.metadata == metadata

    def keeps_body(self, body: bytes) -> None:
        self.create("k", body)
        same = self.item("k").body == body
        assert same, "the body came back changed"

    def holds(self, name: str, size: int) -> bool:
        """Whether the store takes a body of so many bytes, which it need not, and holds it now."""
        try:
            outcome = self.store.put(replace(self.write(name), body=b"x" * size))
        except StoreError as error:
            assert error.kind is StoreErrorKind.INVALID, f"a large body failed: {error}"
            return False
        assert outcome == Stored()
        self._suite.settled()
        return True

    def together(self, work: Callable[[Store], object]) -> list[object]:
        """Lets writers work at the same time, each on the store as it opens it."""
        start = threading.Barrier(_WRITERS)

        def writer(_: int) -> object:
            store = self._suite.open()
            start.wait()
            return work(store)

        with ThreadPoolExecutor(_WRITERS) as pool:
            return list(pool.map(writer, range(_WRITERS)))

    def winners(self, name: str, condition: Precondition) -> int:
        """How many of the writers are told that they have won."""
        write = replace(self.write(name), condition=condition)
        return sum(_is_stored(outcome) for outcome in self.together(lambda store: store.put(write)))

    def increment(self, store: Store, name: str) -> None:
        for _ in range(_ATTEMPTS):
            item = store.get(self.key(name))
            if item is None:
                continue
            body = str(int(item.body) + 1).encode()
            write = replace(self.write(name), body=body, condition=Matches(item.generation))
            try:
                if _is_stored(store.put(write)):
                    return
            except StoreError as error:
                assert error.kind is StoreErrorKind.THROTTLED, f"a write failed: {error}"
        raise AssertionError(f"no increment was stored in {_ATTEMPTS} attempts")


def _is_stored(outcome: object) -> bool:
    assert isinstance(outcome, Stored | Refused), f"{type(outcome).__name__} is no outcome of a write"
    return isinstance(outcome, Stored)


def _shown(outcome: WriteOutcome | StoreError) -> object:
    if isinstance(outcome, StoreError):
        return outcome.kind
    return "stored" if _is_stored(outcome) else "refused"


def _fails(kind: StoreErrorKind, call: Callable[[], object]) -> None:
    try:
        call()
    except StoreError as error:
        assert error.kind is kind, f"expected {kind}, came {error.kind}"
    else:
        raise AssertionError(f"expected {kind}, and it was answered")


def _is_put_off(answer: object) -> bool:
    return isinstance(answer, StoreError) and answer.kind is StoreErrorKind.NOT_READ


def _assert_within_one_answer(answers: Sequence[object]) -> None:
    handed_over = sum(len(answer.body) for answer in answers if isinstance(answer, Item))
    assert handed_over <= MAX_ANSWER_BYTES, f"{handed_over} bytes were handed over in one answer"


def _numbered(number: int) -> bytes:
    """A body of the largest size that the graph writes, told from others by its start."""
    return str(number).encode().ljust(_BODY_BYTES, b".")
