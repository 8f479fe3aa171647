// The package over modules that the caller has compiled: for runtimes without an entry of their own.

import { instantiate, type Root } from '../component/graph.js';
import type { Policy as RawPolicy } from '../component/interfaces/trusted-server-ec-identity-graph.js';
import * as check from './arguments.js';
import { Binding } from './binding.js';
import { GraphOf, type Graph } from './graph.js';
import { policy as friendly } from './results.js';
import { Session } from './session.js';
import type { KvCas } from './store.js';
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
   * @throws {GraphError} `invalid-argument` for a policy that is out of its range.
   */
  openGraph(store: KvCas, policy?: Partial<Policy>): Graph;
  /** The policy of a graph that is opened without one. */
  defaultPolicy(): Policy;
  /** The policy of trusted-server's edge application. */
  trustedServerPolicy(): Policy;
}

/** The package over these modules. */
export function load(modules: Modules): Package {
  const start = (binding: Binding | undefined): Root['identityGraph'] => {
    // The component opens a store by its name, and there is one.
    class Store {
      static open(): Store {
        return new Store();
      }
    }
    for (const name of ['get', 'head', 'put', 'delete', 'count', 'getMany', 'putMany'] as const) {
      Object.defineProperty(Store.prototype, name, {
        value: binding && (binding[name] as (...args: unknown[]) => unknown).bind(binding),
      });
    }
    const imports = { 'trusted-server:ec/kv-cas': { Store } };
    // The types that are made ask for the import by its version, the code by its name alone.
    const root = instantiate((name) => modules[name as keyof Modules], imports as never);
    return root.identityGraph;
  };

  let storeless: Root['identityGraph'] | undefined;
  const policyOf = (name: 'defaultPolicy' | 'trustedServerPolicy'): RawPolicy => (storeless ??= start(undefined))[name]();

  return {
    openGraph(store, policy = {}) {
      const binding = new Binding(store, false);
      const checked = check.policy(policy, policyOf('defaultPolicy'));
      const session = new Session(binding, (over) => start(over).Graph.openWith('', checked));
      return new GraphOf(session) as unknown as Graph;
    },
    defaultPolicy: () => friendly(policyOf('defaultPolicy')),
    trustedServerPolicy: () => friendly(policyOf('trustedServerPolicy')),
  };
}
