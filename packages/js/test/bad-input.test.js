// What is wrong with an argument is the language's own error and names the argument. Nothing reaches the store.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryStore, openGraph, openGraphAsync } from '@trusted-server/identity-graph';
import { acme, EC_ID, NOW, over, promising } from './support.js';

const UID = 'a-uid-that-no-message-shows';

/** [what is wrong, the error's name, how its message begins, the call] */
const CALLS = [
  ['a time in milliseconds', 'RangeError', 'now is after the year 9999: pass seconds', (graph) => graph.get(EC_ID, NOW * 1_000)],
  ['a negative time', 'RangeError', 'now:', (graph) => graph.updateLastSeen(EC_ID, -1)],
  ['a time that is no number', 'RangeError', 'now:', (graph) => graph.get(EC_ID, NaN)],
  ['a fraction of a second', 'RangeError', 'now:', (graph) => graph.get(EC_ID, NOW + 0.5)],
  ['a time beyond 64 bits', 'RangeError', 'now:', (graph) => graph.get(EC_ID, 2 ** 70)],
  ['an infinite time', 'RangeError', 'now:', (graph) => graph.writeWithdrawalTombstone(EC_ID, Infinity)],
  ['a time of another type', 'TypeError', 'now: expected a number of seconds, got bigint', (graph) => graph.get(EC_ID, BigInt(NOW))],
  ['a Date', 'TypeError', 'now:', (graph) => graph.get(EC_ID, new Date(NOW * 1_000))],
  ['a missing time', 'TypeError', 'now:', (graph) => graph.evaluateCluster(EC_ID)],
  ['a visit in milliseconds', 'RangeError', 'entry.now is after', (graph) => graph.visit(EC_ID, { now: NOW * 1_000 })],
  ['a visit without its time', 'TypeError', 'entry.now:', (graph) => graph.create(EC_ID, {})],
  ['no entry', 'TypeError', 'entry: expected an object', (graph) => graph.createOrRevive(EC_ID)],
  ['an entry that is a list', 'TypeError', 'entry: expected an object, got an array', (graph) => graph.visit(EC_ID, [])],
  ['geo without a country', 'TypeError', 'entry.geo.country:', (graph) => graph.visit(EC_ID, { now: NOW, geo: {} })],
  ['an asn beyond 32 bits', 'RangeError', 'entry.geo.asn:', (graph) => graph.visit(EC_ID, { now: NOW, geo: { country: 'FR', asn: 2 ** 32 } })],
  ['a dma that is text', 'TypeError', 'entry.geo.dma:', (graph) => graph.visit(EC_ID, { now: NOW, geo: { country: 'FR', dma: '501' } })],
  ['a device without isMobile', 'TypeError', 'entry.device.isMobile:', (graph) => graph.visit(EC_ID, { now: NOW, device: {} })],
  ['a flag that is a number', 'TypeError', 'entry.device.knownBrowser:', (graph) => graph.visit(EC_ID, { now: NOW, device: { isMobile: 1, knownBrowser: 1 } })],
  ['an EC ID that is no text', 'TypeError', 'ecId: expected a string, got undefined', (graph) => graph.inspect()],
  ['a UID that is a number', 'TypeError', 'ids[1].uid:', (graph) => graph.upsertPartnerIds(EC_ID, [acme(UID), acme(7)], 'skip', NOW)],
  ['a UID without a partner', 'TypeError', 'id.partner:', (graph) => graph.upsertPartnerId(EC_ID, { uid: UID }, 'skip', NOW)],
  ['a UID from before 1970', 'RangeError', 'id.synced:', (graph) => graph.upsertPartnerId(EC_ID, { ...acme(UID), synced: -1 }, 'skip', NOW)],
  ['an end of a UID beyond 64 bits', 'RangeError', 'id.expires:', (graph) => graph.upsertPartnerId(EC_ID, { ...acme(UID), expires: 1e20 }, 'skip', NOW)],
  ['ext that is an object', 'TypeError', 'id.ext:', (graph) => graph.upsertPartnerId(EC_ID, { ...acme(UID), ext: {} }, 'skip', NOW)],
  ['a UID with a lone surrogate', 'TypeError', 'id.uid:', (graph) => graph.upsertPartnerId(EC_ID, acme(`${UID}\ud800`), 'skip', NOW)],
  ['UIDs that are no list', 'TypeError', 'ids: expected an array, got object', (graph) => graph.upsertPartnerIds(EC_ID, acme(UID), 'skip', NOW)],
  ['a hole in a list', 'TypeError', 'ids[0]:', (graph) => graph.upsertPartnerIds(EC_ID, new Array(1), 'skip', NOW)],
  ['partners that are one text', 'TypeError', 'partners: expected an array', (graph) => graph.removePartnerIds(EC_ID, 'acme.example', NOW)],
  ['a missing choice', 'TypeError', 'missing:', (graph) => graph.upsertPartnerId(EC_ID, acme(UID))],
  ['an unknown choice', 'RangeError', "missing: expected 'skip' or 'create-minimal'", (graph) => graph.upsertPartnerId(EC_ID, acme(UID), 'create', NOW)],
  ['a mapping without its time', 'TypeError', 'mappings[0].synced:', (graph) => graph.syncPartnerIds('acme.example', [{ ecId: EC_ID, uid: UID }], NOW)],
  ['an agent type that is negative', 'RangeError', 'mappings[0].atype:', (graph) => graph.syncPartnerIds('acme.example', [{ ecId: EC_ID, uid: UID, synced: NOW, atype: -1 }], NOW)],
];

