// What the graph needs of a store: wit/kv-cas.wit in JavaScript's terms.

/** A stored value with everything needed to write it back conditionally. */
export interface Item {
  body: Uint8Array;
  /** Left out when the value was stored without metadata, by another program. */
  metadata?: string | null;
  /** Version of the value: 64 bits, a new one with every write of the key, also after a delete. */
  generation: bigint;
}

/** A stored value without its body. */
export type ItemHead = Omit<Item, 'body'>;

/** What must be true of the key: anything, no value, or exactly this version. */
export type Condition = 'none' | 'absent' | { matches: bigint };

/** One write. It replaces body, metadata and lifetime together. */
export interface Write {
  key: string;
  body: Uint8Array;
  /** At most 2,000 bytes of UTF-8. */
  metadata: string;
  /** Seconds for which the value is kept at least, from now on; at least 1. */
  timeToLive: number;
  condition: Condition;
}

/**
 * How a write ended that the store judged. A refusal may hand over the current item, which saves the
 * graph a read. Only a proven conflict is one.
 */
export type WriteOutcome = 'stored' | 'conflict' | { conflict: Item };

/**
 * How a call failed:
 * - `no-such-store`: there is no such store;
 * - `invalid`: key, metadata, body or time to live is outside the limits; nothing was written;
 * - `throttled`: refused for its rate; nothing was written;
 * - `unavailable`: it is certain that nothing was written, or it was a read;
 * - `unknown-outcome`: a write or a delete may have been applied. When in doubt, it is this;
 * - `too-large`: the stored body is larger than 1 MiB;
 * - `not-read`: `getMany` only, the answer is full.
 */
export type KvErrorCode =
  | 'no-such-store'
  | 'invalid'
  | 'throttled'
  | 'unavailable'
  | 'unknown-outcome'
  | 'too-large'
  | 'not-read';

const CODES: ReadonlySet<unknown> = new Set<KvErrorCode>([
  'no-such-store', 'invalid', 'throttled', 'unavailable', 'unknown-outcome', 'too-large', 'not-read',
]);

/** The case that a thrown value names, if any; also for an error of another copy of this package. */
export function kvErrorCode(thrown: unknown): KvErrorCode | undefined {
  if (!(thrown instanceof Error) || thrown.name !== 'KvError') return undefined;
  const { code } = thrown as KvError;
  return CODES.has(code) ? code : undefined;
}

/** What a store throws when it knows how a call failed. */
export class KvError extends Error {
  override readonly name = 'KvError';
  readonly code: KvErrorCode;

  constructor(code: KvErrorCode, options?: ErrorOptions) {
    super(`the store answered ${code}`, options);
    if (!CODES.has(code)) throw new TypeError('code: expected a case of kv-error');
    this.code = code;
  }
}

/** A value, or a promise of it. */
type Maybe<T> = T | PromiseLike<T>;

/**
 * A store of promises or of plain values. `Answer` of {@link KvCas} is the value itself.
 *
 * - Writes to one key are linearizable: a condition is judged in one step with the write.
 * - Reads may be stale. A value lives at least as long as it was asked for.
 * - Nothing is sent again below the graph, and `stored` means durable.
 * - Keys are case-sensitive text of 1 to 1,024 bytes of UTF-8; bodies of 64 KiB are accepted.
 *
 * What a store throws and is no {@link KvError}, and an answer of another shape, counts as
 * `unavailable` for a read and as `unknown-outcome` for a write or a delete.
 */
export interface AsyncKvCas {
  /** Reads a value; undefined or null when the key holds none. Throws `too-large` above 1 MiB. */
  get(key: string): Maybe<Item | null | undefined>;
  /** Reads a value's metadata and version, without the body. */
  head(key: string): Maybe<ItemHead | null | undefined>;
  /** Writes a value under its condition. */
  put(write: Write): Maybe<WriteOutcome>;
  /** Removes a value, whatever its version. True when there was one. */
  delete(key: string): Maybe<boolean>;
  /** Number of keys that start with `prefix`, counted up to `limit`. */
  count(prefix: string, limit: number): Maybe<number>;
  /**
   * As many `get`s: one answer per key, in order; a key that failed is answered with its error. At most
   * 16 MiB of bodies; a key that no longer fits is answered `not-read`, the first never. Without this
   * method the graph calls `get` for each.
   */
  getMany?(keys: readonly string[]): Maybe<readonly (Item | KvError | null | undefined)[]>;
  /** As many `put`s of distinct keys, likewise; without this method the graph calls `put` for each. */
  putMany?(writes: readonly Write[]): Maybe<readonly (WriteOutcome | KvError)[]>;
}

type Plain<Method> = Method extends (...args: infer Args) => infer Answer
  ? (...args: Args) => Exclude<Answer, PromiseLike<unknown>>
  : Method;

/** A store that answers at once; see {@link AsyncKvCas} for what each method promises. */
export type KvCas = { [Name in keyof AsyncKvCas]: Plain<AsyncKvCas[Name]> };
