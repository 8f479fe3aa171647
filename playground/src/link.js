// What the reader chose, as the part of the page's address behind `#`, and back.
//
// `#story=lost-update&steps=a.b.b.a` or `#start=live&a=news&b=sync&steps=a.a0.bl.w`. A step is a worker, `a`
// or `b`, and what the store does: nothing for what the contract says, a number for a read as of that
// version, `l` done but the answer is lost, `d` never arrived, `t` throttled. `w` is a withdrawal.

import { OPERATIONS, STARTS } from './operations.js';
import { STORIES } from './stories.js';

/** More steps than this are no story, and a page that replays them would stand still. */
export const MAX_STEPS = 60;

const HOW = { '': 'now', l: 'lost', d: 'dropped', t: 'throttled' };

/** A step as the world takes it; an Error when it is none. */
export function stepOf(code) {
  if (code === 'w') return { who: 'w' };
  const [, who, rest] = /^([ab])(|[ldt]|\d{1,3})$/.exec(code) ?? [];
  if (who === undefined) throw new Error(`“${shown(code)}” is no step`);
  return /\d/.test(rest) ? { who, how: 'stale', moment: Number(rest) } : { who, how: HOW[rest] };
}

/** `#...` for a choice: a story and its steps, or the reader's own setting and steps. */
export function linkOf({ story, start, a, b, steps }) {
  const setting = story ? `story=${story}` : `start=${start}&a=${a}&b=${b}`;
  return `#${setting}${steps.length > 0 ? `&steps=${steps.join('.')}` : ''}`;
}

/** The choice that a link holds; an Error says what is wrong with it. No link is the first story. */
export function choiceOf(hash) {
  const params = new URLSearchParams(hash.replace(/^#/, ''));
  const unknown = [...params.keys()].find((key) => !['story', 'start', 'a', 'b', 'steps'].includes(key));
  if (unknown !== undefined) throw new Error(`“${shown(unknown)}” is nothing that a link holds`);
  const steps = (params.get('steps') ?? '').split('.').filter(Boolean);
  if (steps.length > MAX_STEPS) throw new Error(`it has more than ${MAX_STEPS} steps`);
  steps.forEach(stepOf);
  if (!params.has('start')) {
    const story = params.get('story') ?? STORIES[0].id;
    return { ...settingOf(named(STORIES, story)), steps };
  }
  const known = (key, among) => {
    const value = params.get(key) ?? '';
    if (!Object.hasOwn(among, value)) throw new Error(`there is no “${shown(value)}” for “${key}”`);
    return value;
  };
  return { story: null, start: known('start', STARTS), a: known('a', OPERATIONS), b: known('b', OPERATIONS), steps };
}

/** How a story is set up. */
export const settingOf = ({ id, start, a, b }) => ({ story: id, start, a, b });

function named(stories, id) {
  const story = stories.find((candidate) => candidate.id === id);
  if (story === undefined) throw new Error(`there is no story “${shown(id)}”`);
  return story;
}

const shown = (text) => (text.length > 30 ? `${text.slice(0, 30)}…` : text);
