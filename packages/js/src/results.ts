// What the component answers, in JavaScript's terms.

import type * as Wit from '../component/interfaces/trusted-server-ec-identity-graph.js';
import { GraphError } from './errors.js';
import type * as Types from './types.js';

/** Leaves out what is undefined, so that results are equal where they look so. */
function present<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;
}

const seconds = (time: bigint): number => Number(time);
const secondsIf = (time: bigint | undefined): number | undefined => (time === undefined ? undefined : Number(time));

export function graphError(error: Wit.GraphError, options?: ErrorOptions): GraphError {
  return new GraphError(error.tag, 'val' in error ? error.val : '', options);
}

export function upsertResult(outcome: Wit.UpsertOutcome): Types.UpsertResult {
  return outcome.tag === 'invalid' ? { outcome: 'invalid', why: outcome.val } : { outcome: outcome.tag };
}

export const upsertResults = (outcomes: Wit.UpsertOutcome[]): Types.UpsertResult[] => outcomes.map(upsertResult);

export function mappingResults(outcomes: Wit.MappingOutcome[]): Types.MappingResult[] {
  return outcomes.map((outcome) =>
    outcome.tag === 'done' ? upsertResult(outcome.val) : { outcome: 'failed', error: graphError(outcome.val) });
}

export function report<T extends { ids: Wit.UpsertOutcome[] }>(from: T): Omit<T, 'ids'> & { ids: Types.UpsertResult[] } {
  return { ...from, ids: upsertResults(from.ids) };
}

function partnerUid({ synced, expires, ...rest }: Wit.PartnerUid): Types.PartnerUid {
  return present({ ...rest, synced: secondsIf(synced), expires: secondsIf(expires) });
}

export function entry(from: Wit.Entry): Types.Entry {
  const { consent, geo, device } = from;
  return present({
    ...from,
    created: seconds(from.created),
    lastSeen: secondsIf(from.lastSeen),
    consent: present({ ...consent, updated: seconds(consent.updated), withdrawn: secondsIf(consent.withdrawn) }),
    geo: present({ ...geo, dma: secondsIf(geo.dma) }),
    device: device && present(device),
    ids: from.ids.map(partnerUid),
  });
}

export function metadata(from: Wit.Metadata | undefined): Types.Metadata | undefined {
  return from && present(from);
}

export function rawRow(from: Wit.RawRow | undefined): Types.RawRow | undefined {
  return from && present(from);
}

export function policy({ maxAge, clusterRecheck, ...rest }: Wit.Policy): Types.Policy {
  return { ...rest, maxAge: maxAge ?? null, clusterRecheck: clusterRecheck ?? null };
}
