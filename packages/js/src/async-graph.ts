// The graph over a store of promises.

import type {
  Mapping, MappingOutcome, Snapshot as RawSnapshot,
} from '../component/interfaces/trusted-server-ec-identity-graph.js';
import { define, GRAPH, perform, SNAPSHOT } from './operations.js';
import { Replay } from './replay.js';
import { dispose, Stopped, type Session } from './session.js';
import type { AsyncKvCas } from './store.js';

/** EC IDs of one call to the component: a store call of a batch is about so many at most. */
const EC_IDS_AT_ONCE = 1_000;

/** A graph: what the methods work with. Their types stand in graph.ts. */
export class AsyncGraphOver {
  readonly #session: Session;
  readonly #store: AsyncKvCas;

  constructor(session: Session, store: AsyncKvCas) {
    this.#session = session;
    this.#store = store;
  }

  #call(name: string, args: unknown[]): Promise<unknown> {
    const replay = new Replay(this.#store, []);
    return replay.settle(() => this.#session.run(replay, (graph) => perform(graph, name, args)));
  }

  /** A long batch is run in parts, since each run of it begins with the first row. */
  async #sync(partner: unknown, mappings: Mapping[], now: unknown): Promise<MappingOutcome[]> {
    const outcomes = new Array<MappingOutcome>(mappings.length);
    for (const part of parts(mappings)) {
      const some = part.map((at) => mappings[at]);
      const ended = (await this.#call('syncPartnerIds', [partner, some, now])) as MappingOutcome[];
      part.forEach((at, index) => (outcomes[at] = ended[index]!));
    }
    return outcomes;
  }

  async #get(args: unknown[]): Promise<AsyncSnapshotOf | undefined> {
    const replay = new Replay(this.#store, []);
    const found = await replay.settle(() => this.#session.run(replay, (graph) => {
      const raw = perform(graph, 'get', args) as RawSnapshot | undefined;
      if (raw) dispose(raw);
      return raw !== undefined;
    }));
    return found ? new AsyncSnapshotOf(this.#session, this.#store, args, replay.answers) : undefined;
  }

  static {
    defineAsync<AsyncGraphOver>(this.prototype, GRAPH, (self, name, args) => {
      if (name === 'get') return self.#get(args);
      if (name === 'syncPartnerIds') return self.#sync(args[0], args[1] as Mapping[], args[2]);
      return self.#call(name, args);
    });
  }
}

/** One change of a snapshot. */
interface Change {
  name: string;
  args: unknown[];
}

/** A snapshot as what it came of: the `get`, the changes since, and the store's answers to all of them. */
class AsyncSnapshotOf {
  readonly #session: Session;
  readonly #store: AsyncKvCas;
  readonly #get: unknown[];
  #answers: readonly unknown[];
  readonly #changes: Change[] = [];
  #last: Promise<unknown> = Promise.resolve();

  constructor(session: Session, store: AsyncKvCas, get: unknown[], answers: readonly unknown[]) {
    this.#session = session;
    this.#store = store;
    this.#get = get;
    this.#answers = answers;
  }

  /** Makes the snapshot anew as it is now, and then calls. */
  #run(replay: Replay, name: string, args: unknown[]): unknown {
    return this.#session.run(replay, (graph) => {
      const raw = perform(graph, 'get', this.#get) as RawSnapshot;
      try {
        for (const change of this.#changes) {
          try {
            perform(raw, change.name, change.args);
          } catch (thrown) {
            // It failed then as it does now; after that the snapshot is as it was.
            if (!(thrown as { payload?: unknown }).payload) throw thrown;
          }
        }
        return perform(raw, name, args);
      } finally {
        dispose(raw);
      }
    });
  }

  async #change(name: string, args: unknown[]): Promise<unknown> {
    const replay = new Replay(this.#store, this.#answers);
    let failure: unknown;
    try {
      return await replay.settle(() => this.#run(replay, name, args));
    } catch (thrown) {
      failure = thrown;
      throw thrown;
    } finally {
      // What did not come to its end is not made again; the row will show what came of it.
      if (!(failure instanceof Stopped)) {
        this.#answers = replay.answers;
        this.#changes.push({ name, args });
      }
    }
  }

  static {
    const { entry, generation, ...changes } = SNAPSHOT;
    define<AsyncSnapshotOf>(this.prototype, { entry: entry!, generation: generation! }, (self, name, args, { gives }) =>
      gives(self.#run(new Replay(self.#store, self.#answers), name, args)));
    defineAsync<AsyncSnapshotOf>(this.prototype, changes, (self, name, args) => {
      const change = self.#last.then(() => self.#change(name, args));
      self.#last = change.catch(() => {});
      return change;
    });
  }
}

/** As `define`, for methods whose promise is rejected where an argument is wrong. */
function defineAsync<This>(
  prototype: object, operations: typeof GRAPH, call: (self: This, name: string, args: unknown[]) => Promise<unknown>,
): void {
  for (const [name, { takes, gives }] of Object.entries(operations)) {
    const value = async function (this: This, ...args: unknown[]) {
      const answer = await call(this, name, takes.map(([argument, check], at) => check(argument, args[at])));
      return name === 'get' ? answer : gives(answer);
    };
    Object.defineProperty(prototype, name, { value, writable: true, configurable: true });
  }
}

/** Places of mappings, so that each part has all mappings of its EC IDs. */
function parts(mappings: Mapping[]): number[][] {
  const ofId = new Map<string, number>();
  const found: number[][] = [];
  mappings.forEach(({ ecId }, at) => {
    // The hex is not case-sensitive, and lower case puts no two IDs apart that are the same.
    const id = ecId.toLowerCase();
    const part = ofId.get(id) ?? Math.floor(ofId.size / EC_IDS_AT_ONCE);
    ofId.set(id, part);
    (found[part] ??= []).push(at);
  });
  return found.length > 0 ? found : [[]];
}
