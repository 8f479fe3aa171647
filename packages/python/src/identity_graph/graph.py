"""The graph: the operations of `identity-graph` over a store."""

from __future__ import annotations

import functools
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from . import _contract as contract
from ._abi import Image
from ._contract import Function
from ._instance import Instance, prepare
from ._kv import KvCas
from .errors import GraphError, Unavailable
from .memory import MemoryStore
from .store import Store
from .values import (
    CreateReport,
    Entry,
    IfMissing,
    Mapping,
    MappingOutcome,
    Metadata,
    NewEntry,
    PartnerUid,
    Policy,
    RawRow,
    Report,
    TouchOutcome,
    Upserted,
    VisitReport,
    WithdrawOutcome,
)


class _Closing:
    """A context manager that closes."""

    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Graph(_Closing):
    """A graph over one store.

    Each graph runs an instance of the component of its own. Threads may share a graph, and then wait for
    each other; a graph for each thread lets them work side by side. A store does not call the graph that
    it serves.

    Methods raise a `GraphError` when an operation does not do what was asked, and `TypeError` or
    `InvalidArgument` (a `ValueError`) with the name of an argument that is none, before anything reaches
    the store. What ends an instance, such as `KeyboardInterrupt` in a store, does not end the graph: the
    next call starts another one.
    """

    def __init__(self, store: Store, policy: Policy | None = None) -> None:
        """Opens the graph with `default_policy()` or a policy of your own: no store call.

        Raises `InvalidArgument` with the value of the policy that is out of its range.
        """
        self._kv = KvCas(store)
        if policy is None:
            self._open: tuple[Function, tuple[Any, ...]] = contract.OPEN, ("",)
        else:
            self._open = contract.OPEN_WITH, ("", policy)
        self._lock = threading.RLock()
        self._calling = False
        self._closed = False
        self._instance: Instance | None = None
        self._graph = 0
        # Snapshots that were forgotten; whoever forgets them may be in the middle of a call.
        self._forgotten: list[tuple[Instance, int]] = []
        self._started()

    def close(self) -> None:
        """Frees the instance. The graph and its snapshots are not used afterwards."""
        with self._lock:
            self._closed = True
            self._instance = None
            self._forgotten.clear()

    def get(self, ec_id: str, now: int) -> Snapshot | None:
        """Reads an entry: 1 read. None when there is no row, or one past its lifetime."""
        with self._lock:
            snapshot = self._call(contract.GET, ec_id, now)
            if snapshot is None:
                return None
            assert self._instance is not None, "a call that went well leaves its instance"
            return Snapshot(self, self._instance, snapshot)

    def get_metadata(self, ec_id: str) -> Metadata | None:
        """Reads what is stored beside an entry: 1 head. None when there is no row, or no metadata."""
        answer: Metadata | None = self._call(contract.GET_METADATA, ec_id)
        return answer

    def visit(self, ec_id: str, entry: NewEntry) -> VisitReport:
        """A page view, whatever is stored: 1 read, and 1 write when something is new."""
        answer: VisitReport = self._call(contract.VISIT, ec_id, entry)
        return answer

    def create(self, ec_id: str, entry: NewEntry) -> Report:
        """Writes the entry of an ID just minted: 1 write. `AlreadyExists` when the key holds anything."""
        answer: Report = self._call(contract.CREATE, ec_id, entry)
        return answer

    def create_or_revive(self, ec_id: str, entry: NewEntry) -> CreateReport:
        """Makes sure that a visit with consent has a live entry: 1 write; 1 read and 1 write more to
        replace a tombstone. A live entry stays as it is."""
        answer: CreateReport = self._call(contract.CREATE_OR_REVIVE, ec_id, entry)
        return answer

    def upsert_partner_id(
        self, ec_id: str, id: PartnerUid, now: int, missing: IfMissing = IfMissing.SKIP
    ) -> Upserted:
        """Stores one partner's UID: 1 read and 1 write, or 1 read when nothing changes."""
        answer: Upserted = self._call(contract.UPSERT_PARTNER_ID, ec_id, id, missing, now)
        return answer

    def upsert_partner_ids(
        self, ec_id: str, ids: Sequence[PartnerUid], now: int, missing: IfMissing = IfMissing.SKIP
    ) -> Sequence[Upserted]:
        """Stores partners' UIDs, all in one write. One outcome per UID, in order."""
        answer: Sequence[Upserted] = self._call(contract.UPSERT_PARTNER_IDS, ec_id, ids, missing, now)
        return answer

    def remove_partner_ids(self, ec_id: str, partners: Sequence[str], now: int) -> Sequence[Upserted]:
        """Removes partners' UIDs, all in one write. One outcome per partner, in order."""
        answer: Sequence[Upserted] = self._call(contract.REMOVE_PARTNER_IDS, ec_id, partners, now)
        return answer

    def update_last_seen(self, ec_id: str, now: int) -> TouchOutcome:
        """Notes a visit: 1 read and 1 write, or 1 read when nothing changes."""
        answer: TouchOutcome = self._call(contract.UPDATE_LAST_SEEN, ec_id, now)
        return answer

    def write_withdrawal_tombstone(self, ec_id: str, now: int) -> None:
        """Withdraws consent: 1 write, no read. After an error keep the ID and call again, with the time
        of that call."""
        self._call(contract.WRITE_WITHDRAWAL_TOMBSTONE, ec_id, now)

    def delete(self, ec_id: str) -> bool:
        """Forgets an entry, and a withdrawal too: for data-deletion requests only. True when there was
        one, or when a lost answer leaves that open."""
        answer: bool = self._call(contract.DELETE, ec_id)
        return answer

    def sync_partner_ids(
        self, partner: str, mappings: Sequence[Mapping], now: int
    ) -> Sequence[MappingOutcome]:
        """Stores or removes one partner's UIDs for many EC IDs: 1 `get_many` and 1 `put_many` for each
        1,000. One outcome per mapping, in order; a mapping's failure never touches another's, and is an
        error that is answered, not raised."""
        answer: Sequence[MappingOutcome] = self._call(contract.SYNC_PARTNER_IDS, partner, mappings, now)
        return answer

    def evaluate_cluster(self, ec_id: str, now: int) -> int | None:
        """How many EC IDs share this one's hash, counted up to 100; none for a tombstone, no entry, or a
        provider's ID."""
        answer: int | None = self._call(contract.EVALUATE_CLUSTER, ec_id, now)
        return answer

    def inspect(self, ec_id: str) -> RawRow | None:
        """The row as stored, readable or not: 1 read. For operators."""
        answer: RawRow | None = self._call(contract.INSPECT, ec_id)
        return answer

    def _call(self, function: Function, *arguments: Any) -> Any:
        with self._lock:
            self._check_free()
            # The first parameter is the graph, whose address only the instance knows.
            image = prepare(function, 0, *arguments)
            instance = self._started()
            contract.HANDLE.store(image, 0, self._graph)
            return self._run(instance, function, image)

    def _call_on(self, instance: Instance, snapshot: int, function: Function, *arguments: Any) -> Any:
        with self._lock:
            self._check_free()
            image = prepare(function, snapshot, *arguments)
            if instance is not self._instance:
                raise Unavailable("the instance that held this snapshot has ended; get the entry again")
            return self._run(instance, function, image)

    def _check_free(self) -> None:
        if self._closed:
            raise ValueError("the graph is closed")
        if self._calling:
            raise RuntimeError("a store called the graph that it serves")

    def _started(self) -> Instance:
        """The running instance; a new one where the last has ended."""
        instance = self._instance
        if instance is None:
            function, arguments = self._open
            image = prepare(function, *arguments)
            instance = Instance(self._kv)
            self._graph = self._run(instance, function, image)
            self._instance = instance
        return instance

    def _run(self, instance: Instance, function: Function, image: Image) -> Any:
        self._kv.cause = None
        self._calling = True
        try:
            self._drop_forgotten(instance)
            answer = instance.call(function, image)
        except BaseException as error:
            self._instance = None
            cause, instance.stopped_by = instance.stopped_by or error, None
            if not isinstance(cause, Exception):
                raise cause from None
            raise Unavailable("the component broke off; a write may have been applied") from cause
        finally:
            self._calling = False
        if isinstance(answer, GraphError):
            raise answer from self._kv.cause if isinstance(answer, Unavailable) else None
        return answer

    def _forget(self, instance: Instance, snapshot: int) -> None:
        self._forgotten.append((instance, snapshot))

    def _drop_forgotten(self, instance: Instance) -> None:
        while self._forgotten:
            owner, snapshot = self._forgotten.pop()
            if owner is instance:
                instance.drop(contract.DROP_SNAPSHOT, snapshot)


