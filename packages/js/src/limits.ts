// Limits of the contract that a store keeps, and the checks that keep them.

import { KvError, type Write } from './store.js';

/** Bytes of a body above which a read is answered `too-large`. */
export const MAX_READ_BYTES = 2 ** 20;
/** Bytes of bodies in one answer to `getMany`. */
export const MAX_ANSWER_BYTES = 16 * 2 ** 20;
/** Bytes of a key. */
export const MAX_KEY_BYTES = 1_024;
/** Bytes of metadata. */
export const MAX_METADATA_BYTES = 2_000;

const encoder = new TextEncoder();

function longerThan(bytes: number, text: string): boolean {
  // A UTF-16 unit becomes 1 to 3 bytes, so that most texts are told without encoding them.
  return text.length > bytes || (text.length * 3 > bytes && encoder.encode(text).length > bytes);
}

/** Throws `invalid` for a key outside the limits. */
export function checkKey(key: string): void {
  if (key === '' || longerThan(MAX_KEY_BYTES, key)) throw new KvError('invalid');
}

/** Throws `invalid` for a write outside the limits. */
export function checkWrite({ key, metadata, timeToLive }: Write): void {
  checkKey(key);
  if (timeToLive < 1 || longerThan(MAX_METADATA_BYTES, metadata)) throw new KvError('invalid');
}

/** The item, unless its body is too large to be handed over. */
export function checkRead<T extends { body: Uint8Array }>(item: T): T {
  if (item.body.byteLength > MAX_READ_BYTES) throw new KvError('too-large');
  return item;
}
