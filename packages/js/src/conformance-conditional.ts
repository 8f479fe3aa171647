// A write takes place exactly when its condition holds, and of writers at the same time one wins.

import { same, textOf, type Bench, type Tries } from './conformance-bench.js';
import { kvErrorCode, type Condition } from './store.js';

const WRITERS = 4;
const INCREMENTS = 10;
/** Tries of one increment, of which all but the last lose to other writers or to stale reads. */
const ATTEMPTS = 1_000;

const body = async (bench: Bench, key?: string): Promise<string | undefined> => textOf(await bench.get(key));

export const conditional: Record<string, Tries> = {
  async create_stores_where_the_key_is_absent(bench) {
    same(await bench.put('1', 'absent'), 'stored', 'the create');
    same(await body(bench), '1', 'the body');
  },

  async create_is_refused_where_the_key_is_taken(bench) {
    await bench.create('1');
    const before = await bench.item();
    same(await bench.put('2', 'absent'), 'conflict', 'a second create');
    same(await bench.item(), before, 'the item');
  },

  async create_stores_again_after_a_delete(bench) {
    await bench.create('1');
    same(await bench.delete(), true, 'the delete');
    same(await bench.put('2', 'absent'), 'stored', 'a create of a deleted key');
    same(await body(bench), '2', 'the body');
  },

  async unconditional_write_creates_and_overwrites(bench) {
    for (const text of ['1', '2']) {
      await bench.overwrite(text);
      same(await body(bench), text, 'the body');
    }
  },

  async update_stores_over_the_current_version(bench) {
    await bench.create('1');
    const { generation } = await bench.item();
    same(await bench.put('2', { matches: generation }), 'stored', 'the update');
    same(await body(bench), '2', 'the body');
  },

  async update_of_a_stale_version_is_refused(bench) {
    await bench.create('1');
    const { generation } = await bench.item();
    await bench.overwrite('2');
    const before = await bench.item();
    same(await bench.put('3', { matches: generation }), 'conflict', 'the update');
    same(await bench.item(), before, 'the item');
  },

  async update_of_a_missing_key_is_refused_and_creates_nothing(bench) {
    for (const matches of [0n, 1n, 2n ** 64n - 1n]) {
      same(await bench.put('1', { matches }), 'conflict', 'the update');
      same(await bench.get(), undefined, 'the key');
    }
  },

  async update_after_a_delete_is_refused_and_creates_nothing(bench) {
    await bench.create('1');
    const { generation } = await bench.item();
    same(await bench.delete(), true, 'the delete');
    same(await bench.put('2', { matches: generation }), 'conflict', 'the update');
    same(await bench.get(), undefined, 'the key');
  },

  async update_is_refused_when_the_value_changed_and_changed_back(bench) {
    await bench.create('a');
    const { generation } = await bench.item();
    await bench.overwrite('b');
    await bench.overwrite('a');
    same(await bench.put('c', { matches: generation }), 'conflict', 'the update');
    same(await body(bench), 'a', 'the body');
  },

  async update_is_refused_when_the_key_was_deleted_and_created_again(bench) {
    await bench.create('a');
    const { generation } = await bench.item();
    same(await bench.delete(), true, 'the delete');
    await bench.create('a');
    same(await bench.put('b', { matches: generation }), 'conflict', 'the update');
    same(await body(bench), 'a', 'the body');
  },

  async update_matches_no_version_of_another_key(bench) {
    await bench.create('1', bench.key('other'));
    const { generation } = await bench.item(bench.key('other'));
    same(await bench.put('2', { matches: generation }), 'conflict', 'the update');
    same(await bench.get(), undefined, 'the key');
  },

  async concurrent_creates_have_one_winner(bench) {
    same(await winners(bench, 'absent'), 1, 'winners');
  },

  async concurrent_updates_of_one_version_have_one_winner(bench) {
    await bench.create('start');
    const { generation } = await bench.item();
    same(await winners(bench, { matches: generation }), 1, 'winners');
  },

  async concurrent_increments_are_all_kept(bench) {
    await bench.create('0');
    await Promise.all(Array.from({ length: WRITERS }, async () => {
      for (let made = 0; made < INCREMENTS; made += 1) await increment(bench);
    }));
    same(await body(bench), String(WRITERS * INCREMENTS), 'the total');
  },
};

/** How many of the writers, who all start at once, are told that they have won. */
async function winners(bench: Bench, condition: Condition): Promise<number> {
  const store = await bench.store();
  const outcomes = await Promise.all(Array.from({ length: WRITERS }, async () => store.put(bench.write({ condition }))));
  return outcomes.filter((outcome) => outcome === 'stored').length;
}

async function increment(bench: Bench): Promise<void> {
  const store = await bench.store();
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const item = await store.get(bench.key());
    if (!item) continue;
    const next = new TextEncoder().encode(String(Number(textOf(item)) + 1));
    try {
      const write = bench.write({ body: next, condition: { matches: item.generation } });
      if ((await store.put(write)) === 'stored') return;
    } catch (thrown) {
      if (kvErrorCode(thrown) !== 'throttled') throw thrown;
    }
  }
  throw new Error(`no increment was stored in ${ATTEMPTS} attempts`);
}
