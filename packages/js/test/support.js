// What several tests use.

import { MemoryStore } from '@trusted-server/identity-graph';

export const NOW = 1_790_000_000;
export const EC_ID = `${'3f'.repeat(32)}.Ab12Cd`;
export const acme = (uid) => ({ partner: 'acme.example', uid });

const METHODS = ['get', 'head', 'put', 'delete', 'count'];

/** A store over another, with some methods in their place, and the names of all calls. */
export function over(store, instead = {}) {
  const calls = [];
  const methods = METHODS.map((name) => [name, (...args) => {
    calls.push(name);
    return (instead[name] ?? store[name].bind(store))(...args);
  }]);
  for (const name of ['getMany', 'putMany']) {
    if (instead[name]) methods.push([name, (...args) => (calls.push(name), instead[name](...args))]);
  }
  return { calls, ...Object.fromEntries(methods) };
}

/** A store in memory whose answers are promises. */
export function promising(store = new MemoryStore()) {
  return over(store, Object.fromEntries(METHODS.map((name) => [name, async (...args) => store[name](...args)])));
}
