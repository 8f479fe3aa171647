"""A graph outlives its instances, gives back what it holds, and takes batches of any size."""

from __future__ import annotations

import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

from identity_graph import (
    Absent,
    Graph,
    GraphError,
    Item,
    Mapping,
    MemoryStore,
    PartnerUid,
    Stored,
    Unavailable,
    UpsertOutcome,
    VisitOutcome,
    WithdrawOutcome,
    Write,
)
from support import EC_ID, NOW, Scripted, answers, entry, raises


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3), GeneratorExit()])
@pytest.mark.parametrize("method", ["get", "put"])
def test_what_is_no_exception_reaches_the_caller_and_the_graph_goes_on(
    method: str, error: BaseException
) -> None:
    store = Scripted(**{method: raises(error)})
    graph = Graph(store)
    with pytest.raises(type(error)) as raised:
        graph.visit(EC_ID, entry())
    assert raised.value is error
    store.instead = {}
    assert graph.visit(EC_ID, entry()).outcome is VisitOutcome.CREATED


def _trapped(graph: Graph) -> None:
    """Lets the component trap: the address of no graph is one."""
    instance = graph._instance
    assert instance is not None
    graph._graph = 0xFFFF_FFF0
    with pytest.raises(Unavailable, match="broke off") as raised:
        graph.visit(EC_ID, entry())
    assert raised.value.__cause__ is not None


def test_a_trap_ends_the_instance_and_not_the_graph() -> None:
    graph = Graph(MemoryStore())
    graph.visit(EC_ID, entry())
    before = graph._instance
    _trapped(graph)
    assert graph.visit(EC_ID, entry()).outcome is VisitOutcome.UNCHANGED
    assert graph._instance is not before


def test_a_snapshot_ends_with_its_instance_and_says_so() -> None:
    graph = Graph(MemoryStore())
    graph.visit(EC_ID, entry())
    snapshot = graph.get(EC_ID, NOW)
    assert snapshot is not None
    _trapped(graph)
    with pytest.raises(Unavailable, match="get the entry again"):
        snapshot.withdraw(NOW)
    snapshot.close()
    again = graph.get(EC_ID, NOW)
    assert again is not None
    assert again.withdraw(NOW) is WithdrawOutcome.WRITTEN


def test_a_store_that_calls_its_graph_is_told_so() -> None:
    store = Scripted()
    graph = Graph(store)
    store.instead = {"get": lambda key: graph.inspect(EC_ID)}
    with pytest.raises(Unavailable) as raised:
        graph.get(EC_ID, NOW)
    assert str(raised.value.__cause__) == "a store called the graph that it serves"


def test_graphs_and_snapshots_are_context_managers() -> None:
    with Graph(MemoryStore()) as graph:
        graph.visit(EC_ID, entry())
        snapshot = graph.get(EC_ID, NOW)
        assert snapshot is not None
        with snapshot:
            assert snapshot.entry.ids == (PartnerUid("acme.example", "A-1", NOW),)
        with pytest.raises(ValueError, match="the snapshot is closed"):
            _ = snapshot.entry
        open_one = graph.get(EC_ID, NOW)
        assert open_one is not None
    with pytest.raises(ValueError, match="the graph is closed"):
        graph.get(EC_ID, NOW)
    with pytest.raises(ValueError, match="the graph is closed"):
        _ = open_one.entry


@pytest.mark.parametrize("closes", [True, False], ids=["closed", "forgotten"])
def test_snapshots_give_their_memory_back(closes: bool) -> None:
    graph = Graph(MemoryStore())
    graph.visit(EC_ID, entry())
    sizes = []
    for _ in range(3):
        for _ in range(1_000):
            snapshot = graph.get(EC_ID, NOW)
            assert snapshot is not None
            if closes:
                snapshot.close()
        instance = graph._instance
        assert instance is not None
        sizes.append(len(instance.memory()))
    assert sizes[0] == sizes[-1]


def test_calls_give_their_memory_back() -> None:
    graph = Graph(MemoryStore())
    instance = graph._instance
    assert instance is not None
    sizes = []
    for number in range(3_000):
        graph.visit(EC_ID, entry(NOW + number * 400))
        graph.inspect(EC_ID)
        with pytest.raises(TypeError):
            graph.upsert_partner_ids(EC_ID, [PartnerUid("a.example", "x" * 500), None], NOW)  # type: ignore[list-item]
        if number % 1_000 == 999:
            sizes.append(len(instance.memory()))
    assert sizes[0] == sizes[-1]


