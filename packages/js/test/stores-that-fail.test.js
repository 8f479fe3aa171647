// Whatever a store does, the operation ends with an outcome of the contract, and the graph goes on.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GraphError, KvError, MemoryStore, openGraph, openGraphAsync } from '@trusted-server/identity-graph';
import { acme, EC_ID, NOW, over, promising } from './support.js';

const throwing = (thrown) => () => {
  throw thrown;
};
const item = { body: new Uint8Array(2), metadata: '', generation: 1n };

/** Answers of `get` that are none. */
const NONSENSE = [
  ['a text', 'row'],
  ['true', true],
  ['a number', 7],
  ['an empty object', {}],
  ['an item without a generation', { body: item.body }],
  ['a generation that is a number', { ...item, generation: 1 }],
  ['a generation beyond 64 bits', { ...item, generation: 2n ** 64n }],
  ['a negative generation', { ...item, generation: -1n }],
  ['a body that is text', { ...item, body: '{}' }],
  ['metadata that is bytes', { ...item, metadata: new Uint8Array(1) }],
  ['an answer in the words of the component', { tag: 'ok', val: 7 }],
];

/** Both kinds of graph over a store whose method does something else, and over one that does as it should. */
function both(name, instead, test) {
  it(`${name}, at once`, async () => {
    const memory = new MemoryStore();
    const store = over(memory, instead);
    await test(openGraph(store), store, openGraph(memory));
  });
  it(`${name}, with promises`, async () => {
    const memory = new MemoryStore();
    const methods = Object.entries(instead).map(([method, call]) => [method, async (...args) => call(...args)]);
    const store = over(promising(memory), Object.fromEntries(methods));
    await test(openGraphAsync(store), store, openGraph(memory));
  });
}

async function failure(call) {
  try {
    return { answered: await call() };
  } catch (error) {
    return error;
  }
}

describe('a read', () => {
  for (const thrown of [new Error('the disk is on fire'), new TypeError('x is undefined'), 'a text', undefined, null, 7, { payload: 'too-large' }, { tag: 'ok' }]) {
    both(`that throws ${thrown instanceof Error ? thrown.name : JSON.stringify(thrown)} is unavailable`, { get: throwing(thrown) }, async (graph, store) => {
      const error = await failure(() => graph.get(EC_ID, NOW));
      assert.ok(error instanceof GraphError);
      assert.equal(error.code, 'unavailable');
      assert.equal(error.message, 'the store failed and applied nothing; every operation is safe to call again');
      assert.ok('cause' in error);
      assert.equal(error.cause, thrown);
      assert.deepEqual(store.calls, ['get']);
    });
  }
  for (const [what, answer] of NONSENSE) {
    both(`that answers ${what} is unavailable`, { get: () => answer }, async (graph) => {
      const error = await failure(() => graph.get(EC_ID, NOW));
      assert.equal(error.code, 'unavailable');
      assert.match(error.cause.message, /^store\.get/);
    });
  }
  both('that answers null is a miss', { get: () => null, head: () => null }, async (graph) => {
    assert.equal(await graph.get(EC_ID, NOW), undefined);
    assert.equal(await graph.getMetadata(EC_ID), undefined);
  });
  both('whose body is above 1 MiB is corrupt, though the store hands it over', { get: () => ({ ...item, body: new Uint8Array(2 ** 20 + 1) }) }, async (graph) => {
    assert.equal((await failure(() => graph.get(EC_ID, NOW))).code, 'corrupt');
  });
  for (const [code, becomes] of [['throttled', 'throttled'], ['no-such-store', 'no-such-store'], ['too-large', 'corrupt'], ['unavailable', 'unavailable']]) {
    both(`that throws ${code} is ${becomes}`, { get: throwing(new KvError(code)) }, async (graph) => {
      assert.equal((await failure(() => graph.get(EC_ID, NOW))).code, becomes);
    });
  }
});

