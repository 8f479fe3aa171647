"""What goes into the graph and what comes out: the records and enums of `identity-graph`.

Times are Unix seconds. Each class says its fields in the words of `wit/identity-graph.wit`, where their
limits are; what breaks one is answered, not raised here.
`repr` shows no EC ID, UID, consent string or stored text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from .errors import GraphError


@dataclass(frozen=True, slots=True)
class Consent:
    """The consent that an entry was given under. A tombstone shows no strings."""

    tcf: str | None = field(repr=False)
    gpp: str | None = field(repr=False)
    gpp_sid: str | None
    #: True for a live entry, false for a withdrawal tombstone.
    ok: bool
    #: When consent was given, last changed or given again, or withdrawn.
    updated: int
    #: When it had been withdrawn before it was given anew.
    withdrawn: int | None


@dataclass(frozen=True, slots=True)
class Geo:
    """Where a browser is, coarsely: ISO 3166-1 alpha-2 country, "ZZ" when unknown, and subdivision."""

    country: str
    region: str | None = None
    #: Number of the autonomous system.
    asn: int | None = None
    #: Designated market area (metro) code.
    dma: int | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """What kind of device a browser runs on. A class is 1 to 64 printable ASCII characters."""

    #: 0 desktop, 1 mobile, 2 unknown.
    is_mobile: int
    ja4_class: str | None = None
    platform_class: str | None = None
    h2_fp_hash: str | None = None
    known_browser: bool | None = None


@dataclass(frozen=True, slots=True)
class PubProperties:
    """Where in the publisher's network a browser was seen."""

    origin_domain: str
    #: Sorted; at most 50 are shown.
    seen_domains: Sequence[str]


@dataclass(frozen=True, slots=True)
class PartnerUid:
    """One partner's ID for a browser."""

    #: The partner's key: 1 to 255 bytes of `a-z 0-9 . _ -`, lower-cased where it is written.
    partner: str
    #: 1 to 512 bytes, not blank, no control characters.
    uid: str = field(repr=False)
    #: When it was asserted; in an upsert none asserts it at the time of the call.
    synced: int | None = None
    #: OpenRTB agent type.
    atype: int | None = None
    #: When the UID ends.
    expires: int | None = None
    #: A JSON object of at most 1,024 bytes.
    ext: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """A row as it is understood."""

    v: int
    created: int
    last_seen: int | None
    consent: Consent
    geo: Geo
    device: Device | None
    pub_properties: PubProperties | None
    cluster_size: int | None
    #: Each partner once; none of a tombstone.
    ids: Sequence[PartnerUid]


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is stored beside an entry and can be read without it."""

    ok: bool
    country: str
    v: int
    cluster_size: int | None
    is_mobile: int | None
    known_browser: bool | None


@dataclass(frozen=True, slots=True)
class NewEntry:
    """What a visit knows. An empty text counts as not given."""

    #: The time of the visit, and of the consent it brings.
    now: int
    tcf: str | None = field(default=None, repr=False)
    gpp: str | None = field(default=None, repr=False)
    gpp_sid: str | None = None
    geo: Geo | None = None
    device: Device | None = None
    #: The page's host name.
    domain: str | None = None
    #: UIDs that arrive with the same request, so that a first visit costs one write.
    ids: Sequence[PartnerUid] = ()


@dataclass(frozen=True, slots=True)
class Mapping:
    """One line of a batch: a partner's UID for an EC ID, or its removal where `uid` is none."""

    ec_id: str = field(repr=False)
    uid: str | None = field(repr=False)
    synced: int
    atype: int | None = None
    expires: int | None = None
    ext: str | None = field(default=None, repr=False)


class Order(Enum):
    """Which of two assertions about a partner's UID stands."""

    TIME = "time"
    ARRIVAL = "arrival"


@dataclass(frozen=True, slots=True)
class Policy:
    """Lifetimes and bounds, in seconds and in numbers.

    `default_policy()` and `trusted_server_policy()` ask the component for one; change it with
    `dataclasses.replace`.
    """

    entry_ttl: int
    max_age: int | None
    tombstone_ttl: int
    last_seen_debounce: int
    max_cas_attempts: int
    cluster_recheck: int | None
    clock_skew: int
    resync: int
    max_partners: int
    order: Order


class IfMissing(Enum):
    """What an upsert does where there is no entry."""

    SKIP = "skip"
    CREATE_MINIMAL = "create-minimal"


class CreateOutcome(Enum):
    """What `create_or_revive` found and did."""

    CREATED = "created"
    ALREADY_LIVE = "already-live"
    REVIVED = "revived"
    WITHDRAWN = "withdrawn"


class VisitOutcome(Enum):
    """What `visit` found and did."""

    CREATED = "created"
    REVIVED = "revived"
    WRITTEN = "written"
    UNCHANGED = "unchanged"
    WITHDRAWN = "withdrawn"


class UpsertOutcome(Enum):
    """What became of one UID, or of one removal, that keeps the rules; `Invalid` is one that does not."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    STALE = "stale"
    WITHDRAWN = "withdrawn"
    NOT_FOUND = "not-found"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Invalid:
    """A UID that breaks a rule. The others of the call are not touched by that."""

    #: The rule, without the UID.
    why: str


class TouchOutcome(Enum):
    """What `update_last_seen` did."""

    WRITTEN = "written"
    DEBOUNCED = "debounced"
    STALE = "stale"
    WITHDRAWN = "withdrawn"
    NOT_FOUND = "not-found"


class WithdrawOutcome(Enum):
    """What `Snapshot.withdraw` did."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    NOT_FOUND = "not-found"


#: What became of one UID.
Upserted = UpsertOutcome | Invalid

#: What became of one mapping: an outcome, or the error that an operation on its row alone would raise.
MappingOutcome = UpsertOutcome | Invalid | GraphError


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A part of a visit that was malformed and is left out, e.g. "geo.region", and the rule it breaks."""

    field: str
    why: str


@dataclass(frozen=True, slots=True)
class Report:
    """What became of the parts of a `create`."""

    #: One outcome for each UID, in order.
    ids: Sequence[Upserted]
    left_out: Sequence[LeftOut]


@dataclass(frozen=True, slots=True)
class CreateReport:
    """What became of a `create_or_revive` and its parts."""

    outcome: CreateOutcome
    #: One outcome for each UID, in order; none for `ALREADY_LIVE`.
    ids: Sequence[Upserted]
    left_out: Sequence[LeftOut]


@dataclass(frozen=True, slots=True)
class VisitReport:
    """What became of a visit and its parts."""

    outcome: VisitOutcome
    #: One outcome for each UID, in order.
    ids: Sequence[Upserted]
    left_out: Sequence[LeftOut]


@dataclass(frozen=True, slots=True)
class RawRow:
    """A row as it is stored, readable or not. It holds what messages never do."""

    body: bytes = field(repr=False)
    metadata: str | None = field(repr=False)
    generation: int
    #: Why the body is not an entry, when it is not.
    problem: str | None
