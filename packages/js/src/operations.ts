// The operations of the contract, as data: what each takes, in order, and what its answer becomes.

import { ifMissing, list, mapping, newEntry, partnerUid, text, time } from './arguments.js';
import type { Check } from './check.js';
import * as results from './results.js';

export interface Operation {
  takes: [argument: string, check: Check<unknown>][];
  // The answer is what the contract says; the types of the component stand in results.ts.
  gives: (answer: any) => unknown;
}

const asIs = (answer: unknown): unknown => answer;

const ecId: [string, Check<unknown>] = ['ecId', text];
const now: [string, Check<unknown>] = ['now', time];
const entry: [string, Check<unknown>] = ['entry', newEntry];
const ids: [string, Check<unknown>] = ['ids', list(partnerUid)];
const partners: [string, Check<unknown>] = ['partners', list(text)];
const missing: [string, Check<unknown>] = ['missing', ifMissing];

export const GRAPH: Record<string, Operation> = {
  get: { takes: [ecId, now], gives: asIs },
  getMetadata: { takes: [ecId], gives: results.metadata },
  visit: { takes: [ecId, entry], gives: results.report },
  create: { takes: [ecId, entry], gives: results.report },
  createOrRevive: { takes: [ecId, entry], gives: results.report },
  upsertPartnerId: { takes: [ecId, ['id', partnerUid], missing, now], gives: results.upsertResult },
  upsertPartnerIds: { takes: [ecId, ids, missing, now], gives: results.upsertResults },
  removePartnerIds: { takes: [ecId, partners, now], gives: results.upsertResults },
  updateLastSeen: { takes: [ecId, now], gives: asIs },
  writeWithdrawalTombstone: { takes: [ecId, now], gives: asIs },
  delete: { takes: [ecId], gives: asIs },
  syncPartnerIds: { takes: [['partner', text], ['mappings', list(mapping)], now], gives: results.mappingResults },
  evaluateCluster: { takes: [ecId, now], gives: asIs },
  inspect: { takes: [ecId], gives: results.rawRow },
};

export const SNAPSHOT: Record<string, Operation> = {
  entry: { takes: [], gives: results.entry },
  generation: { takes: [], gives: asIs },
  visit: { takes: [entry], gives: results.report },
  upsertPartnerIds: { takes: [ids, now], gives: results.upsertResults },
  removePartnerIds: { takes: [partners, now], gives: results.upsertResults },
  updateLastSeen: { takes: [now], gives: asIs },
  withdraw: { takes: [now], gives: asIs },
  evaluateCluster: { takes: [now], gives: asIs },
};

/** Gives a class a method for each operation, which checks its arguments before it calls. */
export function define<This>(
  prototype: object, operations: Record<string, Operation>,
  call: (self: This, name: string, args: unknown[], operation: Operation) => unknown,
): void {
  for (const [name, operation] of Object.entries(operations)) {
    const value = function (this: This, ...args: unknown[]) {
      const checked = operation.takes.map(([argument, check], at) => check(argument, args[at]));
      return call(this, name, checked, operation);
    };
    Object.defineProperty(prototype, name, { value, writable: true, configurable: true });
  }
}

/** Calls an operation of a graph or a snapshot of the component. */
export function perform(target: object, name: string, args: unknown[]): unknown {
  return (target as Record<string, (...args: unknown[]) => unknown>)[name]!(...args);
}
