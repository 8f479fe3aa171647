"""What is no argument is the language's own error, names itself, and reaches no store."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from identity_graph import (
    Absent,
    Consent,
    Device,
    Geo,
    Graph,
    Invalid,
    InvalidArgument,
    Item,
    ItemHead,
    LeftOut,
    Mapping,
    MemoryStore,
    NewEntry,
    PartnerUid,
    RawRow,
    UpsertOutcome,
    Write,
    default_policy,
)
from support import EC_ID, NOW, Scripted, entry

TIMED = {
    "get": lambda graph, now: graph.get(EC_ID, now),
    "upsert_partner_id": lambda graph, now: graph.upsert_partner_id(EC_ID, PartnerUid("a.example", "1"), now),
    "upsert_partner_ids": lambda graph, now: graph.upsert_partner_ids(EC_ID, [], now),
    "remove_partner_ids": lambda graph, now: graph.remove_partner_ids(EC_ID, ["a.example"], now),
    "update_last_seen": lambda graph, now: graph.update_last_seen(EC_ID, now),
    "write_withdrawal_tombstone": lambda graph, now: graph.write_withdrawal_tombstone(EC_ID, now),
    "sync_partner_ids": lambda graph, now: graph.sync_partner_ids(
        "a.example", [Mapping(EC_ID, "1", NOW)], now
    ),
    "evaluate_cluster": lambda graph, now: graph.evaluate_cluster(EC_ID, now),
    "visit": lambda graph, now: graph.visit(EC_ID, NewEntry(now)),
    "create": lambda graph, now: graph.create(EC_ID, NewEntry(now)),
    "create_or_revive": lambda graph, now: graph.create_or_revive(EC_ID, NewEntry(now)),
}
ON_SNAPSHOT = {
    "upsert_partner_ids": lambda it, now: it.upsert_partner_ids([PartnerUid("a.example", "1")], now),
    "remove_partner_ids": lambda it, now: it.remove_partner_ids(["a.example"], now),
    "update_last_seen": lambda it, now: it.update_last_seen(now),
    "withdraw": lambda it, now: it.withdraw(now),
    "evaluate_cluster": lambda it, now: it.evaluate_cluster(now),
    "visit": lambda it, now: it.visit(NewEntry(now)),
}
BAD_TIMES = {
    "milliseconds": (NOW * 1_000, ValueError),
    "negative": (-1, ValueError),
    "beyond 64 bits": (2**64, ValueError),
    "a bool": (True, TypeError),
    "a float": (1.79e9, TypeError),
    "a text": (str(NOW), TypeError),
    "none": (None, TypeError),
}


@pytest.mark.parametrize("bad", BAD_TIMES)
@pytest.mark.parametrize("operation", TIMED)
def test_a_time_that_is_none_names_itself_and_reaches_no_store(operation: str, bad: str) -> None:
    store = Scripted()
    graph = Graph(store)
    time, error = BAD_TIMES[bad]
    with pytest.raises(error, match="now"):
        TIMED[operation](graph, time)
    assert store.calls == []


@pytest.mark.parametrize("bad", BAD_TIMES)
@pytest.mark.parametrize("operation", ON_SNAPSHOT)
def test_so_does_one_on_a_snapshot(operation: str, bad: str) -> None:
    store = Scripted()
    graph = Graph(store)
    graph.visit(EC_ID, entry())
    snapshot = graph.get(EC_ID, NOW)
    store.calls.clear()
    time, error = BAD_TIMES[bad]
    with pytest.raises(error, match="now"):
        ON_SNAPSHOT[operation](snapshot, time)
    assert store.calls == []


UID = PartnerUid("a.example", "1")
#: What type checkers cannot know to be wrong.
SOMETHING: Any = {"text": "FR", "number": 5, "float": 1.5, "none": None}


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda g: g.visit(7, entry()), TypeError, "ec_id: expected a str, got int"),
        (lambda g: g.visit(b"3f", entry()), TypeError, "ec_id: expected a str, got bytes"),
        (lambda g: g.visit("short", entry()), InvalidArgument, "EC ID"),
        (lambda g: g.visit(EC_ID, {"now": NOW}), TypeError, "entry: expected NewEntry, got dict"),
        (
            lambda g: g.visit(EC_ID, NewEntry(NOW, tcf=SOMETHING["number"])),
            TypeError,
            "entry.tcf: expected a str, got int",
        ),
        (
            lambda g: g.visit(EC_ID, NewEntry(NOW, tcf="\ud800")),
            InvalidArgument,
            "entry.tcf: expected Unicode",
        ),
        (
            lambda g: g.visit(EC_ID, NewEntry(NOW, geo=SOMETHING["text"])),
            TypeError,
            "entry.geo: expected Geo, got str",
        ),
        (
            lambda g: g.visit(EC_ID, NewEntry(NOW, geo=Geo("FR", asn=-1))),
            InvalidArgument,
            "entry.geo.asn: expected a number from 0 to 4294967295",
        ),
        (
            lambda g: g.visit(EC_ID, NewEntry(NOW, geo=Geo("FR", dma=2**63))),
            InvalidArgument,
            "entry.geo.dma: expected a number from -9223372036854775808 to 9223372036854775807",
        ),
        (
            lambda g: g.visit(EC_ID, NewEntry(NOW, device=Device(256))),
            InvalidArgument,
            "entry.device.is_mobile: expected a number from 0 to 255",
        ),
        (
            lambda g: g.visit(EC_ID, NewEntry(NOW, device=Device(1, known_browser=SOMETHING["number"]))),
            TypeError,
            "entry.device.known_browser: expected a bool, got int",
        ),
        (
            lambda g: g.visit(EC_ID, NewEntry(NOW, ids=SOMETHING["text"])),
            TypeError,
            "entry.ids: expected a sequence, got str",
        ),
        (
            lambda g: g.visit(EC_ID, NewEntry(NOW, ids=[UID, PartnerUid("b.example", SOMETHING["none"])])),
            TypeError,
            "entry.ids[1].uid: expected a str, got NoneType",
        ),
        (
            lambda g: g.upsert_partner_id(EC_ID, PartnerUid("a.example", "1", synced=-5), NOW),
            InvalidArgument,
            "id.synced: expected a number from 0 to 18446744073709551615",
        ),
        (
            lambda g: g.upsert_partner_id(
                EC_ID, PartnerUid("a.example", "1", synced=SOMETHING["float"]), NOW
            ),
            TypeError,
            "id.synced: expected an int, got float",
        ),
        (
            lambda g: g.upsert_partner_id(EC_ID, PartnerUid("a.example", "1", atype=2**32), NOW),
            InvalidArgument,
            "id.atype: expected a number from 0 to 4294967295",
        ),
        (
            lambda g: g.upsert_partner_ids(EC_ID, [UID], NOW, "skip"),
            TypeError,
            "missing: expected IfMissing, got str",
        ),
        (
            lambda g: g.upsert_partner_ids(EC_ID, UID, NOW),
            TypeError,
            "ids: expected a sequence, got PartnerUid",
        ),
        (lambda g: g.remove_partner_ids(EC_ID, "a.example", NOW), TypeError, "partners: expected a sequence"),
        (lambda g: g.remove_partner_ids(EC_ID, [None], NOW), TypeError, "partners[0]: expected a str"),
        (lambda g: g.sync_partner_ids(None, [], NOW), TypeError, "partner: expected a str, got NoneType"),
        (
            lambda g: g.sync_partner_ids("a.example", [Mapping(EC_ID, "1", -1)], NOW),
            InvalidArgument,
            "mappings[0].synced: expected a number",
        ),
        (lambda g: g.delete(None), TypeError, "ec_id: expected a str"),
        (lambda g: g.inspect("x" * 1_000), InvalidArgument, "EC ID"),
        (lambda g: g.get_metadata(EC_ID + "!"), InvalidArgument, "EC ID"),
    ],
)
def test_an_argument_that_is_none_names_itself_and_reaches_no_store(
    call: Any, error: type, says: str
) -> None:
    store = Scripted()
    graph = Graph(store)
    with pytest.raises(error) as raised:
        call(graph)
    assert says in str(raised.value)
    assert store.calls == []
    assert graph.visit(EC_ID, entry()).ids == (UpsertOutcome.WRITTEN,), "the graph goes on"


def test_a_missing_field_is_the_languages_own_error() -> None:
    with pytest.raises(TypeError, match="now"):
        NewEntry()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="uid"):
        PartnerUid("a.example")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"entry_ttl": 0}, InvalidArgument, "entry-ttl"),
        ({"entry_ttl": -1}, InvalidArgument, "policy.entry_ttl"),
        ({"max_cas_attempts": 300}, InvalidArgument, "policy.max_cas_attempts"),
        ({"max_partners": 1.0}, TypeError, "policy.max_partners: expected an int, got float"),
        ({"order": "time"}, TypeError, "policy.order: expected Order, got str"),
    ],
)
def test_a_policy_out_of_its_range_names_the_value(changes: dict[str, Any], error: type, says: str) -> None:
    with pytest.raises(error) as raised:
        Graph(MemoryStore(), dataclasses.replace(default_policy(), **changes))
    assert says in str(raised.value)


def test_what_is_no_store_is_refused() -> None:
    class Async(MemoryStore):
        async def get(self, key: str) -> None:  # type: ignore[override]
            return None

    with pytest.raises(TypeError, match="store: expected a Store, got dict"):
        Graph({})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="store: get is a coroutine"):
        Graph(Async())


def test_what_the_contract_answers_alone_is_answered_alone() -> None:
    graph = Graph(MemoryStore())
    ids = [
        PartnerUid("a.example", "1"),
        PartnerUid("b.example", "0"),
        PartnerUid("c.example", "2", NOW * 1_000),
    ]
    report = graph.visit(EC_ID, NewEntry(NOW, geo=Geo("France"), ids=ids))
    assert report.ids[0] is UpsertOutcome.WRITTEN
    assert [type(outcome) for outcome in report.ids[1:]] == [Invalid, Invalid]
    assert [left.field for left in report.left_out] == ["geo.country"]
    assert isinstance(report.left_out[0], LeftOut)


def test_a_bad_mapping_fails_alone() -> None:
    graph = Graph(MemoryStore())
    graph.visit(EC_ID, entry())
    mappings = [Mapping("short", "1", NOW), Mapping(EC_ID, "x" * 513, NOW), Mapping(EC_ID, "good", NOW)]
    outcomes = graph.sync_partner_ids("b.example", mappings, NOW)
    assert isinstance(outcomes[0], InvalidArgument)
    assert isinstance(outcomes[1], Invalid)
    assert outcomes[2] is UpsertOutcome.WRITTEN


def test_messages_show_no_argument() -> None:
    graph = Graph(MemoryStore())
    secret = "SECRETsecretSECRET"
    for call in (
        lambda: graph.visit(secret, entry()),
        lambda: graph.visit(secret + "\ud800", entry()),
        lambda: graph.visit(EC_ID, NewEntry(NOW, tcf=secret + "\ud800")),
        lambda: graph.upsert_partner_id(EC_ID, PartnerUid(secret, 5), NOW),  # type: ignore[arg-type]
    ):
        with pytest.raises((TypeError, ValueError)) as raised:
            call()
        shown = str(raised.value)
        assert secret not in shown
        assert raised.value.__cause__ is None


def test_repr_shows_no_id_and_no_stored_text() -> None:
    secret = "SECRET"
    uid = PartnerUid("a.example", secret, ext=secret)
    shown = [
        uid,
        Mapping(secret, secret, NOW, ext=secret),
        NewEntry(NOW, tcf=secret, gpp=secret, ids=[uid]),
        Consent(secret, secret, "7", True, NOW, None),
        RawRow(secret.encode(), secret, 1, None),
        Item(secret.encode(), secret, 1),
        ItemHead(secret, 1),
        Write(secret, secret.encode(), secret, 60, Absent()),
    ]
    assert secret not in repr(shown)
