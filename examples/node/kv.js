// `kv-cas` over a Map: what any binding does, in the fewest words. Not a database.
const rows = new Map();
let generation = 0n;

const read = (key) => rows.get(key);

function put({ key, body, metadata, timeToLive, condition }) {
  const held = rows.get(key);
  const holds =
    condition.tag === 'none' ||
    (condition.tag === 'absent' && held === undefined) ||
    (condition.tag === 'matches' && held?.generation === condition.val);
  if (!holds) return { tag: 'conflict', val: held };
  rows.set(key, { body, metadata, generation: ++generation });
  return { tag: 'stored' };
}

export class Store {
  static open(name) {
    if (name !== 'ec_identity_store') throw 'no-such-store';
    return new Store();
  }
  get(key) { return read(key); }
  head(key) { return read(key); }
  put(write) { return put(write); }
  delete(key) { return rows.delete(key); }
  count(prefix, limit) {
    return Math.min([...rows.keys()].filter((key) => key.startsWith(prefix)).length, limit);
  }
  getMany(keys) { return keys.map((key) => ({ tag: 'ok', val: read(key) })); }
  putMany(writes) { return writes.map((write) => ({ tag: 'ok', val: put(write) })); }
}
