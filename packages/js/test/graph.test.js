// What only this package has: snapshots that are released, operations over promises, shapes of answers.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultPolicy, KvError, MemoryStore, openGraph, openGraphAsync, trustedServerPolicy } from '@trusted-server/identity-graph';
import { acme, EC_ID, NOW, over, promising } from './support.js';

it('an entry has numbers for times and leaves out what is not there', () => {
  const graph = openGraph(new MemoryStore());
  graph.visit(EC_ID, {
    now: NOW, gppSid: '7', domain: 'news.example', geo: { country: 'US', dma: 820, asn: 64_500 },
    device: { isMobile: 1, knownBrowser: true }, ids: [{ ...acme('A-1'), atype: 1, ext: '{"a":1}' }],
  });
  assert.deepEqual(graph.get(EC_ID, NOW).entry(), {
    v: 1, created: NOW, lastSeen: NOW,
    consent: { gppSid: '7', ok: true, updated: NOW },
    geo: { country: 'US', dma: 820, asn: 64_500 },
    device: { isMobile: 1, knownBrowser: true },
    pubProperties: { originDomain: 'news.example', seenDomains: ['news.example'] },
    ids: [{ partner: 'acme.example', uid: 'A-1', synced: NOW, atype: 1, ext: '{"a":1}' }],
  });
  assert.deepEqual(graph.getMetadata(EC_ID), { ok: true, country: 'US', v: 1, isMobile: 1, knownBrowser: true });
});

it('policies have null for none, and what is not given is the default', () => {
  assert.equal(defaultPolicy().maxAge, 31_536_000);
  assert.deepEqual([trustedServerPolicy().maxAge, trustedServerPolicy().order], [null, 'arrival']);
  const longAfter = NOW + 40_000_000;
  for (const [policy, lives] of [[undefined, false], [{ maxAge: undefined }, false], [{ maxAge: null }, true]]) {
    const graph = openGraph(new MemoryStore(), policy);
    graph.create(EC_ID, { now: NOW });
    assert.equal(graph.get(EC_ID, longAfter) !== undefined, lives, JSON.stringify(policy));
  }
});

it('each graph has a store of its own', () => {
  const [one, other] = [openGraph(new MemoryStore()), openGraph(new MemoryStore())];
  one.create(EC_ID, { now: NOW });
  assert.equal(other.get(EC_ID, NOW), undefined);
});

/** A graph, and the bytes of memory that its component has. */
function withMemory(open, store) {
  const { Instance } = WebAssembly;
  let memory;
  WebAssembly.Instance = function (...args) {
    const instance = new Instance(...args);
    // The instance of the graph comes last; before it one may be made for the default policy.
    memory = instance.exports.memory ?? memory;
    return instance;
  };
  const graph = open(store);
  WebAssembly.Instance = Instance;
  return { graph, bytes: () => memory.buffer.byteLength };
}

/** An entry of about 30 KB. */
const LARGE = { now: NOW, ids: Array.from({ length: 60 }, (_, at) => ({ partner: `p${at}.example`, uid: 'u'.repeat(500) })) };

it('a body above 1 MiB is not handed to the component', () => {
  const body = new Uint8Array(16 * 2 ** 20);
  const { graph, bytes } = withMemory(openGraph, over(new MemoryStore(), { get: () => ({ body, generation: 1n }) }));
  assert.throws(() => graph.get(EC_ID, NOW), { code: 'corrupt' });
  assert.ok(bytes() < body.byteLength, `${bytes()} bytes`);
});

describe('a snapshot', () => {
  it('gives its memory back when it is released', () => {
    const { graph, bytes } = withMemory(openGraph, new MemoryStore());
    graph.visit(EC_ID, LARGE);
    for (let at = 0; at < 10; at += 1) graph.get(EC_ID, NOW).release();
    const before = bytes();
    for (let at = 0; at < 300; at += 1) graph.get(EC_ID, NOW).release();
    assert.equal(bytes(), before);
    const held = Array.from({ length: 300 }, () => graph.get(EC_ID, NOW));
    assert.ok(bytes() > before, 'those that are held take memory');
    for (const snapshot of held) snapshot[Symbol.dispose]();
  });

  it('cannot be used once it is released, and may be released twice', () => {
    const graph = openGraph(new MemoryStore());
    graph.create(EC_ID, { now: NOW });
    const snapshot = graph.get(EC_ID, NOW);
    snapshot.release();
    snapshot.release();
    assert.throws(() => snapshot.entry(), { message: 'the snapshot was released; get the entry again' });
  });
});

