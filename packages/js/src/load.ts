// The package over modules that the caller has compiled: for runtimes without an entry of their own.

import { instantiate, type Root } from '../component/graph.js';
import type { Policy as RawPolicy } from '../component/interfaces/trusted-server-ec-identity-graph.js';
import * as check from './arguments.js';
import { AsyncGraphOver } from './async-graph.js';
import { Binding, checkStore } from './binding.js';
import type { AsyncGraph, Graph } from './graph.js';
import { policy as friendly } from './results.js';
import { Session, type Calls } from './session.js';
import type { AsyncKvCas, KvCas } from './store.js';
import { SyncGraph } from './sync-graph.js';
import type { Policy } from './types.js';

/** The core modules of the component, in `component/`. */
export const MODULES = ['graph.core.wasm', 'graph.core2.wasm', 'graph.core3.wasm'] as const;

/** Each core module, compiled. */
export type Modules = Record<(typeof MODULES)[number], WebAssembly.Module>;

/** What the package is over some modules. */
export interface Package {
  /**
   * Opens the graph over a store. Costs no store call. Of a policy, what is not given is as in
   * `defaultPolicy()`.
   *
   * @throws {TypeError} where the store lacks a method, or the policy has a wrong type.
   * @throws {RangeError} where a value of the policy is no whole number of 32 bits.
   * @throws {GraphError} `invalid-argument` for a policy that is out of its range.
   */
  openGraph(store: KvCas, policy?: Partial<Policy>): Graph;
  /** As `openGraph`, for a store that answers with promises. */
  openGraphAsync(store: AsyncKvCas, policy?: Partial<Policy>): AsyncGraph;
  /** The policy of a graph that is opened without one. */
  defaultPolicy(): Policy;
  /** The policy of trusted-server's edge application. */
  trustedServerPolicy(): Policy;
}

/** The package over these modules. */
export function load(modules: Modules): Package {
  const start = (calls: () => Calls): Root['identityGraph'] => {
    // The component opens a store by its name, and there is one.
    class Store {
      static open(): Store {
        return new Store();
      }
    }
    for (const name of ['get', 'head', 'put', 'delete', 'count', 'getMany', 'putMany'] as const) {
      const value = (...args: unknown[]): unknown => (calls()[name] as (...args: unknown[]) => unknown)(...args);
      Object.defineProperty(Store.prototype, name, { value });
    }
    // The types that are made ask for the import by its version, the code by its name alone.
    const imports = { 'trusted-server:ec/kv-cas': { Store } } as never;
    return instantiate((name) => modules[name as keyof Modules], imports).identityGraph;
  };

  let storeless: Root['identityGraph'] | undefined;
  const policyOf = (name: 'defaultPolicy' | 'trustedServerPolicy'): RawPolicy => {
    storeless ??= start(() => {
      throw new Error('a policy needs no store');
    });
    return storeless[name]();
  };
  const open = (policy: Partial<Policy>): Session => {
    const checked = check.policy(policy, policyOf('defaultPolicy'));
    return new Session((calls) => start(calls).Graph.openWith('', checked));
  };

  return {
    openGraph(store, policy = {}) {
      const binding = new Binding(store, false);
      return new SyncGraph(open(policy), binding) as unknown as Graph;
    },
    openGraphAsync(store, policy = {}) {
      checkStore(store);
      return new AsyncGraphOver(open(policy), store) as unknown as AsyncGraph;
    },
    defaultPolicy: () => friendly(policyOf('defaultPolicy')),
    trustedServerPolicy: () => friendly(policyOf('trustedServerPolicy')),
  };
}