def test_answers_that_are_refused_take_no_memory() -> None:
    store = Scripted()
    graph = Graph(store)
    instance = graph._instance
    assert instance is not None
    before = len(instance.memory())
    # Far over 1 MiB, and of a generation that is none.
    for item in (Item(b"x" * (8 << 20), None, 1), *[Item(b"x" * 50_000, None, -1)] * 100):
        store.instead = {"get": answers(item)}
        with pytest.raises(GraphError):
            graph.get(EC_ID, NOW)
    assert len(instance.memory()) < before + (1 << 20)


def test_a_graph_that_is_forgotten_is_freed() -> None:
    graph = Graph(MemoryStore())
    graph.visit(EC_ID, entry())
    instance = weakref.ref(graph._instance)
    del graph
    gc.collect()
    assert instance() is None


def test_threads_may_share_a_graph() -> None:
    graph = Graph(MemoryStore())
    graph.visit(EC_ID, entry())
    partners = [f"partner-{number}.example" for number in range(40)]
    with ThreadPoolExecutor(4) as pool:
        outcomes = pool.map(
            lambda partner: graph.upsert_partner_id(EC_ID, PartnerUid(partner, "1"), NOW + 1), partners
        )
        assert set(outcomes) == {UpsertOutcome.WRITTEN}
    snapshot = graph.get(EC_ID, NOW + 1)
    assert snapshot is not None
    assert {uid.partner for uid in snapshot.entry.ids} == {"acme.example", *partners}


def test_threads_with_a_graph_each_lose_nothing_over_one_store() -> None:
    store = MemoryStore()
    Graph(store).visit(EC_ID, entry())
    start = threading.Barrier(4)

    def work(worker: int) -> None:
        with Graph(store) as graph:
            start.wait()
            for number in range(10):
                uid = PartnerUid(f"partner-{worker}-{number}.example", "1")
                while True:
                    try:
                        assert graph.upsert_partner_id(EC_ID, uid, NOW + 1) is UpsertOutcome.WRITTEN
                        break
                    except Exception as error:
                        assert type(error).__name__ == "Conflict", error

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    snapshot = Graph(store).get(EC_ID, NOW + 1)
    assert snapshot is not None
    assert len(snapshot.entry.ids) == 41


def _id(number: int) -> str:
    return f"{number:064x}"


def _large_row() -> bytes:
    """A row of 60 KB, which a member that nobody knows fills."""
    return (
        b'{"v":1,"created":1789999000,"last_seen":1789999000,"consent":{"ok":true,"updated":1789999000},'
        b'"geo":{"country":"FR"},"ids":{},"unknown":"' + b"x" * 60_000 + b'"}'
    )


def test_a_batch_over_rows_of_60_mb_in_all_is_written_in_answers_of_16_mib() -> None:
    store = Scripted()
    body = _large_row()
    for number in range(1_000):
        outcome = store.inner.put(Write(_id(number), body, "{}", 86_400, Absent()))
        assert outcome == Stored()

    handed_over = []

    def get_many(keys: list[str]) -> list[object]:
        # More than the contract lets through, as a careless store would.
        answers: list[object] = [store.inner.get(key) for key in keys]
        handed_over.append(len(keys))
        return answers

    store.instead = {"get_many": get_many}
    mappings = [Mapping(_id(number), f"uid-{number}", NOW) for number in range(1_000)]
    outcomes = Graph(store).sync_partner_ids("a.example", mappings, NOW)
    assert set(outcomes) == {UpsertOutcome.WRITTEN}
    assert len(handed_over) > 1, "16 MiB are one answer"
    for number in (0, 499, 999):
        item = store.inner.get(_id(number))
        assert item is not None
        assert f'"uid-{number}"'.encode() in item.body


def test_a_batch_of_more_than_a_thousand_goes_in_thousands() -> None:
    store = Scripted()
    asked = []

    def get_many(keys: list[str]) -> object:
        asked.append(len(keys))
        return store.inner.get_many(keys)

    store.instead = {"get_many": get_many}
    mappings = [Mapping(_id(number), "1", NOW) for number in range(12_345)]
    outcomes = Graph(store).sync_partner_ids("a.example", mappings, NOW)
    assert list(outcomes) == [UpsertOutcome.NOT_FOUND] * 12_345
    assert asked == [1_000] * 12 + [345]
