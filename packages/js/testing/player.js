// Plays the scenarios of scenarios/*.json, in any runtime: over the scripted store, or over a store of
// the host's own. The graph may be over promises.

import * as package_ from '@trusted-server/identity-graph';
import { isSame, mismatch } from './match.js';
import { argument, ecId, errorOf, expand, methodOf, told, toldBatch } from './names.js';
import { ScriptedStore } from './scripted-store.js';

const ARGUMENTS = {
  get: ['ec-id', 'now'],
  'get-metadata': ['ec-id'],
  delete: ['ec-id'],
  inspect: ['ec-id'],
  visit: ['ec-id', 'entry'],
  create: ['ec-id', 'entry'],
  'create-or-revive': ['ec-id', 'entry'],
  'upsert-partner-id': ['ec-id', 'id', 'missing', 'now'],
  'upsert-partner-ids': ['ec-id', 'ids', 'missing', 'now'],
  'remove-partner-ids': ['ec-id', 'partners', 'now'],
  'update-last-seen': ['ec-id', 'now'],
  'write-withdrawal-tombstone': ['ec-id', 'now'],
  'evaluate-cluster': ['ec-id', 'now'],
  'sync-partner-ids': ['partner', 'mappings', 'now'],
};
const ON_SNAPSHOT = {
  entry: [],
  generation: [],
  visit: ['entry'],
  'upsert-partner-ids': ['ids', 'now'],
  'remove-partner-ids': ['partners', 'now'],
  'update-last-seen': ['now'],
  withdraw: ['now'],
  'evaluate-cluster': ['now'],
};
const LISTS = ['ids', 'partners', 'mappings'];
/** As long as a store can keep a row. */
const ALWAYS = 2 ** 31 - 1;

/** Whether a scenario asks nothing of the store but to be one, so that it can be played over any. */
export function needsNoScript(scenario) {
  const rows = [...Object.values(scenario.rows ?? {}), ...scenario.steps];
  return !scenario['hands-over'] && !rows.some((row) => row.metadata === null)
    && !scenario.steps.some((step) => step.faults);
}

/**
 * Plays a scenario and throws an `Error` that names scenario and step where the host disagrees.
 *
 * `open(store, policy)` is `openGraph` or `openGraphAsync`. `store` is an empty store of the host's own;
 * without it the scenario is played over the scripted one.
 */
export async function play(scenario, { open = package_.openGraph, store } = {}) {
  const player = new Player(scenario, open, store);
  await player.play();
}

class Player {
  #scenario;
  #open;
  #store;
  #scripted;
  #graph;
  #snapshots = new Map();

  constructor(scenario, open, store) {
    this.#scenario = expand(scenario);
    this.#open = open;
    this.#scripted = store ? undefined : new ScriptedStore({ handsOver: this.#scenario['hands-over'] });
    this.#store = store ?? this.#scripted;
  }

  async play() {
    const { policy, rows = {}, steps } = this.#scenario;
    for (const [id, row] of Object.entries(rows)) await this.#write({ put: id, ...row });
    this.#scripted?.begin();
    this.#graph = this.#open(this.#store, policyOf(policy));
    for (const [at, step] of steps.entries()) {
      try {
        if (step.call) await this.#call(step);
        else await this.#write(step);
      } catch (error) {
        const name = step.call ?? (step.put ? 'put' : 'delete');
        throw new Error(`"${this.#scenario.name}", step ${at + 1} (${name}): ${error.message}`, { cause: error });
      }
    }
  }

  /** Another worker writes or deletes. */
  async #write(step) {
    const key = ecId(step.put ?? step.delete);
    if (step.delete) return this.#scripted ? this.#scripted.unset(key) : this.#store.delete(key);
    const { body, metadata } = rowOf(step);
    if (this.#scripted) return this.#scripted.set(key, body, metadata);
    const write = { key, body, metadata, timeToLive: ALWAYS, condition: 'none' };
    const outcome = await this.#store.put(write);
    if (outcome !== 'stored') throw new Error('the store did not take a row');
  }

