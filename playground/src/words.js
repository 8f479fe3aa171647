// Store calls and their answers in plain words.

import { ROWS, short } from './operations.js';
import { changes, readable } from './row.js';
import { isRead, versionOf } from './store.js';

export const WORKERS = { a: 'Worker A', b: 'Worker B', w: 'Another worker', start: 'Before' };

/** A time of the playground, e.g. 12:00:03. */
export function clock(seconds) {
  return new Date(Number(seconds) * 1000).toISOString().slice(11, 19);
}

/** What a worker asks of the store, as a verb and its object. */
export function asks({ method, keys, writes }) {
  const many = keys.length === 1 ? 'one row' : `${keys.length} rows`;
  if (method === 'get') return 'reads the row';
  if (method === 'getMany') return `reads ${many}`;
  if (method === 'delete') return 'deletes the row, whatever it is';
  if (method === 'putMany' && keys.length > 1) return `writes ${many}, each if it still is the version that was read`;
  const { tag, val } = writes[0].condition;
  if (tag === 'none') return 'writes the row, whatever is there';
  return tag === 'absent' ? 'writes the row, if there is none' : `writes the row, if it still is version ${val}`;
}

/** What the worker hears: one text for a single call, one for each row of a batch. */
export function hears({ asked, answer }) {
  if (answer.err !== undefined) return [failure(answer.err)];
  if (!asked.method.endsWith('Many')) return [heard(asked.method, answer.ok)];
  return answer.ok.map((one, index) => {
    const text = one.tag === 'err' ? failure(one.val) : heard(asked.method, one.val);
    return `${short(asked.keys[index])} ${text}`;
  });
}

function heard(method, value) {
  if (method === 'get' || method === 'getMany') return value === undefined ? 'no row' : `version ${value.generation}`;
  if (method === 'delete') return value ? 'deleted' : 'there was none';
  return value.tag === 'stored' ? 'stored' : 'refused';
}

const failure = (error) => (error === 'throttled' ? 'refused for its rate (429)' : 'no answer');

/** What happened at the store, whatever the worker hears: texts, and the versions that were made. */
export function truth(event, versions) {
  const { asked, how, before, after, moment } = event;
  const several = [...versions.map(({ key }) => key), ...asked.keys].some((key) => key !== ROWS[0]);
  const name = (key) => (several ? `${short(key)} ` : '');
  const made = versions.slice(before, after).map((version) => ({
    number: version.number,
    text: `${name(version.key)}version ${version.number}`,
    changes: changesOf(versions, version),
  }));
  if (how === 'throttled') return { texts: ['too many requests for this row'], made, fault: '429' };
  if (how === 'dropped') return { texts: ['nothing arrives'], made, fault: isRead(asked) ? 'no answer' : 'write lost' };
  const at = (key, upTo) => {
    const version = versionOf(versions, key, upTo);
    return version?.row ? `version ${version.number}` : 'no row';
  };
  if (isRead(asked)) {
    if (how !== 'stale') return { texts: asked.keys.map((key) => `${name(key)}shows ${at(key, before)}`), made };
    const texts = asked.keys.map((key) => `${name(key)}shows ${at(key, moment)}, though it holds ${at(key, before)}`);
    return { texts, made, fault: 'stale read' };
  }
  const wrote = new Set(versions.slice(before, after).map(({ key }) => key));
  const texts = asked.keys.filter((key) => !wrote.has(key)).map((key) => `${name(key)}refuses: it holds ${at(key, before)}`);
  return { texts: asked.method === 'delete' ? [] : texts, made, fault: how === 'lost' ? 'answer lost' : undefined };
}

/** What a version changed of the one before it. */
export function changesOf(versions, { number, key, row }) {
  return changes(readable(versionOf(versions, key, number - 1)?.row), readable(row));
}

/** One event as a sentence, for those who hear the page. */
export function sentence(event, versions) {
  const { texts, made, fault } = truth(event, versions);
  const store = [...made.map(({ text, changes: of }) => `${text}: ${of.join(', ')}`), ...texts].join('; ');
  const outcome = event.outcome ? ` Outcome: ${event.outcome.text}.` : '';
  const misled = fault ? ` (${fault})` : '';
  return `${WORKERS[event.who]} ${asks(event.asked)}. It hears: ${hears(event).join(', ')}. The store${misled}: ${store}.${outcome}`;
}

/** What the store may do with this call instead of what the contract says: a code and its words. */
export function faults(asked, moments, versions) {
  const throttled = { code: 't', words: 'refuses: 429' };
  if (!isRead(asked)) {
    return [{ code: 'l', words: 'does it, answer lost' }, { code: 'd', words: 'never gets it' }, throttled];
  }
  const shown = (moment) => {
    if (asked.keys.length > 1) return `shows how it was after version ${moment}`;
    const version = versionOf(versions, asked.keys[0], moment);
    return version?.row ? `shows version ${version.number}` : 'shows no row';
  };
  const stale = moments.map((moment) => ({ code: String(moment), words: `${shown(moment)} (stale)` }));
  return [...stale, { code: 'd', words: 'does not answer' }, throttled];
}
