// A store over node:sqlite: rows in one file, on one machine.

import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import { checkKey, checkWrite, MAX_READ_BYTES } from './limits.js';
import { KvError, type Item, type ItemHead, type KvCas, type Write, type WriteOutcome } from './store.js';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS ec_rows (
    key TEXT PRIMARY KEY,
    generation INTEGER NOT NULL,
    metadata TEXT,
    body BLOB NOT NULL,
    expires INTEGER NOT NULL -- Unix milliseconds
  );
  CREATE INDEX IF NOT EXISTS ec_rows_expires ON ec_rows (expires);
`;

// A body that is too large stays in the database.
const READ = `
  SELECT generation, metadata, length(body) AS bytes, iif(length(body) > ${MAX_READ_BYTES}, NULL, body) AS body
  FROM ec_rows WHERE key = ? AND expires > ?`;

// The condition stands in the write itself, so that SQLite judges both in one step. What is past its
// lifetime counts as absent.
const INSERT = `
  INSERT INTO ec_rows (key, generation, metadata, body, expires) VALUES (:key, :generation, :metadata, :body, :expires)
  ON CONFLICT (key) DO UPDATE SET
    generation = excluded.generation, metadata = excluded.metadata, body = excluded.body, expires = excluded.expires`;
const UPDATE = `
  UPDATE ec_rows SET generation = :generation, metadata = :metadata, body = :body, expires = :expires
  WHERE key = :key AND generation = :matches AND expires > :now`;

const STATEMENTS = {
  read: READ,
  head: 'SELECT generation, metadata FROM ec_rows WHERE key = ? AND expires > ?',
  overwrite: INSERT,
  create: `${INSERT} WHERE ec_rows.expires <= :now`,
  update: UPDATE,
  delete: 'DELETE FROM ec_rows WHERE key = ? RETURNING expires',
  // A range, since LIKE would take some characters for patterns. No text is above the last one.
  count: `
    SELECT count(*) AS keys FROM (
      SELECT 1 FROM ec_rows WHERE key >= ? AND key < ? AND expires > ? LIMIT ?)`,
  deleteExpired: 'DELETE FROM ec_rows WHERE expires <= ?',
};
const LAST = '\u{10ffff}';

type Row = Record<string, SQLOutputValue>;

/**
 * Rows in an SQLite database. `stored` means that the database has synced its log to the disk
 * (`journal_mode = WAL`, `synchronous = FULL`); the directory has to be on a disk that keeps what it is
 * told to. Several programs on one machine may have the file open.
 */
export class SqliteStore implements KvCas {
  readonly #database: DatabaseSync;
  readonly #statements: Record<keyof typeof STATEMENTS, StatementSync>;
  readonly #now: () => number;

  /**
   * Opens the file, which is made when it is not there; `:memory:` is a database in memory. `now`
   * answers Unix milliseconds. A write waits up to `timeout` milliseconds, and the program with it, for
   * another program that writes.
   *
   * @throws {Error} where Node has no `node:sqlite`, or SQLite cannot open the file.
   */
  constructor(file: string, { now = Date.now, timeout = 1_000 }: { now?: () => number; timeout?: number } = {}) {
    this.#now = now;
    this.#database = new (sqlite().DatabaseSync)(file);
    this.#database.exec(`PRAGMA busy_timeout = ${Number(timeout)}`);
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    this.#database.exec(SCHEMA);
    const prepared = Object.entries(STATEMENTS).map(([name, sql]) => {
      const statement = this.#database.prepare(sql);
      statement.setReadBigInts(true);
      return [name, statement];
    });
    this.#statements = Object.fromEntries(prepared);
  }

  get(key: string): Item | undefined {
    checkKey(key);
    const row = this.#statements.read.get(key, this.#now());
    if (row?.body === null) throw new KvError('too-large');
    return row && { ...headOf(row), body: row.body as Uint8Array };
  }

  head(key: string): ItemHead | undefined {
    checkKey(key);
    const row = this.#statements.head.get(key, this.#now());
    return row && headOf(row);
  }

  put(write: Write): WriteOutcome {
    checkWrite(write);
    return this.#transaction(() => this.#put(write));
  }

  /** All in one transaction, and so one sync to the disk. */
  putMany(writes: readonly Write[]): (WriteOutcome | KvError)[] {
    return this.#transaction(() => writes.map((write) => {
      try {
        checkWrite(write);
      } catch (error) {
        return error as KvError;
      }
      return this.#put(write);
    }));
  }

  delete(key: string): boolean {
    checkKey(key);
    const row = this.#transaction(() => this.#statements.delete.get(key));
    return row !== undefined && Number(row.expires) > this.#now();
  }

  count(prefix: string, limit: number): number {
    const row = this.#statements.count.get(prefix, prefix + LAST, this.#now(), limit);
    return Number(row?.keys);
  }

  /** Drops what is past its lifetime, which only takes up space; answers how many rows that was. */
  deleteExpired(): number {
    return Number(this.#transaction(() => this.#statements.deleteExpired.run(this.#now())).changes);
  }

  /** Closes the file. */
  close(): void {
    this.#database.close();
  }

  #put({ key, body, metadata, timeToLive, condition }: Write): WriteOutcome {
    const now = this.#now();
    const row = { key, metadata, body, generation: newGeneration(), expires: now + timeToLive * 1_000 };
    const { overwrite, create, update } = this.#statements;
    const { changes } = condition === 'none' ? overwrite.run(row)
      : condition === 'absent' ? create.run({ ...row, now })
      : update.run({ ...row, now, matches: signed(condition.matches) });
    if (changes > 0) return 'stored';
    const held = this.#statements.read.get(key, now);
    return held?.body ? { conflict: { ...headOf(held), body: held.body as Uint8Array } } : 'conflict';
  }

  /** Up to the commit it is certain that nothing is applied; a commit that fails leaves that open. */
  #transaction<T>(work: () => T): T {
    let answer: T;
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      answer = work();
    } catch (cause) {
      this.#rollBack();
      throw new KvError('unavailable', { cause });
    }
    try {
      this.#database.exec('COMMIT');
    } catch (cause) {
      this.#rollBack();
      throw new KvError('unknown-outcome', { cause });
    }
    return answer;
  }

  #rollBack(): void {
    try {
      this.#database.exec('ROLLBACK');
    } catch {
      // SQLite has done so by itself, or there was nothing to roll back.
    }
  }
}

function sqlite(): typeof import('node:sqlite') {
  const found = globalThis.process?.getBuiltinModule?.('node:sqlite');
  if (!found) {
    throw new Error(`SqliteStore wants node:sqlite, which Node has from 22.13 on; this is ${globalThis.process?.version ?? 'not Node'}`);
  }
  return found;
}

function headOf({ metadata, generation }: Row): ItemHead {
  return { metadata: metadata as string | null, generation: BigInt.asUintN(64, generation as bigint) };
}

/** A counter in the file would give a version twice after the file is restored from a backup. */
function newGeneration(): bigint {
  const [random] = crypto.getRandomValues(new BigUint64Array(1));
  return BigInt.asUintN(63, random!);
}

/** SQLite's integers have a sign. */
function signed(generation: bigint): bigint {
  return BigInt.asIntN(64, generation);
}
