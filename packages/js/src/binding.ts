// Binds a store to what the component imports. Whatever the store does, the component gets an answer of
// the contract: a value that it cannot take would end the instance.

import type * as Wit from '../component/interfaces/trusted-server-ec-kv-cas.js';
import { MAX_ANSWER_BYTES, MAX_READ_BYTES } from './limits.js';
import type { Calls } from './session.js';
import { kvErrorCode, type AsyncKvCas, type KvErrorCode, type Write } from './store.js';

type Answer<T> = { tag: 'ok'; val: T } | { tag: 'err'; val: KvErrorCode };
type Maybe<T> = T | Promise<T>;
type Read = Answer<Wit.Item | undefined>;
type Written = Answer<Wit.WriteOutcome>;

const MAX_GENERATION = 2n ** 64n - 1n;
const REQUIRED = ['get', 'head', 'put', 'delete', 'count'] as const;
const NOT_READ: Read = { tag: 'err', val: 'not-read' };

const ok = <T>(val: T): Answer<T> => ({ tag: 'ok', val });

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (typeof value === 'object' || typeof value === 'function')
    && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

/** Throws a `TypeError` where a method is missing. */
export function checkStore(store: AsyncKvCas): void {
  if (typeof store !== 'object' || store === null) throw new TypeError('store: expected an object');
  for (const method of REQUIRED) {
    if (typeof store[method] !== 'function') throw new TypeError(`store.${method}: expected a function`);
  }
  for (const method of ['getMany', 'putMany'] as const) {
    if (store[method] !== undefined && typeof store[method] !== 'function') {
      throw new TypeError(`store.${method}: expected a function, or nothing`);
    }
  }
}

/** One store as the component's import. It remembers why the store failed, for the caller. */
export class Binding implements Calls {
  readonly #store: AsyncKvCas;
  readonly #promises: boolean;
  #failure: { thrown: unknown } | undefined;
  #promised: string | undefined;

  /** `promises` says whether the store may answer with them. */
  constructor(store: AsyncKvCas, promises: boolean) {
    checkStore(store);
    this.#store = store;
    this.#promises = promises;
  }

  /** Forgets failures, before an operation. */
  reset(): void {
    this.#failure = undefined;
    this.#promised = undefined;
  }

  /** What the store threw first in this operation, as the options of an error. */
  cause(): ErrorOptions | undefined {
    return this.#failure && { cause: this.#failure.thrown };
  }

  /** The method that answered with a promise though it may not. */
  get promised(): string | undefined {
    return this.#promised;
  }

  get(key: string): Maybe<Read> {
    return this.#ask('get', 'unavailable', () => this.#store.get(key), readItem);
  }

  head(key: string): Maybe<Answer<Wit.ItemHead | undefined>> {
    return this.#ask('head', 'unavailable', () => this.#store.head(key), readHead);
  }

  put(write: Wit.Write): Maybe<Written> {
    return this.#ask('put', 'unknown-outcome', () => this.#store.put(friendly(write)), readOutcome);
  }

