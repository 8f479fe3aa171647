// What a conformance case works with: the store, and keys that no other case and no other run uses.

import { Binding } from './binding.js';
import { kvErrorCode, type AsyncKvCas, type Condition, type Item, type ItemHead, type KvErrorCode, type Write } from './store.js';

/** A store to be judged. Cases may run in any order and at the same time. */
export interface Fixture {
  /** The store; all that it opens are the same store, or each is an empty one. */
  open(): AsyncKvCas | Promise<AsyncKvCas>;
  /** Resolves when reads show every write so far; for stores whose reads are stale. */
  settled?(): void | Promise<void>;
  /** Moves the store's clock by so many seconds; without it lifetimes are not tried. */
  pass?(seconds: number): void | Promise<void>;
}

/** One promise of the contract. */
export interface Case {
  /** Its name, which says what is promised. */
  name: string;
  /** Tries the promise. */
  run(fixture: Fixture): Promise<void>;
}

export type Tries = (bench: Bench) => Promise<void>;

/** What a read answered, or the case that it failed with. */
export type Read = Item | KvErrorCode | undefined;
/** How a write ended. */
export type Written = 'stored' | 'conflict' | KvErrorCode;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
let runs = 0;

export const bytesOf = (text: string): Uint8Array => encoder.encode(text);
export const textOf = (item: Item | undefined): string | undefined => item && decoder.decode(item.body);

export class Bench {
  readonly fixture: Fixture;
  readonly prefix: string;
  #store: Promise<AsyncKvCas> | undefined;

  constructor(fixture: Fixture, name: string) {
    this.fixture = fixture;
    // A shared store may still hold the keys of an earlier run.
    runs += 1;
    this.prefix = `conformance/${Date.now().toString(36)}-${runs}-${crypto.randomUUID().slice(0, 8)}/${name}/`;
  }

  key(name = 'k'): string {
    return this.prefix + name;
  }

  /** A key of exactly this many bytes. */
  keyOf(bytes: number): string {
    return this.prefix.padEnd(bytes, 'k');
  }

  store(): Promise<AsyncKvCas> {
    return (this.#store ??= Promise.resolve(this.fixture.open()));
  }

  async settled(): Promise<void> {
    await this.fixture.settled?.();
  }

  /** A write that any store takes, with what is given in place. */
  write(given: Partial<Write> = {}): Write {
    return { key: this.key(), body: bytesOf('body'), metadata: 'metadata', timeToLive: 600, condition: 'none', ...given };
  }

  /** How a write ended. An item that a conflict hands over is the current one. */
  async tryPut(given: Partial<Write>): Promise<Written> {
    const write = this.write(given);
    const store = await this.store();
    const outcome = await attempt(() => store.put(write));
    if (typeof outcome === 'string') return outcome as Written;
    same(itemOf(outcome.conflict), await this.get(write.key), 'a conflict hands over the current item');
    return 'conflict';
  }

  async put(body: string, condition: Condition, key = this.key()): Promise<Written> {
    return this.tryPut({ key, body: bytesOf(body), condition });
  }

  async create(body: string, key = this.key()): Promise<void> {
    same(await this.put(body, 'absent', key), 'stored', 'a create of an absent key');
  }

  async overwrite(body: string, key = this.key()): Promise<void> {
    same(await this.put(body, 'none', key), 'stored', 'a write without condition');
  }

  /** Deletes once reads have caught up, since the answer may be as stale as theirs. */
  async delete(key = this.key()): Promise<boolean | KvErrorCode> {
    await this.settled();
    const store = await this.store();
    return attempt(() => store.delete(key));
  }

  /** What the key holds once reads have caught up. */
  async get(key = this.key()): Promise<Item | undefined> {
    const read = await this.tryGet(key);
    if (typeof read === 'string') throw new Error(`a read failed with ${read}`);
    return read;
  }

  async tryGet(key = this.key()): Promise<Read> {
    await this.settled();
    const store = await this.store();
    return itemOf(await attempt(() => store.get(key)));
  }

  async tryHead(key = this.key()): Promise<ItemHead | KvErrorCode | undefined> {
    await this.settled();
    const store = await this.store();
    const head = await attempt(() => store.head(key));
    if (typeof head === 'string' || !head) return head || undefined;
    return { metadata: head.metadata ?? undefined, generation: head.generation };
  }

  async item(key = this.key()): Promise<Item> {
    const item = await this.get(key);
    if (!item) throw new Error('the key holds nothing');
    return item;
  }

  async count(prefix = this.prefix, limit = 100): Promise<number | KvErrorCode> {
    await this.settled();
    const store = await this.store();
    return attempt(() => store.count(prefix, limit));
  }

  /** As the graph reads many keys: by the store's own `getMany`, or by `get`. */
  async getMany(keys: string[]): Promise<Read[]> {
    await this.settled();
    const answers = await this.#bound(await this.store(), (binding) => binding.getMany(keys));
    return answers.map((answer) => itemOf(answer.val));
  }

  /** As the graph writes many keys. */
  async putMany(writes: Write[]): Promise<Written[]> {
    const raw = writes.map(({ condition, ...write }) => ({
      ...write,
      condition: typeof condition === 'string'
        ? { tag: condition } as const
        : { tag: 'matches', val: condition.matches } as const,
    }));
    const answers = await this.#bound(await this.store(), (binding) => binding.putMany(raw));
    return answers.map((answer) => (answer.tag === 'ok' ? answer.val.tag : answer.val));
  }

  async #bound<T>(store: AsyncKvCas, call: (binding: Binding) => T): Promise<Awaited<T>> {
    const binding = new Binding(store, true);
    const answers = await call(binding);
    const cause = binding.cause()?.cause;
    if (cause !== undefined && !kvErrorCode(cause)) throw cause;
    return answers;
  }
}

/** What the store answered, or the case of the `KvError` that it threw. */
async function attempt<T>(call: () => T | PromiseLike<T>): Promise<T | KvErrorCode> {
  try {
    return await call();
  } catch (thrown) {
    const code = kvErrorCode(thrown);
    if (code) return code;
    throw thrown;
  }
}

function itemOf(read: Item | KvErrorCode | null | undefined): Read {
  if (typeof read === 'string' || !read) return read || undefined;
  return { body: read.body, metadata: read.metadata ?? undefined, generation: read.generation };
}

/** Throws unless both are equal. Bodies are not shown, since they may be large. */
export function same(came: unknown, expected: unknown, what: string): void {
  const [one, other] = [shown(came), shown(expected)];
  if (one !== other) throw new Error(`${what}: expected ${brief(other)}, came ${brief(one)}`);
}

function shown(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => {
    if (typeof item === 'bigint') return `${item}n`;
    if (item instanceof Uint8Array) return Array.from(item, (byte) => String.fromCharCode(byte)).join('');
    return item === undefined ? null : item;
  }) ?? 'null';
}

function brief(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}… (${text.length} characters)` : text;
}
