"""Whatever a store does becomes an outcome of the contract, and the graph goes on."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from identity_graph import (
    AlreadyExists,
    Conflict,
    Corrupt,
    Graph,
    GraphError,
    InvalidArgument,
    Item,
    ItemHead,
    Mapping,
    NoSuchStore,
    PartnerUid,
    Refused,
    Stored,
    StoreError,
    StoreErrorKind,
    Throttled,
    TooLarge,
    Unavailable,
    UpsertOutcome,
    VisitOutcome,
)
from support import EC_ID, NOW, Scripted, answers, entry, raises


class Broken(Exception):
    """What a client library may raise."""


BROKEN = Broken("the row of 3f3f3f is out of reach")

#: Each operation that reads through this method, and what then reads.
READS: dict[str, Callable[[Graph], object]] = {
    "get": lambda graph: graph.get(EC_ID, NOW),
    "head": lambda graph: graph.get_metadata(EC_ID),
    "count": lambda graph: graph.evaluate_cluster(EC_ID, NOW + 86_401),
}
WRONG_READS: dict[str, list[Any]] = {
    "get": [
        b"body",
        True,
        Item("text", None, 1),  # type: ignore[arg-type]
        Item(b"body", b"metadata", 1),  # type: ignore[arg-type]
        Item(b"body", None, -1),
        Item(b"body", None, 2**64),
        Item(b"body", None, True),
        Item(b"body", None, 1.0),  # type: ignore[arg-type]
        Item(b"body", "\ud800", 1),
        ItemHead(None, 1),
    ],
    "head": [Item(b"body", None, 1), "metadata", ItemHead(5, 1), ItemHead(None, None)],  # type: ignore[arg-type]
    "count": [None, -1, 2**32, 1.5, True, "1"],
}
READ_CASES = [(name, raises(BROKEN)) for name in READS] + [
    (name, answers(wrong)) for name, some in WRONG_READS.items() for wrong in some
]


@pytest.mark.parametrize(("method", "instead"), READ_CASES)
def test_a_read_that_fails_is_unavailable_and_writes_nothing(method: str, instead: Any) -> None:
    store = Scripted()
    graph = Graph(store)
    graph.visit(EC_ID, entry())
    store.calls.clear()
    store.instead = {method: instead}
    with pytest.raises(Unavailable):
        READS[method](graph)
    assert store.calls[-1] == method
    assert "put" not in store.calls
    store.instead = {}
    READS[method](graph)


WRONG_WRITES = [None, True, "stored", Stored, Refused("item"), Refused(Item(b"body", None, -1))]  # type: ignore[arg-type]


@pytest.mark.parametrize("instead", [raises(BROKEN), *map(answers, WRONG_WRITES)])
def test_a_write_that_fails_is_an_unknown_outcome_and_is_looked_for(instead: Any) -> None:
    store = Scripted(put=instead)
    graph = Graph(store)
    with pytest.raises(Unavailable, match="may or may not have been applied"):
        graph.visit(EC_ID, entry())
    # It is read back and tried once more.
    assert store.calls == ["get", "put", "get", "put"]
    store.instead = {}
    assert graph.visit(EC_ID, entry()).outcome is VisitOutcome.CREATED


def test_a_write_that_was_applied_before_the_store_broke_off_is_found() -> None:
    store = Scripted()

    def applied(write: Any) -> Any:
        store.inner.put(write)
        raise BROKEN

    graph = Graph(store)
    graph.visit(EC_ID, entry())
    store.instead = {"put": applied}
    outcome = graph.upsert_partner_id(EC_ID, PartnerUid("acme.example", "A-2"), NOW + 1)
    assert outcome is UpsertOutcome.UNCHANGED
    row = graph.inspect(EC_ID)
    assert row is not None
    assert b"A-2" in row.body


@pytest.mark.parametrize("instead", [raises(BROKEN), *map(answers, [None, 1, "yes"])])
def test_a_delete_that_fails_is_sent_again_and_then_unavailable(instead: Any) -> None:
    store = Scripted(delete=instead)
    graph = Graph(store)
    with pytest.raises(Unavailable):
        graph.delete(EC_ID)
    assert store.calls == ["delete", "delete"]


@pytest.mark.parametrize("instead", [raises(BROKEN), *map(answers, [None, [], [None, None], 5])])
def test_a_batch_whose_read_fails_fails_for_each_mapping(instead: Any) -> None:
    store = Scripted(get_many=instead)
    outcomes = Graph(store).sync_partner_ids("a.example", [Mapping(EC_ID, "1", NOW)], NOW)
    assert [type(outcome) for outcome in outcomes] == [Unavailable]
    assert store.calls == ["get_many"]


@pytest.mark.parametrize("instead", [raises(BROKEN), *map(answers, [None, [], [None], [Stored(), Stored()]])])
def test_a_batch_whose_write_fails_is_an_unknown_outcome(instead: Any) -> None:
    store = Scripted()
    graph = Graph(store)
    graph.visit(EC_ID, entry())
    store.instead = {"put_many": instead}
    outcomes = graph.sync_partner_ids("a.example", [Mapping(EC_ID, "1", NOW)], NOW)
    assert [type(outcome) for outcome in outcomes] == [Unavailable]
    row = graph.inspect(EC_ID)
    assert row is not None
    assert b"a.example" not in row.body


def test_a_wrong_answer_for_one_key_of_a_batch_fails_alone() -> None:
    store = Scripted()
    graph = Graph(store)
    other = "4e" * 32
    graph.visit(EC_ID, entry())
    graph.visit(other, entry())
    store.instead = {"get_many": lambda keys: [store.inner.get(keys[0]), "nonsense"]}
    outcomes = graph.sync_partner_ids("a.example", [Mapping(EC_ID, "1", NOW), Mapping(other, "2", NOW)], NOW)
    assert outcomes[0] is UpsertOutcome.WRITTEN
    assert isinstance(outcomes[1], Unavailable)


def test_a_body_over_1_mib_is_none_that_is_read_whatever_the_store_hands_over() -> None:
    store = Scripted(get=answers(Item(b"x" * (1 << 20) + b"x", None, 1)))
    with pytest.raises(Corrupt, match="longer than 1048576 bytes"):
        Graph(store).get(EC_ID, NOW)


KINDS = {
    StoreErrorKind.NO_SUCH_STORE: NoSuchStore,
    StoreErrorKind.THROTTLED: Throttled,
    StoreErrorKind.UNAVAILABLE: Unavailable,
    StoreErrorKind.TOO_LARGE: Corrupt,
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_store_knows_about_its_failure_reaches_the_caller(kind: StoreErrorKind) -> None:
    with pytest.raises(KINDS[kind]) as raised:
        Graph(Scripted(get=raises(StoreError(kind)))).get(EC_ID, NOW)
    assert raised.value.code == KINDS[kind].code


def test_every_error_of_the_contract_has_an_exception() -> None:
    errors = [
        InvalidArgument,
        NoSuchStore,
        AlreadyExists,
        Corrupt,
        TooLarge,
        Conflict,
        Throttled,
        Unavailable,
    ]
    assert {error.code for error in errors} == {error.code for error in GraphError.__subclasses__()}
    graph = Graph(Scripted())
    graph.create(EC_ID, entry())
    with pytest.raises(AlreadyExists):
        graph.create(EC_ID, entry())
    with pytest.raises(Corrupt):
        Graph(Scripted(get=answers(Item(b"no row", None, 1)))).get(EC_ID, NOW)
    with pytest.raises(Conflict):
        Graph(Scripted(put=answers(Refused()))).create_or_revive(EC_ID, entry())


def test_what_the_store_raised_is_the_cause_and_is_logged_without_its_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = Scripted(get=raises(BROKEN))
    with caplog.at_level(logging.WARNING), pytest.raises(Unavailable) as raised:
        Graph(store).get(EC_ID, NOW)
    assert raised.value.__cause__ is BROKEN
    assert "3f3f3f" not in str(raised.value)
    assert [record.getMessage() for record in caplog.records] == ["get of the store failed: Broken"]


def test_a_failure_of_an_earlier_call_is_no_cause() -> None:
    store = Scripted(get=raises(BROKEN))
    graph = Graph(store)
    with pytest.raises(Unavailable):
        graph.get(EC_ID, NOW)
    store.instead = {"get": raises(StoreError(StoreErrorKind.UNAVAILABLE))}
    with pytest.raises(Unavailable) as raised:
        graph.get(EC_ID, NOW)
    assert raised.value.__cause__ is None
