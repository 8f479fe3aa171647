// kv-cas (wit/kv-cas.wit) over the SQLite database of a Durable Object. Every call is answered at once;
// what is written is durable before anything that the object says afterwards leaves it.

/** Bytes of a body that is read. */
const MAX_READ_BYTES = 2 ** 20;
/** Bytes of a body that is written: a row of an object has at most 2 MB, all its columns together. */
const MAX_BODY_BYTES = 2_000_000 - 8_192;
const MAX_KEY_BYTES = 1_024;
const MAX_METADATA_BYTES = 2_000;
/** Rows that are looked at in one go when what has expired is removed. */
const SWEEP_ROWS = 1_000;

// Without a row ID a write is one row of the table, which is what is paid for, and none of an index.
// For the same reason nothing but the key is indexed.
const TABLE = `CREATE TABLE IF NOT EXISTS rows (
  key TEXT PRIMARY KEY,
  body BLOB NOT NULL,
  metadata TEXT,
  generation BLOB NOT NULL,
  expires INTEGER NOT NULL
) WITHOUT ROWID`;
const READ = `SELECT CASE WHEN length(body) <= ${MAX_READ_BYTES} THEN body END AS body, metadata, generation
  FROM rows WHERE key = ? AND expires > ?`;
const HEAD = 'SELECT metadata, generation FROM rows WHERE key = ? AND expires > ?';
const INSERT = `INSERT INTO rows (key, body, metadata, generation, expires) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET body = excluded.body, metadata = excluded.metadata,
    generation = excluded.generation, expires = excluded.expires`;
const WRITES = {
  none: `${INSERT} RETURNING 1`,
  absent: `${INSERT} WHERE rows.expires <= ? RETURNING 1`,
  matches: `UPDATE rows SET body = ?2, metadata = ?3, generation = ?4, expires = ?5
    WHERE key = ?1 AND expires > ?6 AND generation = ?7 RETURNING 1`,
};
const DELETE = 'DELETE FROM rows WHERE key = ? RETURNING expires';
// No text that starts with the prefix is behind the last character that there is.
const COUNT = `SELECT count(*) AS count FROM (
  SELECT 1 FROM rows WHERE key >= ?1 AND key < ?1 || char(1114111) AND expires > ?2 LIMIT ?3)`;
const NEXT = 'SELECT key, expires FROM rows WHERE key > ? ORDER BY key LIMIT ?';
const REMOVE = 'DELETE FROM rows WHERE key = ? AND expires <= ?';

/** How a call failed: `code` is a case of `kv-error`. */
class KvError extends Error {
  name = 'KvError';

  constructor(code) {
    super(`the store answered ${code}`);
    this.code = code;
  }
}

const bytesOf = (text) => new TextEncoder().encode(text).length;

function itemOf({ body, metadata, generation }) {
  return {
    ...(body && { body: new Uint8Array(body) }),
    metadata,
    generation: new DataView(generation).getBigUint64(0),
  };
}

/** The rows of one object, as a `KvCas` of `packages/js`. */
export class SqlStore {
  #sql;
  #now;

  /** `now` tells the time in milliseconds. */
  constructor(sql, now = Date.now) {
    this.#sql = sql;
    this.#now = now;
    sql.exec(TABLE);
  }

  get(key) {
    const row = this.#row(READ, key);
    if (row?.body === null) throw new KvError('too-large');
    return row && itemOf(row);
  }

  head(key) {
    const row = this.#row(HEAD, key);
    return row && itemOf(row);
  }

  put({ key, body, metadata, timeToLive, condition }) {
    checkKey(key);
    const fits = body.length <= MAX_BODY_BYTES && bytesOf(metadata) <= MAX_METADATA_BYTES;
    if (!fits || !(timeToLive >= 1)) throw new KvError('invalid');
    const now = this.#now();
    const generation = crypto.getRandomValues(new Uint8Array(8)).buffer;
    const values = [key, body.slice().buffer, metadata, generation, now + timeToLive * 1_000];
    const { matches } = condition;
    if (matches !== undefined) {
      const expected = new DataView(new ArrayBuffer(8));
      expected.setBigUint64(0, matches);
      values.push(now, expected.buffer);
    } else if (condition === 'absent') {
      values.push(now);
    }
    const written = this.#sql.exec(WRITES[matches === undefined ? condition : 'matches'], ...values);
    if (written.toArray().length === 1) return 'stored';
    const current = this.#row(READ, key);
    return current?.body ? { conflict: itemOf(current) } : 'conflict';
  }

  delete(key) {
    checkKey(key);
    const now = this.#now();
    return this.#sql.exec(DELETE, key).toArray().some(({ expires }) => expires > now);
  }

  count(prefix, limit) {
    return this.#sql.exec(COUNT, prefix, this.#now(), limit).one().count;
  }

  /** Removes what has expired, part by part; `pause` is awaited between two, so that others get their turn. */
  async sweep(pause) {
    let last = '';
    for (;;) {
      const now = this.#now();
      const rows = this.#sql.exec(NEXT, last, SWEEP_ROWS).toArray();
      for (const { key, expires } of rows) {
        if (expires <= now) this.#sql.exec(REMOVE, key, now).toArray();
      }
      if (rows.length < SWEEP_ROWS) return;
      last = rows.at(-1).key;
      await pause();
    }
  }

  #row(query, key) {
    checkKey(key);
    return this.#sql.exec(query, key, this.#now()).toArray()[0];
  }
}

function checkKey(key) {
  const length = bytesOf(key);
  if (length < 1 || length > MAX_KEY_BYTES) throw new KvError('invalid');
}
