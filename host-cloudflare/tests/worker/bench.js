// The store of a Durable Object by itself: the contract, the scenarios, and what time does.

import { DurableObject } from 'cloudflare:workers';

import { conformance } from '../../../packages/js/dist/conformance.js';
import { needsNoScript, play } from '../../../packages/js/testing/player.js';
import { SqlStore } from '../../src/sql-store.js';

const NOW = 1_790_000_000_000;

/** A store in an empty database, whose clock stands. */
function emptyStore(sql, clock = { now: NOW }) {
  sql.exec('DROP TABLE IF EXISTS rows');
  return new SqlStore(sql, () => clock.now);
}

/** Runs what may throw, and keeps what it said. */
async function failureOf(run) {
  try {
    await run();
  } catch (error) {
    return error.message;
  }
  return undefined;
}

export class Bench extends DurableObject {
  /** Plays what needs no script over this store, with the component; how many, and what failed. */
  async scenarios(files) {
    const scenarios = files.flatMap((file) => file.scenarios).filter(needsNoScript);
    const failures = [];
    for (const scenario of scenarios) {
      const failure = await failureOf(() => play(scenario, { store: emptyStore(this.ctx.storage.sql) }));
      if (failure) failures.push(failure);
    }
    return { played: scenarios.length, failures };
  }

  /** Plays the others over a store in memory. */
  async scripted(files) {
    const scenarios = files.flatMap((file) => file.scenarios);
    const failures = [];
    for (const scenario of scenarios) {
      const failure = await failureOf(() => play(scenario));
      if (failure) failures.push(failure);
    }
    return { played: scenarios.length, failures };
  }

  /** Runs the conformance suite over this store. */
  async conformance() {
    const failures = [];
    for (const { name, run } of conformance) {
      const clock = { now: NOW };
      const store = emptyStore(this.ctx.storage.sql, clock);
      const pass = (seconds) => { clock.now += seconds * 1_000; };
      const failure = await failureOf(() => run({ open: () => store, pass }));
      if (failure) failures.push(`${name}: ${failure}`);
    }
    return { played: conformance.length, failures };
  }

  /** What is shown, counted and kept of a row before and after its lifetime. */
  async expiry() {
    const { sql } = this.ctx.storage;
    const clock = { now: NOW };
    const store = emptyStore(sql, clock);
    const write = { body: new Uint8Array([1]), metadata: '', condition: 'absent' };
    const rows = 2_500;
    // Removed in several parts, and not only what is in the first.
    for (let n = 0; n < rows; n += 1) {
      store.put({ ...write, key: `key-${String(n).padStart(4, '0')}`, timeToLive: n % 5 === 0 ? 20 : 10 });
    }
    const seen = () => ({
      shown: store.get('key-0001') !== undefined,
      counted: store.count('key-', 10_000),
      kept: sql.exec('SELECT count(*) AS count FROM rows').one().count,
    });
    const fresh = seen();
    clock.now += 10_000;
    const expired = seen();
    const again = store.put({ ...write, key: 'key-0001', timeToLive: 10 });
    const onTheOld = store.put({ ...write, key: 'key-0002', timeToLive: 10, condition: { matches: 1n } });
    let pauses = 0;
    await store.sweep(async () => { pauses += 1; });
    return { fresh, expired, again, onTheOld, swept: seen(), pauses };
  }

  /** Rows of the database that operations write and read, which is what is paid for. */
  async costs() {
    const { sql } = this.ctx.storage;
    const used = [];
    const counted = {
      exec: (...args) => {
        const cursor = sql.exec(...args);
        used.push(cursor);
        return cursor;
      },
    };
    emptyStore(sql);
    const store = new SqlStore(counted, () => NOW);
    const cost = (run) => {
      used.length = 0;
      run();
      return {
        written: used.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0),
        read: used.reduce((sum, { rowsRead }) => sum + rowsRead, 0),
      };
    };
    const write = { key: 'key-1', body: new Uint8Array(1_600), metadata: '{}', timeToLive: 60 };
    return {
      create: cost(() => store.put({ ...write, condition: 'absent' })),
      get: cost(() => store.get('key-1')),
      replace: cost(() => store.put({ ...write, condition: { matches: store.head('key-1').generation } })),
      withdraw: cost(() => store.put({ ...write, condition: 'none' })),
    };
  }
}
