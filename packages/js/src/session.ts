// One instance of the component over one store, and a new one when it ends.

import type { Graph as RawGraph, GraphError as RawError } from '../component/interfaces/trusted-server-ec-identity-graph.js';
import type { Binding } from './binding.js';
import { GraphError, isGraphErrorCode } from './errors.js';
import { graphError } from './results.js';

/** Makes an instance of the component over a binding and opens its graph. */
export type Start = (binding: Binding) => RawGraph;

export class Session {
  readonly #binding: Binding;
  readonly #start: Start;
  #graph: RawGraph;
  #instance = 0;
  #busy = false;

  constructor(binding: Binding, start: Start) {
    this.#binding = binding;
    this.#start = start;
    try {
      this.#graph = start(binding);
    } catch (thrown) {
      throw asGraphError(thrown, undefined) ?? thrown;
    }
  }

  /** The graph of the instance that runs. */
  get graph(): object {
    return this.#graph;
  }

  /** Tells instances apart. */
  get instance(): number {
    return this.#instance;
  }

  /** Throws unless this instance still runs. */
  expect(instance: number): void {
    if (instance !== this.#instance) {
      throw new GraphError('unavailable', 'the component that held this snapshot has ended; get the entry again');
    }
  }

  /** Calls an operation of the graph or of a snapshot. The arguments have been checked. */
  call(target: object, method: string, args: unknown[], gives: (answer: unknown) => unknown): unknown {
    if (this.#busy) throw new Error('a store cannot call the graph that waits for its answer');
    this.#busy = true;
    this.#binding.reset();
    try {
      const answer = (target as Record<string, (...args: unknown[]) => unknown>)[method]!(...args);
      this.#refusePromises();
      return gives(answer);
    } catch (thrown) {
      throw this.#failure(thrown);
    } finally {
      this.#busy = false;
    }
  }

  /** Gives back the memory of a snapshot of the instance that runs. */
  release(raw: object): void {
    (raw as Disposable)[Symbol.dispose ?? Symbol.for('dispose')]();
  }

  #refusePromises(): void {
    const method = this.#binding.promised;
    if (method) {
      throw new PromiseAnswered(
        `store.${method} answered with a promise, and openGraph wants the answer itself: pass the store to openGraphAsync`,
      );
    }
  }

  #failure(thrown: unknown): unknown {
    if (thrown instanceof PromiseAnswered) return thrown;
    const failure = asGraphError(thrown, this.#binding.cause());
    if (failure) {
      try {
        this.#refusePromises();
      } catch (promise) {
        return promise;
      }
      return failure;
    }
    // The component has stopped in the middle of something, as it does when the stack overflows.
    this.#instance += 1;
    this.#graph = this.#start(this.#binding);
    return new GraphError('unavailable', 'the component stopped, and a write may have been applied', { cause: thrown });
  }
}

class PromiseAnswered extends TypeError {}

/** What the component answered, if it is an error of the contract. */
function asGraphError(thrown: unknown, options: ErrorOptions | undefined): GraphError | undefined {
  const payload = (thrown as { payload?: RawError } | null | undefined)?.payload;
  return payload && isGraphErrorCode(payload.tag) ? graphError(payload, options) : undefined;
}
