// The Worker, with what its tests need beside it: rows as others left them, and the store by itself.

import worker, { EcGraph as Product } from '../../src/worker.js';
import { SqlStore } from '../../src/sql-store.js';

export { Bench } from './bench.js';

export class EcGraph extends Product {
  put({ key, metadata, body }) {
    const rows = new SqlStore(this.ctx.storage.sql);
    const bytes = new TextEncoder().encode(body);
    return rows.put({ key, metadata, body: bytes, timeToLive: 86_400, condition: 'absent' });
  }

  /** Whether what has expired will be removed, and once it was, again. */
  async alarms() {
    const { storage } = this.ctx;
    const first = await storage.getAlarm();
    await storage.deleteAlarm();
    await this.alarm();
    return { first: first !== null, again: (await storage.getAlarm()) !== null };
  }
}

export default {
  async fetch(request, env, ctx) {
    const [, test, what, name] = new URL(request.url).pathname.split('/');
    if (test !== 'test') return worker.fetch(request, env, ctx);
    const namespace = what === 'put' || what === 'alarms' ? env.EC_GRAPH : env.BENCH;
    const object = namespace.get(namespace.idFromName(name));
    return Response.json(await object[what](request.body && (await request.json())));
  },
};
