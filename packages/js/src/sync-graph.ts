// The graph over a store that answers at once.

import type { Snapshot as RawSnapshot } from '../component/interfaces/trusted-server-ec-identity-graph.js';
import type { Binding } from './binding.js';
import { GraphError } from './errors.js';
import { GRAPH, perform, SNAPSHOT, define } from './operations.js';
import { dispose, type Session } from './session.js';

/** A graph: what the methods work with. Their types stand in graph.ts. */
export class SyncGraph {
  readonly #session: Session;
  readonly #binding: Binding;

  constructor(session: Session, binding: Binding) {
    this.#session = session;
    this.#binding = binding;
  }

  static {
    define<SyncGraph>(this.prototype, GRAPH, (self, name, args, { gives }) => {
      const [session, binding] = [self.#session, self.#binding];
      binding.reset();
      const answer = session.run(binding, (graph) => perform(graph, name, args));
      if (name !== 'get') return gives(answer);
      return answer === undefined ? undefined : new SyncSnapshot(session, binding, answer as RawSnapshot);
    });
  }
}

class SyncSnapshot {
  readonly #session: Session;
  readonly #binding: Binding;
  readonly #instance: number;
  #raw: RawSnapshot | undefined;

  constructor(session: Session, binding: Binding, raw: RawSnapshot) {
    this.#session = session;
    this.#binding = binding;
    this.#instance = session.instance;
    this.#raw = raw;
  }

  release(): void {
    const raw = this.#raw;
    this.#raw = undefined;
    if (raw && this.#instance === this.#session.instance) dispose(raw);
  }

  static {
    define<SyncSnapshot>(this.prototype, SNAPSHOT, (self, name, args, { gives }) => {
      const raw = self.#raw;
      if (!raw) throw new Error('the snapshot was released; get the entry again');
      if (self.#instance !== self.#session.instance) {
        throw new GraphError('unavailable', 'the component that held this snapshot has stopped; get the entry again');
      }
      self.#binding.reset();
      return gives(self.#session.run(self.#binding, () => perform(raw, name, args)));
    });
    // Where the runtime has no `using`, nobody asks for it.
    if (Symbol.dispose) {
      Object.defineProperty(this.prototype, Symbol.dispose, { value: this.prototype.release, configurable: true });
    }
  }
}