  delete(key: string): Maybe<Answer<boolean>> {
    return this.#ask('delete', 'unknown-outcome', () => this.#store.delete(key), (answer) => {
      if (typeof answer !== 'boolean') throw unfit('delete', 'a boolean');
      return ok(answer);
    });
  }

  count(prefix: string, limit: number): Maybe<Answer<number>> {
    return this.#ask('count', 'unavailable', () => this.#store.count(prefix, limit), (answer) => {
      if (!Number.isInteger(answer) || (answer as number) < 0) throw unfit('count', 'a whole number');
      return ok(Math.min(answer as number, limit));
    });
  }

  getMany(keys: string[]): Maybe<Read[]> {
    const store = this.#store;
    if (store.getMany) {
      const answers = this.#askMany('getMany', keys, 'unavailable', () => store.getMany!(keys), readItem);
      return whenDone(answers, withinOneAnswer);
    }
    let bytes = 0;
    const answers = keys.map((key): Maybe<Read> => {
      // What does not fit is not read at all, where that is known by now.
      if (bytes > MAX_ANSWER_BYTES) return NOT_READ;
      const answer = this.get(key);
      if (!isThenable(answer)) bytes += size(answer);
      return answer;
    });
    return whenDone(allOf(answers), withinOneAnswer);
  }

  putMany(writes: Wit.Write[]): Maybe<Written[]> {
    const store = this.#store;
    if (!store.putMany) return allOf(writes.map((write) => this.put(write)));
    return this.#askMany(
      'putMany', writes, 'unknown-outcome', () => store.putMany!(writes.map(friendly)), readOutcome,
    );
  }

  /** Calls the store; what it throws, and what cannot be read as an answer, is `otherwise`. */
  #ask<T>(
    method: string, otherwise: KvErrorCode, call: () => unknown, read: (answer: unknown) => Answer<T>,
  ): Maybe<Answer<T>> {
    return this.#settle(method, call, read, (thrown) => this.#failed(thrown, otherwise));
  }

  #askMany<T>(
    method: string, asked: readonly unknown[], otherwise: KvErrorCode, call: () => unknown,
    read: (answer: unknown) => Answer<T>,
  ): Maybe<Answer<T>[]> {
    const each = (answer: unknown): Answer<T> => {
      if (kvErrorCode(answer)) return this.#failed(answer, otherwise);
      try {
        return read(answer);
      } catch (thrown) {
        return this.#failed(thrown, otherwise);
      }
    };
    const all = (answers: unknown): Answer<T>[] => {
      if (!Array.isArray(answers) || answers.length !== asked.length) {
        throw unfit(method, `an array of ${asked.length} answers`);
      }
      // Holes count, too.
      return Array.from(answers, each);
    };
    return this.#settle(method, call, all, (thrown) => {
      const failure = this.#failed(thrown, otherwise);
      return asked.map(() => failure);
    });
  }

  #settle<T>(
    method: string, call: () => unknown, read: (answer: unknown) => T, failed: (thrown: unknown) => T,
  ): Maybe<T> {
    try {
      const answer = call();
      if (!isThenable(answer)) return read(answer);
      const settled = Promise.resolve(answer).then(read).catch(failed);
      if (this.#promises) return settled;
      this.#promised ??= method;
      throw new TypeError(`store.${method} answered with a promise`);
    } catch (thrown) {
      return failed(thrown);
    }
  }

  #failed(thrown: unknown, otherwise: KvErrorCode): { tag: 'err'; val: KvErrorCode } {
    this.#failure ??= { thrown };
    return { tag: 'err', val: kvErrorCode(thrown) ?? otherwise };
  }
}

function unfit(method: string, expected: string): TypeError {
  return new TypeError(`store.${method} answered with something else than ${expected}`);
}

function readHead(answer: unknown): Answer<Wit.ItemHead | undefined> {
  if (answer === undefined || answer === null) return ok(undefined);
  const { metadata, generation } = answer as Partial<Wit.ItemHead>;
  if (typeof generation !== 'bigint' || generation < 0n || generation > MAX_GENERATION) {
    throw unfit('get or head', 'an item with a generation, a bigint of 64 bits');
  }
  if (metadata !== undefined && metadata !== null && typeof metadata !== 'string') {
    throw unfit('get or head', 'an item whose metadata is a string or left out');
  }
  return ok({ metadata: metadata ?? undefined, generation });
}

function readItem(answer: unknown): Read {
  const head = readHead(answer);
  if (head.tag === 'err' || !head.val) return head as Read;
  const { body } = answer as { body?: unknown };
  if (!(body instanceof Uint8Array)) throw unfit('get', 'an item whose body is a Uint8Array');
  if (body.byteLength > MAX_READ_BYTES) return { tag: 'err', val: 'too-large' };
  return ok({ ...head.val, body });
}

function readOutcome(answer: unknown): Written {
  if (answer === 'stored') return ok({ tag: 'stored' });
  if (answer === 'conflict') return ok({ tag: 'conflict', val: undefined });
  const handed = (answer as { conflict?: unknown } | null | undefined)?.conflict;
  if (handed === undefined || handed === null) throw unfit('put', "'stored', 'conflict' or { conflict: item }");
  const item = readItem(handed);
  // One that is too large to be read is a conflict all the same.
  return ok({ tag: 'conflict', val: item.tag === 'ok' ? item.val : undefined });
}

function friendly({ key, body, metadata, timeToLive, condition }: Wit.Write): Write {
  return {
    key, body, metadata, timeToLive,
    condition: condition.tag === 'matches' ? { matches: condition.val } : condition.tag,
  };
}

function size(answer: Read): number {
  return answer.tag === 'ok' ? answer.val?.body.byteLength ?? 0 : 0;
}

/** Puts off what does not fit into one answer. */
function withinOneAnswer(answers: Read[]): Read[] {
  let bytes = 0;
  return answers.map((answer) => {
    if (bytes > 0 && bytes + size(answer) > MAX_ANSWER_BYTES) return NOT_READ;
    bytes += size(answer);
    return answer;
  });
}

function whenDone<T, U>(value: Maybe<T>, then: (value: T) => U): Maybe<U> {
  return isThenable(value) ? (value as Promise<T>).then(then) : then(value as T);
}

function allOf<T>(values: Maybe<T>[]): Maybe<T[]> {
  return values.some(isThenable) ? Promise.all(values) : (values as T[]);
}
