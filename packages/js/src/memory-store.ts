// A store over a Map: for tests, and for what may be lost.

import { checkKey, checkRead, checkWrite, MAX_READ_BYTES } from './limits.js';
import type { Item, ItemHead, KvCas, Write, WriteOutcome } from './store.js';

interface Held extends Item {
  /** Unix milliseconds. */
  expires: number;
}

/** Rows in memory, gone with the program. A value past its lifetime counts as absent. */
export class MemoryStore implements KvCas {
  readonly #rows = new Map<string, Held>();
  readonly #now: () => number;
  #generation = 0n;

  /** `now` answers Unix milliseconds. */
  constructor({ now = Date.now }: { now?: () => number } = {}) {
    this.#now = now;
  }

  get(key: string): Item | undefined {
    const held = this.#held(key);
    return held && shown(checkRead(held));
  }

  head(key: string): ItemHead | undefined {
    const held = this.#held(key);
    return held && { metadata: held.metadata, generation: held.generation };
  }

  put(write: Write): WriteOutcome {
    checkWrite(write);
    const { key, body, metadata, timeToLive, condition } = write;
    const held = this.#held(key);
    const holds = condition === 'none'
      || (condition === 'absent' ? !held : held?.generation === condition.matches);
    if (!holds) return held && held.body.byteLength <= MAX_READ_BYTES ? { conflict: shown(held) } : 'conflict';
    this.#generation += 1n;
    const expires = this.#now() + timeToLive * 1_000;
    this.#rows.set(key, { body: body.slice(), metadata, generation: this.#generation, expires });
    return 'stored';
  }

  delete(key: string): boolean {
    const held = this.#held(key);
    this.#rows.delete(key);
    return held !== undefined;
  }

  count(prefix: string, limit: number): number {
    let count = 0;
    for (const key of this.#rows.keys()) {
      if (count >= limit) break;
      if (key.startsWith(prefix) && this.#held(key)) count += 1;
    }
    return count;
  }

  /** Drops what is past its lifetime, which only takes up memory; answers how many values that was. */
  deleteExpired(): number {
    const now = this.#now();
    const before = this.#rows.size;
    for (const [key, { expires }] of this.#rows) if (expires <= now) this.#rows.delete(key);
    return before - this.#rows.size;
  }

  #held(key: string): Held | undefined {
    checkKey(key);
    const held = this.#rows.get(key);
    return held && held.expires > this.#now() ? held : undefined;
  }
}

/** A copy, since callers may write into it. */
function shown({ body, metadata, generation }: Held): Item {
  return { body: body.slice(), metadata, generation };
}
