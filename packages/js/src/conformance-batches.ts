// Calls on many keys at once, and what is too large to be handed over.

import { bytesOf, same, textOf, type Bench, type Read, type Tries } from './conformance-bench.js';
import { MAX_ANSWER_BYTES, MAX_READ_BYTES } from './limits.js';

/** Bytes of the largest body that the graph writes. */
const LARGEST = 64 * 1_024;
/** Bodies of this size that make up more than one answer. */
const BODIES = MAX_ANSWER_BYTES / LARGEST + 10;
/** Writes in one call, which may have to travel in one request. */
const AT_ONCE = 64;

export const batches: Record<string, Tries> = {
  async get_many_answers_in_order_with_misses_and_duplicates(bench) {
    const [a, b, missing] = [bench.key('a'), bench.key('b'), bench.key('missing')];
    await bench.create('a', a);
    await bench.create('b', b);
    const keys = [b, missing, a, b, missing];
    const oneByOne: Read[] = [];
    for (const key of keys) oneByOne.push(await bench.get(key));
    same(oneByOne.map((item) => item !== undefined), [true, false, true, true, false], 'what is there');
    same(await bench.getMany(keys), oneByOne, 'getMany');
  },

  async get_many_of_nothing_answers_nothing(bench) {
    same(await bench.getMany([]), [], 'getMany');
  },

  async put_many_answers_each_write_on_its_own(bench) {
    const names = ['new', 'taken', 'stale', 'invalid', 'current'];
    for (const name of ['taken', 'stale', 'current']) await bench.create('old', bench.key(name));
    const old = (await bench.item(bench.key('stale'))).generation;
    await bench.overwrite('newer', bench.key('stale'));
    const version = (await bench.item(bench.key('current'))).generation;
    const outcomes = await bench.putMany([
      bench.write({ key: bench.key('new'), condition: 'absent' }),
      bench.write({ key: bench.key('taken'), condition: 'absent' }),
      bench.write({ key: bench.key('stale'), condition: { matches: old } }),
      bench.write({ key: bench.key('invalid'), timeToLive: 0 }),
      bench.write({ key: bench.key('current'), condition: { matches: version } }),
    ]);
    same(outcomes, ['stored', 'conflict', 'conflict', 'invalid', 'stored'], 'putMany');
    const bodies: (string | undefined)[] = [];
    for (const name of names) bodies.push(textOf(await bench.get(bench.key(name))));
    same(bodies, ['body', 'old', 'newer', undefined, 'body'], 'the bodies');
  },

  async put_many_of_nothing_answers_nothing(bench) {
    same(await bench.putMany([]), [], 'putMany');
  },

  async count_is_of_keys_with_the_prefix(bench) {
    for (const name of ['aa', 'ab.1', 'ab.2', 'ab', 'b', 'AB', '%', '_']) await bench.create('1', bench.key(name));
    for (const [prefix, keys] of [['ab', 3], ['ab.', 2], ['ab.1', 1], ['ac', 0], ['%', 1], ['', 8]] as const) {
      same(await bench.count(bench.key(prefix)), keys, `keys under "${prefix}"`);
    }
    await bench.delete(bench.key('ab.1'));
    same(await bench.count(bench.key('ab.')), 1, 'keys that are left');
  },

  async count_stops_at_the_limit(bench) {
    for (let number = 0; number < 5; number += 1) await bench.create('1', bench.key(String(number)));
    for (const [limit, counted] of [[0, 0], [1, 1], [4, 4], [5, 5], [6, 5], [2 ** 32 - 1, 5]] as const) {
      same(await bench.count(bench.prefix, limit), counted, `keys up to ${limit}`);
    }
  },

  async body_of_1_mib_is_read(bench) {
    if (await holds(bench, bench.key(), MAX_READ_BYTES)) {
      same((await bench.item()).body.byteLength, MAX_READ_BYTES, 'bytes');
    }
  },

  async get_of_more_than_1_mib_is_too_large(bench) {
    if (await holds(bench, bench.key(), MAX_READ_BYTES + 1)) same(await bench.tryGet(), 'too-large', 'get');
  },

  async get_many_of_more_than_1_mib_is_too_large_for_that_key_alone(bench) {
    const [small, large] = [bench.key('small'), bench.key('large')];
    await bench.create('1', small);
    if (!(await holds(bench, large, MAX_READ_BYTES + 1))) return;
    const answers = await bench.getMany([large, small, large, small]);
    const shown = answers.map((answer) => (typeof answer === 'string' ? answer : textOf(answer)));
    same(shown, ['too-large', '1', 'too-large', '1'], 'getMany');
  },

  async head_of_more_than_1_mib_is_answered(bench) {
    if (!(await holds(bench, bench.key(), MAX_READ_BYTES + 1))) return;
    const head = await bench.tryHead();
    if (typeof head === 'string' || !head) throw new Error('a head reads no body');
    same(await bench.put('1', { matches: head.generation }), 'stored', 'an update of its version');
  },

  async get_many_hands_over_16_mib_and_the_rest_when_asked_again(bench) {
    const keys = Array.from({ length: BODIES }, (_, at) => bench.key(String(at)));
    for (let at = 0; at < BODIES; at += AT_ONCE) {
      const some = keys.slice(at, at + AT_ONCE);
      const outcomes = await bench.putMany(some.map((key, index) => bench.write({ key, body: numbered(at + index) })));
      same(outcomes, some.map(() => 'stored'), 'putMany');
    }
    let left = keys.map((_, at) => at);
    let rounds = 0;
    for (; left.length > 0; rounds += 1) {
      const answers = await bench.getMany(left.map((at) => keys[at]!));
      same(answers.length, left.length, 'answers');
      if (answers[0] === 'not-read') throw new Error('the first key was put off');
      withinOneAnswer(answers);
      answers.forEach((answer, at) => {
        const number = left[at]!;
        if (answer !== 'not-read') same(read(answer)?.body.subarray(0, 8), numbered(number).subarray(0, 8), `key ${number}`);
      });
      left = left.filter((_, at) => answers[at] === 'not-read');
    }
    if (rounds < 2) throw new Error('more than 16 MiB were handed over in one answer');
  },

  async get_many_counts_a_key_each_time_it_stands(bench) {
    same(await bench.tryPut({ body: numbered(0) }), 'stored', 'the write');
    const answers = await bench.getMany(Array.from({ length: BODIES }, () => bench.key()));
    same(answers.length, BODIES, 'answers');
    same(read(answers[0])?.body.byteLength, LARGEST, 'bytes of the first');
    withinOneAnswer(answers);
  },
};

/** Whether the store takes a body of so many bytes, which it need not, and holds it now. */
async function holds(bench: Bench, key: string, bytes: number): Promise<boolean> {
  const outcome = await bench.tryPut({ key, body: new Uint8Array(bytes).fill(120) });
  if (outcome !== 'invalid') same(outcome, 'stored', `a write of ${bytes} bytes`);
  return outcome === 'stored';
}

function read(answer: Read): Exclude<Read, string> {
  return typeof answer === 'string' ? undefined : answer;
}

function withinOneAnswer(answers: Read[]): void {
  const bytes = answers.reduce((sum, answer) => sum + (read(answer)?.body.byteLength ?? 0), 0);
  if (bytes > MAX_ANSWER_BYTES) throw new Error(`${bytes} bytes were handed over in one answer`);
}

/** A body of the largest size that the graph writes, told from others by its start. */
function numbered(number: number): Uint8Array {
  const body = new Uint8Array(LARGEST).fill(46);
  body.set(bytesOf(String(number)));
  return body;
}
