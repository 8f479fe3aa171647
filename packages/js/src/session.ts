// One instance of the component, and a new one when it ends.

import type { Graph as RawGraph, GraphError as RawError } from '../component/interfaces/trusted-server-ec-identity-graph.js';
import { GraphError, isGraphErrorCode } from './errors.js';
import { graphError } from './results.js';

/** The methods of `kv-cas` that answer in the component's terms, for the length of one operation. */
export interface Calls {
  get(key: string): unknown;
  head(key: string): unknown;
  put(write: never): unknown;
  delete(key: string): unknown;
  count(prefix: string, limit: number): unknown;
  getMany(keys: string[]): unknown;
  putMany(writes: never[]): unknown;
  /** What the store threw first, as the options of an error. */
  cause(): ErrorOptions | undefined;
  /** The method that answered with a promise though it may not. */
  readonly promised: string | undefined;
}

/** Makes an instance whose store calls go to what `calls` answers, and opens its graph. */
export type Start = (calls: () => Calls) => RawGraph;

export class Session {
  readonly #start: Start;
  #graph: RawGraph | undefined;
  #instance = 0;
  #calls: Calls | undefined;

  /** Throws the `GraphError` that the graph is opened with. */
  constructor(start: Start) {
    this.#start = start;
    try {
      this.#graph = this.#open();
    } catch (thrown) {
      throw asGraphError(thrown, undefined) ?? thrown;
    }
  }

  /** Tells instances apart. */
  get instance(): number {
    return this.#instance;
  }

  /** Runs an operation, whose store calls go to `calls`, and throws what the contract or this package says. */
  run<T>(calls: Calls, operate: (graph: RawGraph) => T): T {
    if (this.#calls) throw new Error('a store cannot call the graph that waits for its answer');
    const graph = (this.#graph ??= this.#open());
    this.#calls = calls;
    let failure: unknown;
    try {
      const answer = operate(graph);
      if (!calls.promised) return answer;
    } catch (thrown) {
      failure = asGraphError(thrown, calls.cause()) ?? this.#stopped(thrown);
    } finally {
      this.#calls = undefined;
    }
    if (calls.promised) {
      throw new TypeError(
        `store.${calls.promised} answered with a promise, and openGraph wants the answer itself: pass the store to openGraphAsync`,
      );
    }
    throw failure;
  }

  #open(): RawGraph {
    return this.#start(() => {
      if (!this.#calls) throw new Error('the component called the store outside an operation');
      return this.#calls;
    });
  }

  /** The component has stopped in the middle of something; the next operation starts another one. */
  #stopped(thrown: unknown): GraphError {
    this.#instance += 1;
    this.#graph = undefined;
    return new Stopped(thrown);
  }
}

/** The component stopped in the middle of an operation. */
export class Stopped extends GraphError {
  constructor(cause: unknown) {
    super('unavailable', 'the component stopped, and a write may have been applied', { cause });
  }
}

/** Gives the memory of a resource of the component back. */
export function dispose(resource: object): void {
  (resource as Disposable)[Symbol.dispose ?? Symbol.for('dispose')]();
}

/** What the component answered, if it is an error of the contract. */
function asGraphError(thrown: unknown, options: ErrorOptions | undefined): GraphError | undefined {
  const payload = (thrown as { payload?: RawError } | null | undefined)?.payload;
  return payload && isGraphErrorCode(payload.tag) ? graphError(payload, options) : undefined;
}
