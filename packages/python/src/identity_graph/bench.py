"""Measures a graph over each store of the package: `python -m identity_graph.bench [SECONDS]`."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable

from . import Graph, MemoryStore, NewEntry, PartnerUid, SqliteStore, Store, UpsertOutcome

_ID = "3f" * 32
_NOW = 1_790_000_000
#: So many partners make a row of about 1,600 bytes.
_PARTNERS = 14


def _graph(store: Store) -> Graph:
    graph = Graph(store)
    ids = [PartnerUid(f"partner-{number:02}.example", f"uid-{number:032}") for number in range(_PARTNERS)]
    graph.visit(_ID, NewEntry(_NOW, tcf="CQ" + "A" * 200, domain="news.example", ids=ids))
    return graph


def _upserts(graph: Graph) -> Callable[[int], None]:
    def upsert(number: int) -> None:
        uid = PartnerUid("partner-00.example", f"new-{number:032}")
        outcome = graph.upsert_partner_id(_ID, uid, _NOW + number + 1)
        assert outcome is UpsertOutcome.WRITTEN

    return upsert


def _measure(call: Callable[[int], None], seconds: float) -> tuple[float, float]:
    """Calls a second, and microseconds of processor time a call."""
    for number in range(100):
        call(number)
    calls, start, busy = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - start < seconds:
        call(100 + calls)
        calls += 1
    elapsed, busy = time.perf_counter() - start, time.process_time() - busy
    return calls / elapsed, busy / calls * 1e6


def main(seconds: float) -> None:
    """Prints what starting costs, and the rate of upserts over each store."""
    started = time.process_time()
    graph = Graph(MemoryStore())
    first, started = time.process_time() - started, time.process_time()
    graph = Graph(MemoryStore())
    another = time.process_time() - started
    print(f"CPU of the first graph {first * 1e3:.0f} ms, of another one {another * 1e3:.1f} ms")
    with tempfile.TemporaryDirectory() as folder:
        stores: list[Store] = [MemoryStore(), SqliteStore(os.path.join(folder, "rows.db"))]
        for store in stores:
            graph = _graph(store)
            row = graph.inspect(_ID)
            assert row is not None
            rate, busy = _measure(_upserts(graph), seconds)
            name = type(store).__name__
            print(f"{name:12} row of {len(row.body)} bytes: {rate:6.0f} upserts/s, {busy:4.0f} us CPU each")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 5.0)
