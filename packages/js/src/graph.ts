// The graph and its snapshots, as callers see them.

import type {
  CreateReport, Entry, IfMissing, Mapping, MappingResult, Metadata, NewEntry, PartnerUid, RawRow, Report,
  Seconds, TouchOutcome, UpsertResult, VisitReport, WithdrawOutcome,
} from './types.js';

/**
 * A graph over one store. Every operation is idempotent and throws `GraphError` when it did not do what
 * was asked; a `TypeError` or a `RangeError` names an argument of the wrong type or range, and nothing
 * has reached the store then. Store calls are those when nobody else is at work.
 */
export interface Graph {
  /** Reads an entry: 1 read. Undefined when there is none, or one past its lifetime. */
  get(ecId: string, now: Seconds): Snapshot | undefined;
  /** Reads what is stored beside an entry: 1 head. */
  getMetadata(ecId: string): Metadata | undefined;
  /** A page view, whatever is stored: 1 read, and 1 write when something is new. */
  visit(ecId: string, entry: NewEntry): VisitReport;
  /** Writes the entry of an ID just minted: 1 write. `already-exists` when the key holds anything. */
  create(ecId: string, entry: NewEntry): Report;
  /** Makes sure that a visit with consent has a live entry: 1 write; 1 read and 1 write more over a tombstone. */
  createOrRevive(ecId: string, entry: NewEntry): CreateReport;
  /** `upsertPartnerIds` for one partner. */
  upsertPartnerId(ecId: string, id: PartnerUid, missing: IfMissing, now: Seconds): UpsertResult;
  /** Stores partners' UIDs, all in one write: 1 read and 1 write. One result per UID, in order. */
  upsertPartnerIds(ecId: string, ids: readonly PartnerUid[], missing: IfMissing, now: Seconds): UpsertResult[];
  /** Removes partners' UIDs, all in one write: 1 read and 1 write. One result per partner, in order. */
  removePartnerIds(ecId: string, partners: readonly string[], now: Seconds): UpsertResult[];
  /** Notes a visit: 1 read and 1 write, or 1 read when nothing changes. */
  updateLastSeen(ecId: string, now: Seconds): TouchOutcome;
  /** Withdraws consent: 1 write. After an error it is not known to be stored: keep the ID and call again. */
  writeWithdrawalTombstone(ecId: string, now: Seconds): void;
  /** Forgets an entry, and a withdrawal with it: 1 delete. For data-deletion requests only. */
  delete(ecId: string): boolean;
  /** One partner's UIDs for many EC IDs: 1 `getMany` and 1 `putMany` per 1,000. One result per mapping, in order. */
  syncPartnerIds(partner: string, mappings: readonly Mapping[], now: Seconds): MappingResult[];
  /** How many EC IDs share this one's hash, counted up to 100: 1 read; once a day 1 count and 1 write more. */
  evaluateCluster(ecId: string, now: Seconds): number | undefined;
  /** The row as stored, readable or not: 1 read. For operators. */
  inspect(ecId: string): RawRow | undefined;
}

/**
 * An entry as it was read, to look at and to write back on: a change costs 1 write, or nothing.
 *
 * It holds memory of the component until it is released: by `using`, by `release()`, or some time after
 * the garbage collector has found that nobody holds it.
 */
export interface Snapshot {
  /** The entry; UIDs past their `expires` at the time of the `get` are not shown. */
  entry(): Entry;
  /** The version it was read at; only equality has a meaning. */
  generation(): bigint;
  /** As `graph.visit`. */
  visit(entry: NewEntry): VisitReport;
  /** As `graph.upsertPartnerIds` with `skip`. */
  upsertPartnerIds(ids: readonly PartnerUid[], now: Seconds): UpsertResult[];
  /** As `graph.removePartnerIds`. */
  removePartnerIds(partners: readonly string[], now: Seconds): UpsertResult[];
  /** As `graph.updateLastSeen`. */
  updateLastSeen(now: Seconds): TouchOutcome;
  /** Withdraws consent where there is an entry: 1 write, or none. */
  withdraw(now: Seconds): WithdrawOutcome;
  /** As `graph.evaluateCluster`. */
  evaluateCluster(now: Seconds): number | undefined;
  /** Gives its memory back. It cannot be used afterwards; releasing it again does nothing. */
  release(): void;
  /** The same as `release`, for `using`. */
  [Symbol.dispose](): void;
}

type Promised<T> = {
  [Name in keyof T]: T[Name] extends (...args: infer Args) => infer Answer ? (...args: Args) => Promise<Answer> : T[Name];
};

/**
 * A graph over a store of promises: the same operations, each a promise. Calls may run at the same
 * time, and share one instance of the component. What is wrong with an argument rejects the promise.
 */
export interface AsyncGraph extends Promised<Omit<Graph, 'get'>> {
  /** Reads an entry: 1 read. Undefined when there is none, or one past its lifetime. */
  get(ecId: string, now: Seconds): Promise<AsyncSnapshot | undefined>;
}

type Local = 'entry' | 'generation' | 'release' | typeof Symbol.dispose;

/**
 * An entry as it was read. It holds no memory of the component, so that there is nothing to release.
 * Changes of one snapshot are made one after the other.
 */
export interface AsyncSnapshot extends Pick<Snapshot, 'entry' | 'generation'>, Promised<Omit<Snapshot, Local>> {}
