"""The types and functions of `trusted-server:ec`, as they cross the border of the component."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cached_property

from . import errors as e
from . import store as s
from . import values as v
from ._abi import Bool, Bytes, Enumeration, Integer, Layout, List, Record, Text, Variant, either, option

PACKAGE = "trusted-server:ec"
VERSION = "0.2.0"
KV_CAS = f"{PACKAGE}/kv-cas@{VERSION}"
IDENTITY_GRAPH = f"{PACKAGE}/identity-graph@{VERSION}"

#: The canonical ABI passes more parameters than these in memory.
MAX_FLAT_PARAMS = 16

U8, U32, U64, S64 = Integer("B"), Integer("I"), Integer("Q"), Integer("q")
BOOL, TEXT, BYTES = Bool(), Text(), Bytes()
HANDLE = U32

# kv-cas
_ITEM = Record(s.Item, body=BYTES, metadata=option(TEXT), generation=U64)
_ITEM_HEAD = Record(s.ItemHead, metadata=option(TEXT), generation=U64)
_CONDITION = Variant(None, None, U64, make=lambda case, generation: condition(case, generation))
WRITE = Record(s.Write, key=TEXT, body=BYTES, metadata=TEXT, time_to_live=U32, condition=_CONDITION)
_WRITE_OUTCOME = Variant(
    None,
    option(_ITEM),
    make=lambda _, value: value,
    pick=lambda outcome: _pick_write_outcome(outcome),
)
_KV_ERROR = Enumeration(s.StoreErrorKind)
GET_ANSWER = either(option(_ITEM), _KV_ERROR, s.StoreErrorKind)
HEAD_ANSWER = either(option(_ITEM_HEAD), _KV_ERROR, s.StoreErrorKind)
PUT_ANSWER = either(_WRITE_OUTCOME, _KV_ERROR, s.StoreErrorKind)
DELETE_ANSWER = either(BOOL, _KV_ERROR, s.StoreErrorKind)
COUNT_ANSWER = either(U32, _KV_ERROR, s.StoreErrorKind)
OPEN_ANSWER = either(HANDLE, _KV_ERROR, s.StoreErrorKind)
GET_MANY_ANSWER = List(GET_ANSWER)
PUT_MANY_ANSWER = List(PUT_ANSWER)
KEYS = List(TEXT)
WRITES = List(WRITE)


def _pick_write_outcome(outcome: object) -> tuple[int, s.Item | None]:
    match outcome:
        case s.Stored():
            return 0, None
        case s.Refused(item):
            return 1, item
    # A method that forgets to answer has not said that it stored anything.
    raise TypeError(f"expected Stored or Refused, got {type(outcome).__name__}")


def condition(case: int, generation: int) -> s.Precondition:
    """The precondition of this case."""
    return (s.Always(), s.Absent(), s.Matches(generation))[case]


# identity-graph
_CONSENT = Record(
    v.Consent,
    tcf=option(TEXT),
    gpp=option(TEXT),
    gpp_sid=option(TEXT),
    ok=BOOL,
    updated=U64,
    withdrawn=option(U64),
)
_GEO = Record(v.Geo, country=TEXT, region=option(TEXT), asn=option(U32), dma=option(S64))
_DEVICE = Record(
    v.Device,
    is_mobile=U8,
    ja4_class=option(TEXT),
    platform_class=option(TEXT),
    h2_fp_hash=option(TEXT),
    known_browser=option(BOOL),
)
_PUB_PROPERTIES = Record(v.PubProperties, origin_domain=TEXT, seen_domains=List(TEXT))
_PARTNER_UID = Record(
    v.PartnerUid,
    partner=TEXT,
    uid=TEXT,
    synced=option(U64),
    atype=option(U32),
    expires=option(U64),
    ext=option(TEXT),
)
_ENTRY = Record(
    v.Entry,
    v=U8,
    created=U64,
    last_seen=option(U64),
    consent=_CONSENT,
    geo=_GEO,
    device=option(_DEVICE),
    pub_properties=option(_PUB_PROPERTIES),
    cluster_size=option(U32),
    ids=List(_PARTNER_UID),
)
_METADATA = Record(
    v.Metadata,
    ok=BOOL,
    country=TEXT,
    v=U8,
    cluster_size=option(U32),
    is_mobile=option(U8),
    known_browser=option(BOOL),
)
_NEW_ENTRY = Record(
    v.NewEntry,
    tcf=option(TEXT),
    gpp=option(TEXT),
    gpp_sid=option(TEXT),
    geo=option(_GEO),
    device=option(_DEVICE),
    domain=option(TEXT),
    ids=List(_PARTNER_UID),
    now=U64,
)
_POLICY = Record(
    v.Policy,
    entry_ttl=U32,
    max_age=option(U32),
    tombstone_ttl=U32,
    last_seen_debounce=U32,
    max_cas_attempts=U8,
    cluster_recheck=option(U32),
    clock_skew=U32,
    resync=U32,
    max_partners=U32,
    order=Enumeration(v.Order),
)
_MAPPING = Record(
    v.Mapping,
    ec_id=TEXT,
    uid=option(TEXT),
    synced=U64,
    atype=option(U32),
    expires=option(U64),
    ext=option(TEXT),
)
_ERRORS: tuple[type[e.GraphError], ...] = (
    e.InvalidArgument,
    e.NoSuchStore,
    e.AlreadyExists,
    e.Corrupt,
    e.TooLarge,
    e.Conflict,
    e.Throttled,
    e.Unavailable,
)
_GRAPH_ERROR = Variant(
    TEXT, None, None, TEXT, None, None, None, TEXT, make=lambda case, why: _ERRORS[case](why or "")
)
_UPSERT_CASES = (
    v.UpsertOutcome.WRITTEN,
    v.UpsertOutcome.UNCHANGED,
    v.UpsertOutcome.STALE,
    v.UpsertOutcome.WITHDRAWN,
    v.UpsertOutcome.NOT_FOUND,
    None,
    v.UpsertOutcome.FULL,
)
_UPSERTED = Variant(
    None,
    None,
    None,
    None,
    None,
    TEXT,
    None,
    make=lambda case, why: _UPSERT_CASES[case] or v.Invalid(why),
)
_LEFT_OUT = Record(v.LeftOut, field=TEXT, why=TEXT)
_REPORT = Record(v.Report, ids=List(_UPSERTED), left_out=List(_LEFT_OUT))
_CREATE_REPORT = Record(
    v.CreateReport, outcome=Enumeration(v.CreateOutcome), ids=List(_UPSERTED), left_out=List(_LEFT_OUT)
)
_VISIT_REPORT = Record(
    v.VisitReport, outcome=Enumeration(v.VisitOutcome), ids=List(_UPSERTED), left_out=List(_LEFT_OUT)
)
_MAPPING_OUTCOME = Variant(_UPSERTED, _GRAPH_ERROR, make=lambda _, outcome: outcome)
_RAW_ROW = Record(v.RawRow, body=BYTES, metadata=option(TEXT), generation=U64, problem=option(TEXT))


@dataclass(frozen=True)
class Function:
    """A function that the component exports."""

    #: The name of its core export.
    export: str
    params: Record
    result: Layout

    @cached_property
    def arguments(self) -> struct.Struct | None:
        """How the parameters become core arguments; none where they are too many, and a pointer goes."""
        flat = struct.Struct("<" + self.params.format)
        return flat if len(flat.unpack(bytes(flat.size))) <= MAX_FLAT_PARAMS else None

    @property
    def answers_directly(self) -> bool:
        """Whether the result is the core function's own, and not what a pointer leads to."""
        return isinstance(self.result, Integer)


