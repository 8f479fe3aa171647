// What is written is what is read, within the limits, for as long as it lives.

import { bytesOf, same, type Bench, type Tries } from './conformance-bench.js';

export const values: Record<string, Tries> = {
  async missing_key_reads_as_none(bench) {
    same(await bench.tryGet(), undefined, 'get');
    same(await bench.tryHead(), undefined, 'head');
  },

  async generation_changes_with_every_write(bench) {
    const seen = new Set<bigint>();
    for (let write = 1; write <= 5; write += 1) {
      await bench.overwrite('the same');
      seen.add((await bench.item()).generation);
      same(seen.size, write, 'versions of as many writes');
    }
  },

  async generation_is_stable_between_writes(bench) {
    await bench.create('1');
    same((await bench.item()).generation, (await bench.item()).generation, 'the version');
  },

  async head_is_get_without_the_body(bench) {
    await bench.create('1');
    const { metadata, generation } = await bench.item();
    same(await bench.tryHead(), { metadata, generation }, 'head');
  },

  async metadata_follows_the_body(bench) {
    for (const metadata of ['first', 'second']) await keeps(bench, { metadata });
  },

  async metadata_of_2000_bytes_is_kept(bench) {
    await keeps(bench, { metadata: 'm'.repeat(2_000) });
  },

  async unicode_metadata_is_kept(bench) {
    await keeps(bench, { metadata: String.raw`{"city":"Århus – 東京 \ud83c","flag":"🏴","nul":"\u0000"}` });
  },

  async binary_body_is_kept(bench) {
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    await keeps(bench, { body: Uint8Array.of(...bytes, 0, 0xff, 13, 10, 0) });
  },

  async body_of_64_kib_is_kept(bench) {
    await keeps(bench, { body: bytesOf('0123456789abcdef'.repeat(4_096)) });
  },

  async body_is_copied(bench) {
    const body = bytesOf('as it was written');
    same(await bench.tryPut({ body }), 'stored', 'the write');
    body.fill(0);
    (await bench.item()).body.fill(1);
    same((await bench.item()).body, bytesOf('as it was written'), 'the body');
  },

  async key_of_1024_bytes_is_kept(bench) {
    await keeps(bench, { key: bench.keyOf(1_024) });
  },

  async keys_are_told_apart_by_case(bench) {
    const [lower, upper] = [bench.key('k.abcdef'), bench.key('k.ABCDEF')];
    await bench.create('lower', lower);
    await bench.create('upper', upper);
    same((await bench.item(lower)).body, bytesOf('lower'), 'one body');
    same((await bench.item(upper)).body, bytesOf('upper'), 'the other');
  },

  async time_to_live_of_one_second_is_accepted(bench) {
    same(await bench.tryPut({ timeToLive: 1 }), 'stored', 'the write');
  },

  async delete_reports_whether_there_was_a_value(bench) {
    same(await bench.delete(), false, 'where there was none');
    await bench.create('1');
    same(await bench.delete(), true, 'where there was one');
    same(await bench.get(), undefined, 'the key');
    same(await bench.delete(), false, 'where it is gone');
  },

  async value_is_there_until_its_lifetime_ends_and_absent_after(bench) {
    const { pass } = bench.fixture;
    if (!pass) return;
    for (const key of [bench.key(), bench.key('other')]) {
      same(await bench.tryPut({ key, timeToLive: 10 }), 'stored', 'the write');
    }
    await pass(9);
    const { generation } = await bench.item();
    // A day, since a value may be answered for a while.
    await pass(86_400);
    same(await bench.get(), undefined, 'the key');
    same(await bench.tryHead(), undefined, 'its head');
    same(await bench.count(), 0, 'its count');
    same(await bench.put('2', { matches: generation }), 'conflict', 'an update');
    same(await bench.put('3', 'absent'), 'stored', 'a create');
    same(await bench.delete(bench.key('other')), false, 'a delete');
  },

  async write_replaces_the_lifetime(bench) {
    const { pass } = bench.fixture;
    if (!pass) return;
    same(await bench.tryPut({ timeToLive: 10 }), 'stored', 'the first write');
    same(await bench.tryPut({ timeToLive: 1_000 }), 'stored', 'the second');
    await pass(500);
    await bench.item();
  },

  async empty_key_is_refused(bench) {
    same(await bench.tryPut({ key: '' }), 'invalid', 'put');
    same(await bench.tryGet(''), 'invalid', 'get');
    same(await bench.tryHead(''), 'invalid', 'head');
    same(await bench.delete(''), 'invalid', 'delete');
  },

  async key_of_1025_bytes_is_refused(bench) {
    const key = bench.keyOf(1_025);
    same(await bench.tryPut({ key }), 'invalid', 'put');
    same(await bench.tryGet(key), 'invalid', 'get');
    same(await bench.count(bench.prefix, 1), 0, 'keys that are there');
  },

  async metadata_of_2001_bytes_is_refused(bench) {
    // Characters are not what is counted: this is 2,001 bytes in 667 characters.
    for (const metadata of ['m'.repeat(2_001), '東'.repeat(667)]) {
      same(await bench.tryPut({ metadata }), 'invalid', 'put');
      same(await bench.get(), undefined, 'the key');
    }
  },

  async time_to_live_of_zero_is_refused(bench) {
    same(await bench.tryPut({ timeToLive: 0 }), 'invalid', 'put');
    same(await bench.get(), undefined, 'the key');
  },
};

async function keeps(bench: Bench, given: { key?: string; body?: Uint8Array; metadata?: string }): Promise<void> {
  const { key, body, metadata } = bench.write(given);
  same(await bench.tryPut({ key, body, metadata }), 'stored', 'the write');
  const item = await bench.item(key);
  same(item.body, body, 'the body');
  same(item.metadata, metadata, 'the metadata');
  same(await bench.tryHead(key), { metadata, generation: item.generation }, 'the head');
}
