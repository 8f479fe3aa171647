// What goes into the graph and comes out of it. The contract is wit/identity-graph.wit; these are its
// records in JavaScript's terms: camel case, seconds as numbers, what is absent left out.

import type { GraphError } from './errors.js';

/** Whole Unix seconds, at most the year 9999. */
export type Seconds = number;

/** Where a browser is, coarsely. */
export interface Geo {
  /** ISO 3166-1 alpha-2; "ZZ" when unknown. */
  country: string;
  /** ISO 3166-2 subdivision without the country, at most 8 letters, digits, hyphens. */
  region?: string | null;
  /** Number of the autonomous system, 32 bits. */
  asn?: number | null;
  /** Designated market area (metro) code. */
  dma?: number | null;
}

/** What kind of device a browser runs on. A class is 1 to 64 printable ASCII characters. */
export interface Device {
  /** 0 desktop, 1 mobile, 2 unknown. */
  isMobile: number;
  /** The first part of the JA4 fingerprint of the TLS handshake. */
  ja4Class?: string | null;
  /** The operating system, e.g. "ios". */
  platformClass?: string | null;
  /** Hash of the HTTP/2 settings. */
  h2FpHash?: string | null;
  /** True when the signals fit a browser that is known. */
  knownBrowser?: boolean | null;
}

/** One partner's ID for a browser. */
export interface PartnerUid {
  /** The partner's key, usually its source domain: 1 to 255 bytes of `a-z 0-9 . _ -`. */
  partner: string;
  /** 1 to 512 bytes, not blank, no control characters. */
  uid: string;
  /** When the partner or the browser asserted it; without it, at `now`. */
  synced?: Seconds | null;
  /** OpenRTB agent type. */
  atype?: number | null;
  /** When the UID ends. */
  expires?: Seconds | null;
  /** What the partner sends with it: a JSON object, as text of at most 1,024 bytes. */
  ext?: string | null;
}

/** What a visit knows. An empty text counts as not given. */
export interface NewEntry {
  /** Raw TCF v2 string. */
  tcf?: string | null;
  /** Raw GPP string. */
  gpp?: string | null;
  /** The IDs of the GPP sections that apply, e.g. "7" or "2,6". */
  gppSid?: string | null;
  /** Country "ZZ" without it. */
  geo?: Geo | null;
  device?: Device | null;
  /** The page's host name. */
  domain?: string | null;
  /** UIDs that arrive with the same request. */
  ids?: readonly PartnerUid[] | null;
  /** The time of the visit, and of the consent it brings. */
  now: Seconds;
}

/** The consent that an entry was given under. A tombstone shows no strings. */
export interface Consent {
  tcf?: string;
  gpp?: string;
  gppSid?: string;
  /** True for a live entry, false for a withdrawal tombstone. */
  ok: boolean;
  /** When consent was given, last changed or given again, or withdrawn. */
  updated: Seconds;
  /** When it had been withdrawn before it was given anew. */
  withdrawn?: Seconds;
}

/** Where in the publisher's network a browser was seen. */
export interface PubProperties {
  /** The domain of the first visit. */
  originDomain: string;
  /** Sorted; at most 50. */
  seenDomains: string[];
}

/**
 * A row as it is understood. Times in rows of other writers can be any number of 64 bits; those beyond
 * `Number.MAX_SAFE_INTEGER` are rounded.
 */
export interface Entry {
  /** Version of the row's shape: 1. */
  v: number;
  created: Seconds;
  /** The last visit that was noted. */
  lastSeen?: Seconds;
  consent: Consent;
  geo: Geo;
  device?: Device;
  pubProperties?: PubProperties;
  /** How many EC IDs shared the hash when it was counted last. */
  clusterSize?: number;
  /** Each partner once; none of a tombstone. */
  ids: PartnerUid[];
}

/** What is stored beside the body. The fields are those of the entry. */
export interface Metadata {
  ok: boolean;
  country: string;
  v: number;
  clusterSize?: number;
  isMobile?: number;
  knownBrowser?: boolean;
}

/** Lifetimes and bounds, in seconds where they are times; the contract says what each is for. */
export interface Policy {
  /** Lifetime that the store is told for a live entry (one year). */
  entryTtl: number;
  /** From when on after its last visit an entry counts as absent (one year); null: it lives as long as the store keeps it. */
  maxAge: number | null;
  /** How long a withdrawal stays visible (24 hours). */
  tombstoneTtl: number;
  /** Least seconds between two writes of `lastSeen` (300). */
  lastSeenDebounce: number;
  /** Tries of one conditional write (3), 1 to 10. */
  maxCasAttempts: number;
  /** After how long a stored cluster size is counted anew (one day); null: it stands. */
  clusterRecheck: number | null;
  /** Seconds that clocks may differ (300). */
  clockSkew: number;
  /** After how long an equal UID is written for its time alone (one day). */
  resync: number;
  /** Partners that a row may have (64), 1 to 1,024. */
  maxPartners: number;
  /** Which of two assertions about a partner's UID stands: the later one, or the one that arrives last. */
  order: 'time' | 'arrival';
}

/** What an upsert does where there is no entry: report `not-found`, or create a minimal live entry. */
export type IfMissing = 'skip' | 'create-minimal';

/** What became of one UID that was asserted, or of one removal. `why` is the rule that it breaks. */
export type UpsertResult =
  | { outcome: 'written' | 'unchanged' | 'stale' | 'withdrawn' | 'not-found' | 'full' }
  | { outcome: 'invalid'; why: string };

/** The fate of one mapping of a batch. */
export type MappingResult = UpsertResult | { outcome: 'failed'; error: GraphError };

/** What `updateLastSeen` did. */
export type TouchOutcome = 'written' | 'debounced' | 'stale' | 'withdrawn' | 'not-found';

/** What `snapshot.withdraw` did. */
export type WithdrawOutcome = 'written' | 'unchanged' | 'not-found';

/** A part of a visit that was malformed and is left out. */
export interface LeftOut {
  /** Which, by its name in the contract, e.g. "geo.region" or "ids.ext". */
  field: string;
  /** The rule that it breaks. */
  why: string;
}

/** What became of the parts of a `create`. */
export interface Report {
  /** One outcome for each UID, in order. */
  ids: UpsertResult[];
  leftOut: LeftOut[];
}

/** What became of a `createOrRevive` and its parts; no `ids` for `already-live`. */
export interface CreateReport extends Report {
  outcome: 'created' | 'already-live' | 'revived' | 'withdrawn';
}

/** What became of a visit and its parts. */
export interface VisitReport extends Report {
  outcome: 'created' | 'revived' | 'written' | 'unchanged' | 'withdrawn';
}

/** One line of a batch. */
export interface Mapping {
  ecId: string;
  /** As in `PartnerUid`; without it the partner's UID is removed. */
  uid?: string | null;
  /** When the partner asserted it. */
  synced: Seconds;
  atype?: number | null;
  expires?: Seconds | null;
  ext?: string | null;
}

/** A row as it is stored, readable or not. It holds what messages never do. */
export interface RawRow {
  body: Uint8Array;
  metadata?: string;
  generation: bigint;
  /** Why the body is not an entry, when it is not. */
  problem?: string;
}
