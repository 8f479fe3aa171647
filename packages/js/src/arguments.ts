// What the operations take, checked.

import type * as Wit from '../component/interfaces/trusted-server-ec-identity-graph.js';
import { flag, list, listedTime, oneOf, optional, record, s64, text, time, u32, u8, type Check, type Fields } from './check.js';
import type { Policy } from './types.js';

export { list, text, time };

const uid = {
  atype: optional(u32),
  expires: optional(listedTime),
  ext: optional(text),
};

export const partnerUid: Check<Wit.PartnerUid> = record<Wit.PartnerUid>({
  partner: text,
  uid: text,
  synced: optional(listedTime),
  ...uid,
});

export const mapping: Check<Wit.Mapping> = record<Wit.Mapping>({
  ecId: text,
  uid: optional(text),
  synced: listedTime,
  ...uid,
});

const geo = record<Wit.Geo>({
  country: text,
  region: optional(text),
  asn: optional(u32),
  dma: optional(s64),
});

const device = record<Wit.Device>({
  isMobile: u8,
  ja4Class: optional(text),
  platformClass: optional(text),
  h2FpHash: optional(text),
  knownBrowser: optional(flag),
});

const ids: Check<Wit.PartnerUid[]> = (name, value) => optional(list(partnerUid))(name, value) ?? [];

export const newEntry: Check<Wit.NewEntry> = record<Wit.NewEntry>({
  tcf: optional(text),
  gpp: optional(text),
  gppSid: optional(text),
  geo: optional(geo),
  device: optional(device),
  domain: optional(text),
  ids,
  now: time,
});

export const ifMissing = oneOf<Wit.IfMissing>('skip', 'create-minimal');

const POLICY: Fields<Wit.Policy> = {
  entryTtl: u32,
  maxAge: optional(u32),
  tombstoneTtl: u32,
  lastSeenDebounce: u32,
  maxCasAttempts: u8,
  clusterRecheck: optional(u32),
  clockSkew: u32,
  resync: u32,
  maxPartners: u32,
  order: oneOf<Wit.Order>('time', 'arrival'),
};

/** A policy of which what is not given is as in `defaults`; null is none. */
export function policy(given: Partial<Policy>, defaults: Wit.Policy): Wit.Policy {
  const checked = record(POLICY)('policy', { ...defaults, ...dropUndefined(given) });
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(POLICY, name)) throw new TypeError(`policy.${name}: there is no such option`);
  }
  return checked;
}

function dropUndefined(given: object): object {
  if (typeof given !== 'object' || given === null) throw new TypeError('policy: expected an object');
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