class Snapshot(_Closing):
    """An entry as it was read, to look at and to write back on. A change costs 1 write, or nothing when
    the entry already is as wanted.

    It holds memory of the graph's instance until it is closed, forgotten, or the graph is closed.
    """

    def __init__(self, graph: Graph, instance: Instance, snapshot: int) -> None:
        """Snapshots come from `Graph.get`."""
        self._graph = graph
        self._instance = instance
        self._snapshot = snapshot
        self._closed = False

    def close(self) -> None:
        """Frees it. It is not used afterwards."""
        if not self._closed:
            self._closed = True
            self._graph._forget(self._instance, self._snapshot)

    def __del__(self) -> None:
        self.close()

    @property
    def entry(self) -> Entry:
        """The entry, with what was written on this snapshot."""
        answer: Entry = self._call(contract.ENTRY)
        return answer

    @property
    def generation(self) -> int:
        """The version that it was read at. A write does not tell the one it makes."""
        answer: int = self._call(contract.GENERATION)
        return answer

    def visit(self, entry: NewEntry) -> VisitReport:
        """As `Graph.visit`."""
        answer: VisitReport = self._call(contract.SNAPSHOT_VISIT, entry)
        return answer

    def upsert_partner_ids(self, ids: Sequence[PartnerUid], now: int) -> Sequence[Upserted]:
        """As `Graph.upsert_partner_ids` with `SKIP`."""
        answer: Sequence[Upserted] = self._call(contract.SNAPSHOT_UPSERT, ids, now)
        return answer

    def remove_partner_ids(self, partners: Sequence[str], now: int) -> Sequence[Upserted]:
        """As `Graph.remove_partner_ids`."""
        answer: Sequence[Upserted] = self._call(contract.SNAPSHOT_REMOVE, partners, now)
        return answer

    def update_last_seen(self, now: int) -> TouchOutcome:
        """As `Graph.update_last_seen`."""
        answer: TouchOutcome = self._call(contract.SNAPSHOT_UPDATE_LAST_SEEN, now)
        return answer

    def withdraw(self, now: int) -> WithdrawOutcome:
        """Withdraws consent where there is an entry: 1 write, or none where it is a tombstone already or
        gone by now. A visitor's own word is `Graph.write_withdrawal_tombstone`."""
        answer: WithdrawOutcome = self._call(contract.SNAPSHOT_WITHDRAW, now)
        return answer

    def evaluate_cluster(self, now: int) -> int | None:
        """As `Graph.evaluate_cluster`."""
        answer: int | None = self._call(contract.SNAPSHOT_EVALUATE_CLUSTER, now)
        return answer

    def _call(self, function: Function, *arguments: Any) -> Any:
        if self._closed:
            raise ValueError("the snapshot is closed")
        return self._graph._call_on(self._instance, self._snapshot, function, *arguments)


def default_policy() -> Policy:
    """The policy of a graph that is given none."""
    return _policy(contract.DEFAULT_POLICY)


def trusted_server_policy() -> Policy:
    """The policy of trusted-server's edge application."""
    return _policy(contract.TRUSTED_SERVER_POLICY)


@functools.cache
def _policy(function: Function) -> Policy:
    # These functions call no store.
    policy: Policy = Instance(KvCas(MemoryStore())).call(function, prepare(function))
    return policy