  async #call(step) {
    const { expect = {} } = step;
    const before = await this.#rows();
    this.#scripted?.script((step.faults ?? []).map((fault) => this.#fault(fault)));
    let came;
    try {
      came = { ok: await this.#answer(step) };
    } catch (error) {
      came = { error: errorOf(error) };
    }
    const unmet = this.#scripted?.unmet() ?? [];
    const calls = { ...this.#scripted?.calls };
    const lifetimes = new Map(this.#scripted?.lifetimes);
    this.#scripted?.script([]);
    for (const kind of ['ok', 'error']) {
      if (kind in expect) compare(kind, { is: expect[kind] }, { is: kind in came ? came[kind] : { instead: came } });
    }
    if (!('error' in expect) && 'error' in came) disagree('ok', 'an answer', came);
    if (expect.calls && this.#scripted && !isSame(expect.calls, calls)) disagree('calls', expect.calls, calls);
    await this.#compareRows(expect.rows ?? {}, before, lifetimes);
    if (unmet.length > 0) disagree('faults', 'all to come to pass', `no operation met ${unmet.map((at) => at + 1)}`);
  }

  #fault({ at, nth = 1, fault, before, 'ec-id': id }) {
    const steps = before && (() => before.forEach((step) => this.#write(step)));
    return { at, nth, fault, before: steps, key: id && ecId(id) };
  }

  async #answer(step) {
    const { call } = step;
    if (call === 'default-policy') return told(package_.defaultPolicy());
    if (call === 'trusted-server-policy') return told(package_.trustedServerPolicy());
    if (call === 'open' || call === 'open-with') {
      this.#open(this.#store, policyOf(step.policy));
      return null;
    }
    const snapshot = step.on && this.#snapshots.get(step.on);
    if (step.on && !snapshot) throw new Error(`no snapshot is called ${step.on}`);
    const names = (step.on ? ON_SNAPSHOT : ARGUMENTS)[call];
    if (!names) throw new Error('there is no such operation');
    const answer = await (snapshot ?? this.#graph)[methodOf(call)](...names.map((name) => valueOf(step, name)));
    if (call === 'get') {
      if (answer && step.as) this.#snapshots.set(step.as, Object.assign(answer, { ecId: ecId(step['ec-id']) }));
      return told(answer?.entry());
    }
    if (call === 'generation') {
      return (await this.#row(snapshot.ecId))?.generation === answer ? 'current' : 'other';
    }
    return call === 'sync-partner-ids' ? toldBatch(answer) : told(answer);
  }

  async #row(key) {
    const item = this.#scripted ? this.#scripted.peek(key) : await this.#store.get(key);
    if (!item) return undefined;
    return { text: new TextDecoder().decode(item.body), metadata: item.metadata ?? null, generation: item.generation };
  }

  /** All rows that the scenario speaks of, and any other that the scripted store has. */
  async #rows() {
    const keys = new Set([...idsIn(this.#scenario)].map(ecId));
    for (const key of this.#scripted?.keys() ?? []) keys.add(key);
    const rows = new Map();
    for (const key of keys) rows.set(key, await this.#row(key));
    return rows;
  }

  async #compareRows(expected, before, lifetimes) {
    const named = new Map(Object.entries(expected).map(([id, row]) => [ecId(id), [id, row]]));
    for (const [key, row] of await this.#rows()) {
      const [id, wanted] = named.get(key) ?? [];
      if (id !== undefined) compareRow(`row ${id}`, wanted, row, this.#scripted && lifetimes.get(key));
      else if (row?.text !== before.get(key)?.text || row?.metadata !== before.get(key)?.metadata) {
        disagree('rows', 'a row that is not named to stay as it was', row ?? null);
      }
    }
  }
}

function policyOf(policy) {
  if (policy === undefined) return undefined;
  return policy === 'trusted-server' ? package_.trustedServerPolicy() : argument(policy);
}

function valueOf(step, name) {
  if (name === 'ec-id') return ecId(step[name]);
  return LISTS.includes(name) ? argument(step[name] ?? []) : argument(step[name]);
}

function rowOf({ body, text, metadata }) {
  return {
    body: new TextEncoder().encode(text ?? JSON.stringify(body)),
    metadata: metadata === undefined ? '' : metadata === null ? undefined : JSON.stringify(metadata),
  };
}

/** The EC IDs that a part of a scenario names. */
function idsIn(part, found = new Set()) {
  if (Array.isArray(part)) part.forEach((item) => idsIn(item, found));
  else if (typeof part === 'object' && part !== null) {
    for (const [name, value] of Object.entries(part)) {
      if (['ec-id', 'put', 'delete'].includes(name) && typeof value === 'string') {
        // What is no key of a store is no row either.
        if (/^([a-f][0-9]|[0-9a-z]{1,16}~.+|[0-9a-f]{64}(\..{6})?)$/.test(value)) found.add(value);
      } else if (name === 'rows') Object.keys(value).forEach((id) => found.add(id));
      idsIn(value, found);
    }
  }
  return found;
}

function compareRow(name, wanted, row, lifetime) {
  if (wanted === null || !row) {
    if (wanted !== null || row) disagree(name, wanted, row ?? null);
    return;
  }
  const json = () => JSON.parse(row.text);
  if ('body' in wanted && !isSame(wanted.body, json())) disagree(`${name}.body`, wanted.body, json());
  if ('has' in wanted) compare(`${name}.has`, wanted.has, json());
  if ('text' in wanted && wanted.text !== row.text) disagree(`${name}.text`, wanted.text, row.text);
  if ('metadata' in wanted) compare(`${name}.metadata`, wanted.metadata, row.metadata && JSON.parse(row.metadata));
  if ('lifetime' in wanted && lifetime !== undefined && wanted.lifetime !== lifetime) {
    disagree(`${name}.lifetime`, wanted.lifetime, lifetime);
  }
}

function compare(name, expected, came) {
  const found = mismatch(expected, came);
  if (found) disagree(`${name}${found.path}`, found.expected, found.came);
}

function disagree(what, expected, came) {
  // A generation is no JSON.
  const shown = (value) => JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? `${item}` : item));
  throw new Error(`${what}: expected ${shown(expected)}, came ${shown(came)}`);
}