for (const [what, name, message, call] of CALLS) {
  const isIt = (error) => {
    assert.equal(error.name, name);
    assert.ok(error.message.startsWith(message), error.message);
    assert.ok(!error.message.includes(UID) && !error.message.includes(EC_ID), 'the message shows what was passed');
    return true;
  };
  it(`${what} is a ${name}`, async () => {
    const [store, later] = [over(new MemoryStore()), promising()];
    assert.throws(() => call(openGraph(store)), isIt);
    await assert.rejects(async () => call(openGraphAsync(later)), isIt);
    assert.deepEqual([store.calls, later.calls], [[], []]);
  });
}

it('arguments of a snapshot are checked alike', () => {
  const store = over(new MemoryStore());
  const graph = openGraph(store);
  graph.create(EC_ID, { now: NOW });
  const snapshot = graph.get(EC_ID, NOW);
  store.calls.length = 0;
  assert.throws(() => snapshot.withdraw(NOW * 1_000), { name: 'RangeError', message: /^now is after/ });
  assert.throws(() => snapshot.upsertPartnerIds([{ uid: UID }], NOW), { name: 'TypeError', message: /^ids\[0\]\.partner/ });
  assert.deepEqual(store.calls, []);
});

it('what may fail alone does: a time in milliseconds within a list is answered in its place', () => {
  const graph = openGraph(new MemoryStore());
  const report = graph.visit(EC_ID, { now: NOW, ids: [{ ...acme('A-1'), synced: NOW * 1_000 }, { partner: 'beta.example', uid: 'B-1' }] });
  assert.deepEqual(report.ids.map(({ outcome }) => outcome), ['invalid', 'written']);
  assert.match(report.ids[0].why, /synced is after the year 9999/);
});

it('null counts as not given, as undefined does', () => {
  const graph = openGraph(new MemoryStore());
  const nothing = { tcf: null, gpp: null, gppSid: null, geo: null, device: null, domain: null, ids: null };
  assert.deepEqual(graph.visit(EC_ID, { ...nothing, now: NOW }), { outcome: 'created', ids: [], leftOut: [] });
});

describe('openGraph', () => {
  const store = new MemoryStore();
  for (const [what, call, expected] of [
    ['no store', () => openGraph(), { name: 'TypeError', message: 'store: expected an object' }],
    ['a store without a method', () => openGraph({ ...promising(), count: undefined }), { name: 'TypeError', message: 'store.count: expected a function' }],
    ['a batch method that is none', () => openGraphAsync({ ...promising(), getMany: true }), { name: 'TypeError', message: /^store\.getMany: expected a function/ }],
    ['a policy that is none', () => openGraph(store, 'trusted-server'), { name: 'TypeError', message: 'policy: expected an object' }],
    ['a policy with an unknown option', () => openGraph(store, { maxage: 1 }), { name: 'TypeError', message: 'policy.maxage: there is no such option' }],
    ['a policy that is negative', () => openGraph(store, { entryTtl: -1 }), { name: 'RangeError', message: /^policy\.entryTtl/ }],
    ['a policy with an unknown order', () => openGraph(store, { order: 'size' }), { name: 'RangeError', message: /^policy\.order/ }],
    ['a policy out of its range', () => openGraph(store, { maxCasAttempts: 11 }), { name: 'GraphError', code: 'invalid-argument', message: /max-cas-attempts/ }],
  ]) {
    it(`refuses ${what}`, () => assert.throws(call, expected));
  }
});
