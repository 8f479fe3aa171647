// Compiles only as long as the types are what the README says. `tsc` is run over it by types.test.js.

import {
  GraphError, KvError, MemoryStore, openGraph, openGraphAsync, trustedServerPolicy,
  type AsyncKvCas, type Entry, type KvCas, type MappingResult, type Snapshot, type Write, type WriteOutcome,
} from '@trusted-server/identity-graph';
import { conformance, type Fixture } from '@trusted-server/identity-graph/conformance';
import { load, MODULES, type Modules } from '@trusted-server/identity-graph/load';
import { SqliteStore } from '@trusted-server/identity-graph/sqlite';

const now = 1_790_000_000;

const graph = openGraph(new MemoryStore({ now: () => 0 }), { ...trustedServerPolicy(), maxAge: null });
const report = graph.visit('id', { now, ids: [{ partner: 'acme.example', uid: 'A-1' }] });
report.outcome satisfies 'created' | 'revived' | 'written' | 'unchanged' | 'withdrawn';
for (const id of report.ids) if (id.outcome === 'invalid') id.why satisfies string;

const snapshot: Snapshot | undefined = graph.get('id', now);
if (snapshot) {
  using held = snapshot;
  held.entry() satisfies Entry;
  held.generation() satisfies bigint;
}
const results: MappingResult[] = graph.syncPartnerIds('acme.example', [{ ecId: 'id', synced: now }], now);
for (const result of results) if (result.outcome === 'failed') result.error.code satisfies GraphError['code'];

// @ts-expect-error A time is a number of seconds.
graph.get('id', 1n);
// @ts-expect-error The time of the visit is missing.
graph.visit('id', {});
// @ts-expect-error There is no such choice.
graph.upsertPartnerId('id', { partner: 'p', uid: 'u' }, 'create', now);
// @ts-expect-error There is no such option.
openGraph(new MemoryStore(), { maxage: 1 });

class Own implements KvCas {
  get(_key: string) {
    return { body: new Uint8Array(), generation: 1n };
  }
  head(_key: string) {
    return null;
  }
  put({ condition }: Write): WriteOutcome {
    if (condition === 'absent') throw new KvError('throttled');
    return typeof condition === 'object' && condition.matches === 1n ? 'stored' : 'conflict';
  }
  delete(_key: string) {
    return true;
  }
  count(_prefix: string, limit: number) {
    return limit;
  }
}
openGraph(new Own());

const own = new Own();
const later: AsyncKvCas = {
  get: async () => undefined,
  head: async () => null,
  put: async (write) => own.put(write),
  delete: async () => true,
  count: (prefix, limit) => own.count(prefix, limit),
};
// @ts-expect-error A store of promises is for openGraphAsync.
openGraph(later);
const entry: Promise<Entry | undefined> = openGraphAsync(later).get('id', now).then((found) => found?.entry());
void entry;

const fixture: Fixture = { open: () => new SqliteStore(':memory:') };
void conformance.map(({ run }) => run(fixture));
MODULES[0] satisfies 'graph.core.wasm';
load({} as Modules).openGraph(new Own());
