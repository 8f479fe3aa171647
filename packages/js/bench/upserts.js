// Upserts a second of one partner's UID on rows of about 1.6 KB, over each store. Prints a line a store.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryStore, openGraph, openGraphAsync } from '@trusted-server/identity-graph';
import { SqliteStore } from '@trusted-server/identity-graph/sqlite';

const NOW = 1_790_000_000;
const ROWS = 100;
const SECONDS = 3;
const id = (row) => `${row.toString(16).padStart(64, '0')}.Ab12Cd`;
const ids = Array.from({ length: 12 }, (_, at) => ({ partner: `partner-${at}.example`, uid: `${at}-`.padEnd(80, 'u') }));

async function measure(name, graph) {
  for (let row = 0; row < ROWS; row += 1) await graph.create(id(row), { now: NOW, tcf: 'C'.repeat(100), ids });
  const bytes = (await graph.inspect(id(0))).body.byteLength;
  let upserts = 0;
  const upsert = async () => {
    const uid = { partner: 'partner-0.example', uid: `0-${upserts}`.padEnd(80, 'v'), synced: NOW + 1 + upserts };
    const { outcome } = await graph.upsertPartnerId(id(upserts % ROWS), uid, 'skip', uid.synced);
    if (outcome !== 'written') throw new Error(`an upsert was ${outcome}`);
    upserts += 1;
  };
  // Until the code is compiled.
  for (let warm = 0; warm < 500; warm += 1) await upsert();
  const before = upserts;
  const started = performance.now();
  while (performance.now() - started < SECONDS * 1_000) await upsert();
  const rate = ((upserts - before) / (performance.now() - started)) * 1_000;
  console.log(`${name.padEnd(28)} ${Math.round(rate).toLocaleString('en').padStart(8)} upserts/s of ${bytes} bytes`);
}

console.log(`Node ${process.version}`);
await measure('MemoryStore', openGraph(new MemoryStore()));
await measure('MemoryStore, openGraphAsync', openGraphAsync(new MemoryStore()));
if (process.getBuiltinModule?.('node:sqlite')) {
  const folder = mkdtempSync(join(tmpdir(), 'identity-graph-'));
  const store = new SqliteStore(join(folder, 'rows.db'));
  await measure('SqliteStore', openGraph(store));
  store.close();
  rmSync(folder, { recursive: true });
} else {
  console.log('SqliteStore wants node:sqlite, which Node has from 22.13 on');
}
