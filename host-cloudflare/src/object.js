// The Durable Object that holds the rows of one of 256 parts of all EC IDs.

import { DurableObject } from 'cloudflare:workers';

import { moduleOf } from './module.js';
import { SqlStore } from './sql-store.js';

/** Milliseconds between two removals of what has expired. Expired rows are not shown meanwhile. */
const SWEEP_EVERY = 86_400_000;

export class EcGraph extends DurableObject {
  #rows;

  constructor(ctx, env) {
    super(ctx, env);
    this.#rows = new SqlStore(ctx.storage.sql);
    ctx.blockConcurrencyWhile(async () => {
      if ((await ctx.storage.getAlarm()) === null) await ctx.storage.setAlarm(Date.now() + SWEEP_EVERY);
    });
  }

  /** Carries out what a Worker asks. */
  carryOut(call) {
    return moduleOf(this.env).carryOut(call, this.#rows);
  }

  async alarm() {
    await this.#rows.sweep(() => scheduler.wait(0));
    await this.ctx.storage.setAlarm(Date.now() + SWEEP_EVERY);
  }
}
