// Every scenario of scenarios/, over the scripted store, and over stores of this package where it needs no script.

import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { MemoryStore, openGraphAsync } from '@trusted-server/identity-graph';
import { SqliteStore } from '@trusted-server/identity-graph/sqlite';
import { needsNoScript, play } from '../testing/player.js';
import { promising } from './support.js';

const hasSqlite = process.getBuiltinModule?.('node:sqlite') !== undefined;
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
          await play(scenario, { open: openGraphAsync, store: promising() });
          if (hasSqlite) await playOverFile(scenario);
        }
      });
    }
  });
}

async function playOverFile(scenario) {
  const store = new SqliteStore(':memory:');
  await play(scenario, { store });
  store.close();
}
