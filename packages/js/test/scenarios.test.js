// Every scenario of scenarios/, over the scripted store, and over stores of this package where it needs no script.

import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { MemoryStore, openGraph, openGraphAsync } from '@trusted-server/identity-graph';
import { needsNoScript, play } from '../testing/player.js';

const folder = new URL('../../../scenarios/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json') && name !== 'schema.json');

for (const file of files) {
  const { scenarios } = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
  describe(file, () => {
    for (const scenario of scenarios) {
      it(scenario.name, async () => {
        await play(scenario);
        await play(scenario, { open: openGraphAsync });
        if (needsNoScript(scenario)) {
          await play(scenario, { store: new MemoryStore() });
          await play(scenario, { open: (store, policy) => openGraphAsync(promising(store), policy), store: new MemoryStore() });
        }
      });
    }
  });
}

/** The store, each answer a promise. */
function promising(store) {
  const later = (method) => async (...args) => store[method](...args);
  return Object.fromEntries(['get', 'head', 'put', 'delete', 'count'].map((method) => [method, later(method)]));
}
void openGraph;
