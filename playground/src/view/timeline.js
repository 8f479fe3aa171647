// What happened, step by step: what a worker asked and heard, beside what was true at the store.

import { WORKERS, asks, clock, hears, truth } from '../words.js';
import { h } from './dom.js';
import { outcomeBadge } from './worker.js';

export function timeline({ events, versions }) {
  if (events.length === 0) return [h('li', { class: 'none' }, 'Nothing yet.')];
  return events.map((event, index) => {
    const { texts, made, fault } = truth(event, versions);
    const { who, at, asked, outcome } = event;
    return h('li', { class: `step by-${who}` },
      h('div', { class: 'cell worker' },
        h('p', { class: 'when' }, h('span', { class: 'number' }, String(index + 1)), ` ${clock(at)} `, h('strong', {}, WORKERS[who])),
        h('p', { class: 'asked' }, asks(asked)),
        h('p', { class: 'heard' }, 'hears: ', hears(event).map((text, place) => [place > 0 && h('br'), h('strong', {}, text)]).flat()),
        outcome && outcomeBadge(outcome)),
      h('div', { class: `cell store${made.length > 0 ? ' made' : ''}` },
        fault && h('p', { class: 'fault' }, fault),
        made.map(({ text, changes }) => h('p', {}, h('strong', {}, text), `: ${changes.join(', ')}`)),
        texts.map((text) => h('p', {}, text))));
  });
}