describe('a graph over promises', () => {
  it('sends each store call once', async () => {
    const store = promising();
    const graph = openGraphAsync(store);
    await graph.visit(EC_ID, { now: NOW, ids: [acme('A-1')] });
    assert.deepEqual(store.calls.splice(0), ['get', 'put']);
    const snapshot = await graph.get(EC_ID, NOW);
    await snapshot.upsertPartnerIds([acme('A-2')], NOW + 1);
    await snapshot.removePartnerIds(['acme.example'], NOW + 2);
    assert.deepEqual(snapshot.entry().ids, []);
    assert.deepEqual(store.calls, ['get', 'put', 'get', 'put']);
  });

  it('keeps what every one of many calls at once stores', async () => {
    const graph = openGraphAsync(promising(), { maxCasAttempts: 10 });
    await graph.create(EC_ID, { now: NOW });
    const partners = Array.from({ length: 8 }, (_, at) => `p${at}.example`);
    const upsert = (partner) => graph.upsertPartnerId(EC_ID, { partner, uid: 'U-1' }, 'skip', NOW);
    const results = await Promise.all(partners.map(upsert));
    assert.deepEqual(results, partners.map(() => ({ outcome: 'written' })));
    const stored = (await graph.get(EC_ID, NOW)).entry().ids.map(({ partner }) => partner);
    assert.deepEqual(stored.sort(), partners);
  });

  it('makes changes of one snapshot one after the other', async () => {
    const store = promising();
    const graph = openGraphAsync(store);
    await graph.create(EC_ID, { now: NOW });
    const snapshot = await graph.get(EC_ID, NOW);
    const [written, withdrawn, late] = await Promise.all([
      snapshot.upsertPartnerIds([acme('A-1')], NOW), snapshot.withdraw(NOW + 1), snapshot.upsertPartnerIds([acme('A-2')], NOW + 2),
    ]);
    assert.deepEqual([written, withdrawn, late], [[{ outcome: 'written' }], 'written', [{ outcome: 'withdrawn' }]]);
    assert.equal(snapshot.entry().consent.ok, false);
    assert.deepEqual(store.calls, ['put', 'get', 'put', 'get', 'put', 'get']);
  });

  it('holds no memory for its snapshots', async () => {
    const { graph, bytes } = withMemory(openGraphAsync, promising());
    await graph.visit(EC_ID, LARGE);
    for (let at = 0; at < 10; at += 1) (await graph.get(EC_ID, NOW)).entry();
    const before = bytes();
    for (let at = 0; at < 300; at += 1) (await graph.get(EC_ID, NOW)).entry();
    assert.equal(bytes(), before);
  });

  it('has a snapshot stay as it was after an error', async () => {
    let throttled = false;
    const memory = new MemoryStore();
    const store = promising(memory);
    const put = async (write) => {
      if (throttled) throw new KvError('throttled');
      return memory.put(write);
    };
    const graph = openGraphAsync({ ...store, put });
    await graph.create(EC_ID, { now: NOW });
    const snapshot = await graph.get(EC_ID, NOW);
    const before = snapshot.entry();
    throttled = true;
    await assert.rejects(snapshot.withdraw(NOW + 1), { code: 'throttled' });
    assert.deepEqual(snapshot.entry(), before);
    throttled = false;
    assert.equal(await snapshot.withdraw(NOW + 2), 'written');
    assert.equal(snapshot.entry().consent.updated, NOW + 2);
  });

  it('answers a batch of more than 1,000 EC IDs in order', async () => {
    const memory = new MemoryStore();
    const asked = [];
    const getMany = async (keys) => {
      asked.push(keys.length);
      return keys.map((key) => memory.get(key));
    };
    const graph = openGraphAsync({ ...promising(memory), getMany });
    const id = (at) => at.toString(16).padStart(64, '0');
    await graph.create(id(1_500), { now: NOW });
    const mappings = Array.from({ length: 2_500 }, (_, at) => ({ ecId: id(at % 2_000), uid: `U-${at}`, synced: NOW + at }));
    const results = await graph.syncPartnerIds('beta.example', mappings, NOW + 3_000);
    const found = results.flatMap(({ outcome }, at) => (outcome === 'not-found' ? [] : [[at, outcome]]));
    assert.deepEqual(found, [[1_500, 'written']]);
    assert.deepEqual(asked, [1_000, 1_000]);
    assert.deepEqual(await graph.syncPartnerIds('beta.example', [], NOW), []);
  });

  it('takes a store that answers at once, too', async () => {
    const store = over(new MemoryStore());
    assert.equal((await openGraphAsync(store).visit(EC_ID, { now: NOW })).outcome, 'created');
  });
});
