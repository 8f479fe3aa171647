// The store of scenarios: in memory, judged strictly, and failing by script.

import { checkKey, checkRead, checkWrite, KvError } from '@trusted-server/identity-graph';

/** A store that counts its operations and meets them with the faults of the call that runs. */
export class ScriptedStore {
  #rows = new Map();
  #before = new Map();
  #generation = 0n;
  #handsOver;
  #faults = [];

  /** The operations of the call, as `calls` of a scenario has them. */
  calls = {};
  /** The time to live of the last write of each key in the call. */
  lifetimes = new Map();

  constructor({ handsOver = false } = {}) {
    this.#handsOver = handsOver;
  }

  /** From here on, `stale` is what the rows are now. */
  begin() {
    this.#before = new Map(this.#rows);
  }

  /** A call begins, with faults as `{ at, key, nth, before, fault }`, where `before` is a function. */
  script(faults) {
    this.#faults = faults.map((fault) => ({ nth: 1, ...fault, met: 0, passed: false }));
    this.calls = {};
    this.lifetimes.clear();
  }

  /** Places of faults that never came to pass. */
  unmet() {
    return this.#faults.flatMap(({ passed }, at) => (passed ? [] : [at]));
  }

  /** Another worker writes or deletes. */
  set(key, body, metadata) {
    this.#generation += 1n;
    this.#rows.set(key, { body, metadata, generation: this.#generation });
  }

  unset(key) {
    this.#rows.delete(key);
  }

  /** What a key holds, beside all faults. */
  peek(key) {
    return this.#rows.get(key);
  }

  keys() {
    return [...this.#rows.keys()];
  }

  get(key) {
    this.#count('get');
    return this.#read(key);
  }

  head(key) {
    this.#count('head');
    checkKey(key);
    const row = this.#seen(key, this.#fault('head', key));
    return row && { metadata: row.metadata, generation: row.generation };
  }

  put(write) {
    this.#count('put');
    return this.#write(write);
  }

  delete(key) {
    this.#count('delete');
    checkKey(key);
    const fault = this.#fault('delete', key);
    if (fault && fault !== 'lost-answer') throw new KvError(fault);
    const held = this.#rows.delete(key);
    if (fault) throw new KvError('unknown-outcome');
    return held;
  }

  count(prefix, limit) {
    this.#count('count');
    const fault = this.#fault('count', prefix);
    if (fault) throw new KvError(fault);
    return Math.min(this.keys().filter((key) => key.startsWith(prefix)).length, limit);
  }

  getMany(keys) {
    (this.calls['get-many'] ??= []).push(keys.length);
    return keys.map((key) => each(() => this.#read(key)));
  }

  putMany(writes) {
    (this.calls['put-many'] ??= []).push(writes.length);
    return writes.map((write) => each(() => this.#write(write)));
  }

  #read(key) {
    checkKey(key);
    const row = this.#seen(key, this.#fault('get', key));
    return row && checkRead(row);
  }

  #seen(key, fault) {
    if (fault === 'miss') return undefined;
    if (fault === 'stale') return this.#before.get(key);
    if (fault) throw new KvError(fault);
    return this.#rows.get(key);
  }

  #write(write) {
    checkWrite(write);
    const { key, body, metadata, timeToLive, condition } = write;
    const fault = this.#fault('put', key);
    if (fault === 'refused') return 'conflict';
    if (fault && fault !== 'lost-answer' && fault !== 'sent-twice') throw new KvError(fault);
    const held = this.#rows.get(key);
    const holds = condition === 'none'
      || (condition === 'absent' ? !held : held?.generation === condition.matches);
    if (holds) {
      this.set(key, body, metadata);
      this.lifetimes.set(key, timeToLive);
    }
    if (fault === 'lost-answer') throw new KvError('unknown-outcome');
    if (holds && !fault) return 'stored';
    return this.#handsOver && held && !fault ? { conflict: held } : 'conflict';
  }

  #count(method) {
    this.calls[method] = (this.calls[method] ?? 0) + 1;
  }

  /** What goes wrong with this operation; the first fault that fits counts. */
  #fault(at, key) {
    let found;
    for (const fault of this.#faults) {
      if (fault.at !== at || (fault.key !== undefined && fault.key !== key)) continue;
      fault.met += 1;
      if (!found && (fault.nth === 'every' || fault.nth === fault.met)) found = fault;
    }
    if (!found) return undefined;
    found.passed = true;
    found.before?.();
    return found.fault;
  }
}

function each(call) {
  try {
    return call();
  } catch (error) {
    if (error instanceof KvError) return error;
    throw error;
  }
}
