// A worker: what it is to do, what it asks the store next, and what the store may make of that.

import { OPERATIONS } from '../operations.js';
import { meaningOf } from '../outcome.js';
import { staleMoments } from '../store.js';
import { WORKERS, asks, clock, faults } from '../words.js';
import { button, choice, h } from './dom.js';

// Older versions than the last three teach nothing more, and take room.
const STALE_SHOWN = 3;

export function workerPanel(who, world, act) {
  const { operation, calls, idle, asked } = world[who];
  const { brings, text } = OPERATIONS[operation];
  const letter = who.toUpperCase();
  const again = idle && calls.length > 0;
  const step = (code) => () => act.step(who + code);
  const moments = staleMoments(world.versions, asked.keys).slice(0, STALE_SHOWN);
  const fault = ({ code, words }) =>
    h('li', {}, button(words, { id: `${who}-${code}`, 'aria-label': `${WORKERS[who]}: the store ${words}`, onclick: step(code) }));
  return [
    h('h2', {}, h('span', { class: 'badge' }, letter), WORKERS[who]),
    choice(`${who}-operation`, 'Does', OPERATIONS, operation, (value) => act.set({ [who]: value })),
    h('p', { class: 'brings' }, brings),
    h('p', { class: 'call' }, h('code', {}, text)),
    h('div', { class: 'asks' },
      h('p', {}, h('strong', {}, again ? 'Called again, it ' : 'Next, it '), asks(asked), '.'),
      h('div', { class: 'controls' },
        button(again ? `Call ${letter} again` : `Step ${letter}`, { id: `${who}-step`, key: who, class: 'primary', onclick: step('') }),
        button(`Run ${letter}`, { id: `${who}-run`, key: `Shift+${letter}`, 'aria-label': `Run ${letter} to its outcome`, onclick: () => act.run(who) })),
      h('p', { class: 'or', id: `${who}-or` }, 'Or the store misbehaves. It …'),
      h('ul', { class: 'faults', 'aria-labelledby': `${who}-or` }, faults(asked, moments, world.versions).map(fault))),
    h('ol', { class: 'outcomes', 'aria-label': `Outcomes of ${WORKERS[who]}` }, calls.filter(({ outcome }) => outcome).map(ended)),
  ];
}

const ended = ({ now, outcome }) => h('li', {}, outcomeBadge(outcome),
  h('p', {}, h('span', { class: 'time' }, `Called at ${clock(now)}. `), meaningOf(outcome)));

/** An outcome, and those of its items. */
export function outcomeBadge(outcome) {
  return h('p', { class: `outcome ${outcome.kind}` }, outcome.word && h('strong', {}, outcome.word),
    outcome.parts.map(({ name, word }) => h('span', {}, `${name} `, h('strong', {}, word))));
}