def _function(name: str, result: Layout, **params: Layout) -> Function:
    return Function(f"{IDENTITY_GRAPH}#{name}", Record(tuple, **params), result)


def _fallible(name: str, ok: Layout | None, **params: Layout) -> Function:
    return _function(name, either(ok, _GRAPH_ERROR, e.GraphError), **params)


def _on_graph(name: str, ok: Layout | None, **params: Layout) -> Function:
    return _fallible(f"[method]graph.{name}", ok, graph=HANDLE, **params)


def _on_snapshot(name: str, ok: Layout | None, **params: Layout) -> Function:
    return _fallible(f"[method]snapshot.{name}", ok, snapshot=HANDLE, **params)


DEFAULT_POLICY = _function("default-policy", _POLICY)
TRUSTED_SERVER_POLICY = _function("trusted-server-policy", _POLICY)

OPEN = _fallible("[static]graph.open", HANDLE, store=TEXT)
OPEN_WITH = _fallible("[static]graph.open-with", HANDLE, store=TEXT, policy=_POLICY)
GET = _on_graph("get", option(HANDLE), ec_id=TEXT, now=U64)
GET_METADATA = _on_graph("get-metadata", option(_METADATA), ec_id=TEXT)
VISIT = _on_graph("visit", _VISIT_REPORT, ec_id=TEXT, entry=_NEW_ENTRY)
CREATE = _on_graph("create", _REPORT, ec_id=TEXT, entry=_NEW_ENTRY)
CREATE_OR_REVIVE = _on_graph("create-or-revive", _CREATE_REPORT, ec_id=TEXT, entry=_NEW_ENTRY)
_MISSING = Enumeration(v.IfMissing)
UPSERT_PARTNER_ID = _on_graph(
    "upsert-partner-id", _UPSERTED, ec_id=TEXT, id=_PARTNER_UID, missing=_MISSING, now=U64
)
UPSERT_PARTNER_IDS = _on_graph(
    "upsert-partner-ids", List(_UPSERTED), ec_id=TEXT, ids=List(_PARTNER_UID), missing=_MISSING, now=U64
)
REMOVE_PARTNER_IDS = _on_graph(
    "remove-partner-ids", List(_UPSERTED), ec_id=TEXT, partners=List(TEXT), now=U64
)
UPDATE_LAST_SEEN = _on_graph("update-last-seen", Enumeration(v.TouchOutcome), ec_id=TEXT, now=U64)
WRITE_WITHDRAWAL_TOMBSTONE = _on_graph("write-withdrawal-tombstone", None, ec_id=TEXT, now=U64)
DELETE = _on_graph("delete", BOOL, ec_id=TEXT)
SYNC_PARTNER_IDS = _on_graph(
    "sync-partner-ids", List(_MAPPING_OUTCOME), partner=TEXT, mappings=List(_MAPPING), now=U64
)
EVALUATE_CLUSTER = _on_graph("evaluate-cluster", option(U32), ec_id=TEXT, now=U64)
INSPECT = _on_graph("inspect", option(_RAW_ROW), ec_id=TEXT)

ENTRY = _function("[method]snapshot.entry", _ENTRY, snapshot=HANDLE)
GENERATION = _function("[method]snapshot.generation", U64, snapshot=HANDLE)
SNAPSHOT_VISIT = _on_snapshot("visit", _VISIT_REPORT, entry=_NEW_ENTRY)
SNAPSHOT_UPSERT = _on_snapshot("upsert-partner-ids", List(_UPSERTED), ids=List(_PARTNER_UID), now=U64)
SNAPSHOT_REMOVE = _on_snapshot("remove-partner-ids", List(_UPSERTED), partners=List(TEXT), now=U64)
SNAPSHOT_UPDATE_LAST_SEEN = _on_snapshot("update-last-seen", Enumeration(v.TouchOutcome), now=U64)
SNAPSHOT_WITHDRAW = _on_snapshot("withdraw", Enumeration(v.WithdrawOutcome), now=U64)
SNAPSHOT_EVALUATE_CLUSTER = _on_snapshot("evaluate-cluster", option(U32), now=U64)

DROP_SNAPSHOT = f"{IDENTITY_GRAPH}#[dtor]snapshot"


def all_functions() -> list[Function]:
    """Every function of the contract."""
    return [value for value in globals().values() if isinstance(value, Function)]
