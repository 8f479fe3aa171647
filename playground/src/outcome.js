// How a call ended, as words of the contract.

/**
 * `{ word, parts, kind, text }`: the outcome, those of its items by name, whether the store has
 * acknowledged something (`wrote`, `nothing`, or `error`), and all of it in one line.
 */
export function outcomeOf({ value, error }, names = []) {
  if (error !== undefined) return outcome(error.tag, [], 'error');
  const parts = (items) => items.map((item, index) => ({ name: names[index], word: wordOf(item) }));
  if (value === undefined) return outcome('stored');
  if (typeof value === 'boolean') return outcome(value ? 'deleted' : 'nothing there');
  if (typeof value === 'string') return outcome(value);
  if (Array.isArray(value)) return outcome('', parts(value));
  if (value.tag !== undefined) return outcome(wordOf(value));
  return outcome(value.outcome ?? 'created', parts(value.ids));
}

const WROTE = new Set(['created', 'revived', 'written', 'stored', 'deleted']);

function outcome(word, parts = [], failed) {
  const wrote = [word, ...parts.map((part) => part.word)].some((each) => WROTE.has(each));
  const items = parts.map((part) => `${part.name} ${part.word}`);
  const kind = failed ?? (wrote ? 'wrote' : 'nothing');
  return { word, parts, kind, text: [word, ...items].filter(Boolean).join(', ') };
}

// An item's outcome; one of a batch wraps that of its row.
function wordOf({ tag, val }) {
  return tag === 'done' || tag === 'failed' ? val.tag : tag;
}

const MEANINGS = {
  created: 'There was no row. The store said that this one is stored.',
  revived: 'The withdrawal was older than this consent, and the row is made anew.',
  written: 'The store itself said that it is stored.',
  unchanged: 'What was read is as wanted already. This call does not claim to have written it.',
  stale: 'Somebody knew better: what is stored, or a withdrawal, is newer than this.',
  withdrawn: 'The visitor has withdrawn. Nothing was written, and the partner drops the UID.',
  'not-found': 'No row was seen. It may be too new to be visible: keep the UID and come back.',
  debounced: 'A visit was noted less than five minutes ago: no write.',
  stored: 'The withdrawal stands, whatever the row was.',
  deleted: 'The row is forgotten.',
  'nothing there': 'There was no row to forget.',
  conflict: 'Other writers won, or reads lag behind them. Nothing was written; call again later.',
  throttled: 'The store refused for its rate. Nothing was written; call again later.',
  unavailable: 'It could not be found out whether it is stored. Calling again is safe.',
  'already-exists': 'The key holds something already, so that this ID is not new.',
  full: 'The row has as many partners as it may have.',
};

/** What an outcome means, in a sentence; where the items of a batch differ, in one for each word. */
export function meaningOf({ word, parts }) {
  const words = word ? [word] : [...new Set(parts.map((part) => part.word))];
  return words.map((each) => (words.length > 1 ? `${each}: ${MEANINGS[each]}` : MEANINGS[each])).join(' ');
}
