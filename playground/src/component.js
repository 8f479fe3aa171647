// The real component, over a store that answers what was answered before.

import { instantiate } from 'component:glue';

let cores;

/** Compiles the component, which the page holds as base64. */
export async function load(encoded) {
  const compiled = Object.entries(encoded).map(async ([name, text]) => {
    const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
    return [name, await WebAssembly.compile(bytes)];
  });
  cores = Object.fromEntries(await Promise.all(compiled));
}

// An Error that is no answer of the contract: it leaves the component at once.
class Pause extends Error {
  constructor(asked) {
    super('the store has not answered yet');
    this.asked = asked;
  }
}

/**
 * Runs a call over the answers that the store has given so far, each `{ ok }` or `{ err }`.
 *
 * A worker waits in the middle of a call. Instead of keeping an instance there, each step makes a
 * fresh one and runs the call from its start: the component decides by its arguments and answers
 * alone, so that it comes to the same place. The result is `{ asked }`, the first store call that
 * has no answer yet, or `{ value }` or `{ error }`, how the call ended.
 */
export function run(call, answers) {
  let next = 0;
  const ask = (method, args) => {
    if (next === answers.length) throw new Pause({ method, ...args });
    const { ok, err } = answers[next++];
    if (err !== undefined) throw err;
    return ok;
  };
  // No operation of the playground asks for `head` or `count`.
  class Store {
    static open() { return new Store(); }
    get(key) { return ask('get', { keys: [key] }); }
    put(write) { return ask('put', { keys: [write.key], writes: [write] }); }
    delete(key) { return ask('delete', { keys: [key] }); }
    getMany(keys) { return ask('getMany', { keys }); }
    putMany(writes) { return ask('putMany', { keys: writes.map(({ key }) => key), writes }); }
  }
  const { identityGraph } = instantiate((name) => cores[name], { 'trusted-server:ec/kv-cas': { Store } });
  try {
    return { value: call(identityGraph.Graph.open('playground')) };
  } catch (error) {
    if (error instanceof Pause) return { asked: error.asked };
    if (error.payload === undefined) throw error;
    return { error: error.payload };
  }
}