describe('a write', () => {
  const UNCONFIRMED = /^the store did not confirm the write, which may or may not have been applied/;
  for (const answer of [undefined, null, true, 'ok', 'created', {}, { conflict: null }, { conflict: { body: 1 } }, { stored: true }]) {
    both(`that answers ${JSON.stringify(answer)} may have been applied`, { put: () => answer }, async (graph, store) => {
      const error = await failure(() => graph.create(EC_ID, { now: NOW }));
      assert.equal(error.code, 'unavailable');
      assert.match(error.message, UNCONFIRMED);
      assert.match(error.cause.message, /^store\./);
      // It is looked for, and tried once more.
      assert.deepEqual(store.calls, ['put', 'get', 'put', 'get']);
    });
  }
  both('that throws may have been applied', { put: throwing(new Error('cut off')) }, async (graph) => {
    const error = await failure(() => graph.create(EC_ID, { now: NOW }));
    assert.match(error.message, UNCONFIRMED);
    assert.equal(error.cause.message, 'cut off');
  });
  both('that surely was not applied is not tried again', { put: throwing(new KvError('unavailable')) }, async (graph, store) => {
    assert.match((await failure(() => graph.create(EC_ID, { now: NOW }))).message, /applied nothing/);
    assert.deepEqual(store.calls, ['put']);
  });
  both('a delete that answers nonsense is tried once more', { delete: () => 'yes' }, async (graph, store) => {
    assert.equal((await failure(() => graph.delete(EC_ID))).code, 'unavailable');
    assert.deepEqual(store.calls, ['delete', 'delete']);
  });
  both('a count that answers nonsense leaves the cluster unknown', { count: () => -1 }, async (graph, store, plain) => {
    plain.create(EC_ID, { now: NOW });
    assert.equal((await failure(() => graph.evaluateCluster(EC_ID, NOW))).code, 'unavailable');
  });
});

describe('a batch', () => {
  const ids = Array.from({ length: 3 }, (_, at) => `${String(at).repeat(64)}.Ab12Cd`);
  const mappings = ids.map((ecId) => ({ ecId, uid: 'B-1', synced: NOW }));
  const sync = (graph) => graph.syncPartnerIds('beta.example', mappings, NOW);
  const shown = (results) => results.map((result) => result.error?.code ?? result.outcome);

  for (const [what, getMany] of [
    ['throws', throwing(new Error('cut off'))],
    ['answers nothing', () => undefined],
    ['answers too few', (keys) => keys.slice(1).map(() => undefined)],
  ]) {
    both(`whose reads ${what} fails each mapping`, { getMany }, async (graph) => {
      assert.deepEqual(shown(await sync(graph)), ['unavailable', 'unavailable', 'unavailable']);
    });
  }
  both('fails a key alone', { getMany: () => [undefined, 'nonsense', new KvError('throttled')] }, async (graph) => {
    assert.deepEqual(shown(await sync(graph)), ['not-found', 'unavailable', 'throttled']);
  });
  both('whose writes answer nonsense is looked for', { putMany: (writes) => writes.map(() => 'done') }, async (graph, store, plain) => {
    for (const id of ids) plain.create(id, { now: NOW });
    assert.deepEqual(shown(await sync(graph)), ['unavailable', 'unavailable', 'unavailable']);
  });
  both('over a store without batches asks for each key', {}, async (graph, store, plain) => {
    plain.create(ids[1], { now: NOW });
    assert.deepEqual(shown(await sync(graph)), ['not-found', 'written', 'not-found']);
    assert.deepEqual(store.calls, ['get', 'get', 'get', 'put']);
  });
});

