// How an operation of a component that cannot wait runs over a store of promises: it is run over the
// answers so far, stopped at the first store call that has none, and run again once that is answered.
// The component decides by its arguments and the store's answers alone, so that each run makes the same
// calls, and each call reaches the store once. No runtime has to be able to suspend WebAssembly.

import { Binding } from './binding.js';
import type { Calls } from './session.js';
import type { AsyncKvCas, KvErrorCode } from './store.js';

/** Ends an operation without another store call; what comes of it is not looked at. */
const STOP: { tag: 'err'; val: KvErrorCode } = { tag: 'err', val: 'unavailable' };

type Method = 'get' | 'head' | 'put' | 'delete' | 'count' | 'getMany' | 'putMany';

interface Waiting {
  method: Method;
  args: unknown[];
}

/** The store calls of one operation, and of what went before on its snapshot. */
export class Replay implements Calls {
  readonly #binding: Binding;
  readonly #answers: unknown[];
  #at = 0;
  #waiting: Waiting | undefined;

  constructor(store: AsyncKvCas, before: readonly unknown[]) {
    this.#binding = new Binding(store, true);
    this.#answers = [...before];
  }

  readonly promised = undefined;

  /** All answers, from the first. */
  get answers(): readonly unknown[] {
    return this.#answers;
  }

  cause(): ErrorOptions | undefined {
    return this.#binding.cause();
  }

  /** Runs until no answer is missing, and answers or throws what the last run did. */
  async settle<T>(run: () => T): Promise<T> {
    for (;;) {
      this.#at = 0;
      this.#waiting = undefined;
      let end: () => T;
      try {
        const answer = run();
        end = () => answer;
      } catch (thrown) {
        end = () => {
          throw thrown;
        };
      }
      const waiting = this.#nextCall();
      if (!waiting) return end();
      const call = this.#binding[waiting.method] as (...args: unknown[]) => unknown;
      this.#answers.push(await call.apply(this.#binding, waiting.args));
    }
  }

  get(...args: unknown[]): unknown {
    return this.#ask('get', args);
  }

  head(...args: unknown[]): unknown {
    return this.#ask('head', args);
  }

  put(...args: unknown[]): unknown {
    return this.#ask('put', args);
  }

  delete(...args: unknown[]): unknown {
    return this.#ask('delete', args);
  }

  count(...args: unknown[]): unknown {
    return this.#ask('count', args);
  }

  getMany(keys: string[]): unknown {
    return this.#ask('getMany', [keys], keys.map(() => STOP));
  }

  putMany(writes: unknown[]): unknown {
    return this.#ask('putMany', [writes], writes.map(() => STOP));
  }

  // A method, since the compiler does not see that a run sets it.
  #nextCall(): Waiting | undefined {
    return this.#waiting;
  }

  #ask(method: Method, args: unknown[], stop: unknown = STOP): unknown {
    if (!this.#waiting && this.#at < this.#answers.length) return this.#answers[this.#at++];
    this.#waiting ??= { method, args };
    return stop;
  }
}
