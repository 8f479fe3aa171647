// `kv-cas` over a Map: what any binding does, in the fewest words. Not a database: nothing expires,
// and all of it is gone when the program ends.
const MAX_READ_BYTES = 2 ** 20;
const MAX_ANSWER_BYTES = 16 * 2 ** 20;

const rows = new Map();
let generation = 0n;

function read(key) {
  const held = rows.get(key);
  if (held?.body.length > MAX_READ_BYTES) throw 'too-large';
  return held;
}

function put({ key, body, metadata, timeToLive, condition }) {
  if (timeToLive === 0) throw 'invalid';
  const held = rows.get(key);
  const holds =
    condition.tag === 'none' ||
    (condition.tag === 'absent' && held === undefined) ||
    (condition.tag === 'matches' && held?.generation === condition.val);
  if (!holds) return { tag: 'conflict', val: held?.body.length > MAX_READ_BYTES ? undefined : held };
  rows.set(key, { body, metadata, generation: ++generation });
  return { tag: 'stored' };
}

// One answer for each item: what fails, fails alone.
function attempt(call) {
  try {
    return { tag: 'ok', val: call() };
  } catch (error) {
    return { tag: 'err', val: error };
  }
}

export class Store {
  static open(name) {
    if (name !== 'ec_identity_store') throw 'no-such-store';
    return new Store();
  }
  get(key) { return read(key); }
  head(key) { return rows.get(key); }
  put(write) { return put(write); }
  delete(key) { return rows.delete(key); }
  count(prefix, limit) {
    return Math.min([...rows.keys()].filter((key) => key.startsWith(prefix)).length, limit);
  }
  getMany(keys) {
    let bytes = 0;
    return keys.map((key) => attempt(() => {
      const item = read(key);
      const length = item?.body.length ?? 0;
      if (bytes > 0 && bytes + length > MAX_ANSWER_BYTES) throw 'not-read';
      bytes += length;
      return item;
    }));
  }
  putMany(writes) { return writes.map((write) => attempt(() => put(write))); }
}
