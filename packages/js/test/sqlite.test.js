// The store over node:sqlite: the contract, and what a file is for.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { openGraph } from '@trusted-server/identity-graph';
import { conformance } from '@trusted-server/identity-graph/conformance';
import { SqliteStore } from '@trusted-server/identity-graph/sqlite';
import { acme, EC_ID, NOW } from './support.js';

const folder = mkdtempSync(join(tmpdir(), 'identity-graph-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;
const newFile = () => join(folder, `${(files += 1)}.db`);

if (!process.getBuiltinModule?.('node:sqlite')) {
  it('says which Node it wants where there is no node:sqlite', () => {
    assert.throws(() => new SqliteStore(newFile()), { message: `SqliteStore wants node:sqlite, which Node has from 22.13 on; this is ${process.version}` });
  });
} else {
  describe('the contract', () => {
    for (const { name, run } of conformance) {
      it(name, async () => {
        let now = 1_790_000_000_000;
        const store = new SqliteStore(newFile(), { now: () => now });
        await run({ open: () => store, pass: (seconds) => { now += seconds * 1_000; } });
        store.close();
      });
    }
  });

  it('has the rows when the file is opened again', () => {
    const file = newFile();
    const store = new SqliteStore(file);
    openGraph(store).visit(EC_ID, { now: NOW, ids: [acme('A-1')] });
    store.close();
    const again = new SqliteStore(file);
    assert.equal(openGraph(again).get(EC_ID, NOW).entry().ids[0].uid, 'A-1');
    again.close();
  });

  it('judges a write against what another connection wrote', () => {
    const file = newFile();
    const [one, other] = [new SqliteStore(file), new SqliteStore(file)];
    openGraph(one).create(EC_ID, { now: NOW });
    const stale = openGraph(other).get(EC_ID, NOW);
    openGraph(one).writeWithdrawalTombstone(EC_ID, NOW + 1);
    assert.deepEqual(stale.upsertPartnerIds([acme('A-1')], NOW + 2), [{ outcome: 'withdrawn' }]);
    one.close();
    other.close();
  });

  it('writes a batch in one transaction, of which a refused write takes no other with it', () => {
    const store = new SqliteStore(newFile());
    const write = (key, condition) => ({ key, body: new Uint8Array(1), metadata: '', timeToLive: 60, condition });
    assert.equal(store.put(write('taken', 'none')), 'stored');
    const outcomes = store.putMany([write('new', 'absent'), write('taken', 'absent')]);
    assert.deepEqual(outcomes.map((outcome) => outcome.conflict ? 'conflict' : outcome), ['stored', 'conflict']);
    assert.equal(store.count('', 10), 2);
    store.close();
  });

  it('logs ahead beside the file, so that readers do not wait for a writer', () => {
    const file = newFile();
    const store = new SqliteStore(file);
    const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
    const database = new DatabaseSync(file);
    assert.equal(database.prepare('PRAGMA journal_mode').get().journal_mode, 'wal');
    database.close();
    store.close();
  });

  it('answers unavailable while another program holds the file, and stored afterwards', () => {
    const file = newFile();
    const store = new SqliteStore(file, { timeout: 0 });
    const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
    const other = new DatabaseSync(file);
    other.exec('BEGIN IMMEDIATE');
    const graph = openGraph(store);
    assert.throws(() => graph.create(EC_ID, { now: NOW }), { code: 'unavailable' });
    other.exec('ROLLBACK');
    graph.create(EC_ID, { now: NOW });
    other.close();
    store.close();
  });

  it('drops what is past its lifetime when it is told to', () => {
    let now = 0;
    const store = new SqliteStore(newFile(), { now: () => now });
    for (const [key, timeToLive] of [['short', 1], ['long', 100]]) {
      store.put({ key, body: new Uint8Array(1), metadata: '', timeToLive, condition: 'none' });
    }
    now = 1_000;
    assert.equal(store.deleteExpired(), 1);
    assert.equal(store.deleteExpired(), 0);
    assert.equal(store.head('long')?.metadata, '');
    store.close();
  });
}
