// The stores of this package keep the contract, and the suite tells one that does not.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryStore } from '@trusted-server/identity-graph';
import { conformance } from '@trusted-server/identity-graph/conformance';
import { ScriptedStore } from '../testing/scripted-store.js';
import { promising } from './support.js';

/** A fixture whose clock goes by hand. */
function withClock(make) {
  let now = 1_790_000_000_000;
  const store = make({ now: () => now });
  return { open: () => store, pass: (seconds) => { now += seconds * 1_000; } };
}

function keepsAll(what, fixture) {
  describe(what, () => {
    for (const { name, run } of conformance) it(name, () => run(fixture()));
  });
}

keepsAll('MemoryStore', () => withClock((clock) => new MemoryStore(clock)));
keepsAll('a store of promises', () => withClock((clock) => promising(new MemoryStore(clock))));

describe('the scripted store of the scenarios', () => {
  // It keeps what it is told to, for ever, and the bodies that it is handed.
  for (const { name, run } of conformance.filter(({ name }) => name !== 'body_is_copied')) {
    it(name, () => run({ open: () => new ScriptedStore() }));
  }
});

describe('a store that breaks a promise', () => {
  class Forgetful extends MemoryStore {
    put(write) {
      return super.put({ ...write, condition: 'none' });
    }
  }
  class Recreating extends MemoryStore {
    put(write) {
      return super.put(this.get(write.key) ? write : { ...write, condition: 'none' });
    }
  }
  class Shared extends MemoryStore {
    #bodies = new Map();
    put(write) {
      const outcome = super.put(write);
      if (outcome === 'stored') this.#bodies.set(write.key, write.body);
      return outcome;
    }
    get(key) {
      const item = super.get(key);
      return item && { ...item, body: this.#bodies.get(key) };
    }
  }
  class Greedy extends MemoryStore {
    count(prefix) {
      return super.count(prefix, Infinity);
    }
  }
  class Unordered extends MemoryStore {
    getMany(keys) {
      return keys.map((key) => this.get(key)).reverse();
    }
  }
  class Immortal extends MemoryStore {
    put(write) {
      return super.put({ ...write, timeToLive: write.timeToLive && 1e9 });
    }
  }
  const broken = [
    [Forgetful, 'update_of_a_stale_version_is_refused'],
    [Forgetful, 'create_is_refused_where_the_key_is_taken'],
    [Recreating, 'update_of_a_missing_key_is_refused_and_creates_nothing'],
    [Recreating, 'update_after_a_delete_is_refused_and_creates_nothing'],
    [Shared, 'body_is_copied'],
    [Greedy, 'count_stops_at_the_limit'],
    [Unordered, 'get_many_answers_in_order_with_misses_and_duplicates'],
    [Immortal, 'value_is_there_until_its_lifetime_ends_and_absent_after'],
  ];
  for (const [Store, promise] of broken) {
    it(`${Store.name} fails ${promise}`, async () => {
      const { run } = conformance.find(({ name }) => name === promise);
      await assert.rejects(run(withClock((clock) => new Store(clock))), /expected/);
    });
  }

  it('fails with its own error where it throws one', async () => {
    const { run } = conformance[0];
    const store = new MemoryStore();
    store.put = () => {
      throw new Error('out of order');
    };
    await assert.rejects(run({ open: () => store }), /out of order/);
  });
});