describe('a store of promises', () => {
  for (const [method, call] of [
    ['get', (graph) => graph.get(EC_ID, NOW)],
    ['head', (graph) => graph.getMetadata(EC_ID)],
    ['put', (graph) => graph.create(EC_ID, { now: NOW })],
    ['delete', (graph) => graph.delete(EC_ID)],
  ]) {
    it(`is told where to go by ${method}`, () => {
      const store = over(new MemoryStore(), { [method]: async () => throwing(new Error('later'))() });
      const graph = openGraph(store);
      assert.throws(() => call(graph), {
        name: 'TypeError',
        message: `store.${method} answered with a promise, and openGraph wants the answer itself: pass the store to openGraphAsync`,
      });
    });
  }
});

describe('after a failure', () => {
  it('the same graph goes on', () => {
    let failing = true;
    const memory = new MemoryStore();
    const store = over(memory, { get: (key) => failing ? throwing('a text')() : memory.get(key) });
    const graph = openGraph(store);
    assert.throws(() => graph.get(EC_ID, NOW), { code: 'unavailable' });
    failing = false;
    assert.equal(graph.visit(EC_ID, { now: NOW, ids: [acme('A-1')] }).outcome, 'created');
    assert.equal(graph.get(EC_ID, NOW).entry().ids[0].uid, 'A-1');
  });

  for (const [kind, open] of [['at once', openGraph], ['with promises', openGraphAsync]]) {
    it(`a component that stops is started anew, ${kind}`, async () => {
      const trap = trapping('[method]graph.visit');
      const graph = open(new MemoryStore());
      trap.restore();
      await graph.create(EC_ID, { now: NOW });
      const snapshot = await graph.get(EC_ID, NOW);
      trap.armed = true;
      const stopped = await failure(() => graph.visit(EC_ID, { now: NOW }));
      assert.equal(stopped.code, 'unavailable');
      assert.match(stopped.message, /^the component stopped, and a write may have been applied/);
      assert.ok(stopped.cause instanceof WebAssembly.RuntimeError);
      assert.equal((await graph.visit(EC_ID, { now: NOW })).outcome, 'unchanged');
      if (open === openGraphAsync) return assert.equal(await snapshot.withdraw(NOW), 'written');
      // What a snapshot of the first instance holds is gone with it.
      assert.throws(() => snapshot.withdraw(NOW), { code: 'unavailable', message: /get the entry again/ });
      snapshot.release();
    });
  }

  /** Instances that are made from here on trap in a function when the trap is armed. */
  function trapping(name) {
    const { Instance } = WebAssembly;
    const trap = { armed: false, restore: () => { WebAssembly.Instance = Instance; } };
    WebAssembly.Instance = function (module, imports) {
      const { exports } = new Instance(module, imports);
      const full = Object.keys(exports).find((found) => found.endsWith(name) && !found.startsWith('cabi_post'));
      const armed = (...args) => {
        if (!trap.armed) return exports[full](...args);
        trap.armed = false;
        throw new WebAssembly.RuntimeError('unreachable');
      };
      return { exports: full ? { ...exports, [full]: armed } : exports };
    };
    return trap;
  }

  it('a stack that overflows leaves a graph that works', () => {
    const graph = openGraph(new MemoryStore());
    const deeper = () => {
      try {
        deeper();
      } finally {
        // Each call has a little more of the stack than the one before.
        graph.visit(EC_ID, { now: NOW });
      }
    };
    assert.throws(deeper);
    assert.equal(graph.visit(EC_ID, { now: NOW }).outcome, 'unchanged');
    assert.equal(graph.get(EC_ID, NOW).entry().v, 1);
  });

  it('a store that calls the graph that waits for it fails, and the graph goes on', () => {
    const memory = new MemoryStore();
    const graph = openGraph(over(memory, { get: () => graph.get(EC_ID, NOW) }));
    assert.throws(() => graph.get(EC_ID, NOW), (error) => {
      assert.equal(error.code, 'unavailable');
      assert.equal(error.cause.message, 'a store cannot call the graph that waits for its answer');
      return true;
    });
    graph.create(EC_ID, { now: NOW });
  });
});
