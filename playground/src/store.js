// A store with a memory: every version of every row, and answers as the reader wants them.
//
// `versions` is the list of all writes, oldest first. A version's generation is its place in that
// list, counted from 1, so that "as the store was after version 3" has a meaning for all rows at once.

/** The newest version of a row among the first `upTo`; undefined when there is none. */
export function versionOf(versions, key, upTo = versions.length) {
  return versions.slice(0, upTo).findLast((version) => version.key === key);
}

/** Moments that a read of these keys could show instead of now, newest first. */
export function staleMoments(versions, keys) {
  const moments = versions.filter(({ key }) => keys.includes(key)).map(({ number }) => number - 1);
  return moments.reverse();
}

export const isRead = ({ method }) => method === 'get' || method === 'getMany';

/**
 * What the store does with a call, and what the worker hears of it.
 *
 * `how` is `now` (judged as the contract says), `stale` (a read as of `moment`), `lost` (done, but
 * the answer is lost), `dropped` (it never arrived) or `throttled`.
 */
export function serve(versions, asked, { how, moment }, by, at) {
  if (how === 'throttled') return { answer: failed(asked, 'throttled'), versions };
  if (isRead(asked)) {
    if (how === 'dropped') return { answer: failed(asked, 'unavailable'), versions };
    return { answer: { ok: read(versions, asked, how === 'stale' ? moment : versions.length) }, versions };
  }
  if (how === 'dropped') return { answer: failed(asked, 'unknown-outcome'), versions };
  const done = write(versions, asked, by, at);
  return how === 'lost' ? { ...done, answer: failed(asked, 'unknown-outcome') } : done;
}

// A batch has an answer for each of its keys, a single call fails as a whole.
function failed({ method, keys }, error) {
  return method.endsWith('Many') ? { ok: keys.map(() => ({ tag: 'err', val: error })) } : { err: error };
}

function read(versions, { method, keys }, upTo) {
  const item = (key) => {
    const version = versionOf(versions, key, upTo);
    return version?.row ? { ...version.row, generation: BigInt(version.number) } : undefined;
  };
  return method === 'get' ? item(keys[0]) : keys.map((key) => ({ tag: 'ok', val: item(key) }));
}

function write(before, { method, keys, writes }, by, at) {
  const versions = [...before];
  const add = (key, row) => versions.push({ number: versions.length + 1, key, row, by, at });
  if (method === 'delete') {
    const held = versionOf(versions, keys[0])?.row != null;
    if (held) add(keys[0], null);
    return { answer: { ok: held }, versions };
  }
  const outcomes = writes.map(({ key, body, metadata, condition }) => {
    const held = versionOf(versions, key);
    const holds = condition.tag === 'none'
      || (condition.tag === 'absent' && !held?.row)
      || (condition.tag === 'matches' && held?.row && BigInt(held.number) === condition.val);
    // As on Fastly, a refusal does not hand the current item over.
    if (!holds) return { tag: 'conflict', val: undefined };
    add(key, { body, metadata });
    return { tag: 'stored' };
  });
  const ok = method === 'put' ? outcomes[0] : outcomes.map((outcome) => ({ tag: 'ok', val: outcome }));
  return { answer: { ok }, versions };
}
