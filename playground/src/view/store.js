// The store: every row as it is stored now, and the versions it has had.

import { ROWS, STARTS, short } from '../operations.js';
import { readable } from '../row.js';
import { versionOf } from '../store.js';
import { WORKERS, changesOf, clock } from '../words.js';
import { button, choice, h } from './dom.js';

export function storePanel(start, world, act) {
  const { versions } = world;
  const keys = ROWS.filter((key) => key === ROWS[0] || versionOf(versions, key));
  return [
    h('h2', {}, 'The store'),
    keys.map((key) => row(key, world)),
    h('div', { class: 'controls' },
      button('Another worker withdraws now', { id: 'withdraw', key: 'w', class: 'danger', onclick: () => act.step('w') })),
    h('h3', {}, 'Versions'),
    versions.length === 0 ? h('p', { class: 'none' }, 'Nothing was written yet.')
      : h('ol', { class: 'versions' }, versions.map((version) => made(version, versions, keys.length > 1))),
    choice('start', 'At the start', STARTS, start, (value) => act.set({ start: value })),
  ].flat();
}

function row(key, { versions, events }) {
  const version = versionOf(versions, key);
  const held = readable(version?.row);
  const state = held === undefined ? 'no row' : held.live ? 'live' : 'withdrawn';
  const before = readable(versionOf(versions, key, (version?.number ?? 1) - 1)?.row);
  const fresh = version !== undefined && version.number > (events.at(-1)?.before ?? versions.length);
  return h('article', { class: `row ${state.replace(' ', '-')}${fresh ? ' fresh' : ''}`, 'data-row': key.slice(0, 2) },
    h('header', {}, h('code', {}, short(key)), h('span', { class: 'state' }, state),
      held && h('span', { class: 'version' }, `version ${version.number}`)),
    held && (held.live ? live(held, before) : h('p', {}, `Since ${clock(held.updated)}. No consent and no UIDs are stored.`)));
}

function live(held, before) {
  const isNew = (of, same) => before !== undefined && !before[of].some(same);
  const partner = ({ partner: name, uid, synced }) => {
    const marked = isNew('partners', (other) => other.partner === name && other.uid === uid);
    return h('tr', { class: marked ? 'new' : undefined }, h('td', {}, name), h('td', {}, h('code', {}, uid)), h('td', {}, clock(synced)));
  };
  const domain = (name) => h('li', { class: isNew('domains', (other) => other === name) ? 'new' : undefined }, name);
  return [
    held.partners.length === 0 ? h('p', { class: 'none' }, 'No partner’s UID.')
      : h('table', {}, h('thead', {}, h('tr', {}, ['Partner', 'UID', 'Asserted'].map((text) => h('th', { scope: 'col' }, text)))),
        h('tbody', {}, held.partners.map(partner))),
    h('dl', {},
      h('dt', {}, 'Consent'), h('dd', {}, h('code', {}, `${held.consent?.slice(0, 6) ?? ''}…`), ` of ${clock(held.updated)}`),
      held.withdrawn && [h('dt', {}, 'Withdrawn'), h('dd', {}, `before, at ${clock(held.withdrawn)}`)],
      held.removed.length > 0 && [h('dt', {}, 'Removed'), h('dd', {}, held.removed.map(({ partner: name, at }) => `${name} at ${clock(at)}`).join(', '))],
      h('dt', {}, 'Seen'), h('dd', {}, h('ul', { class: 'domains' }, held.domains.map(domain)), `last at ${clock(held.lastSeen)}`)),
  ].flat();
}

function made(version, versions, many) {
  const { number, key, by, at } = version;
  return h('li', { class: `by-${by}` }, h('span', { class: 'number' }, String(number)),
    h('span', {}, h('span', { class: 'time' }, `${clock(at)} ${WORKERS[by]}`), h('br'),
      many && `${short(key)} `, changesOf(versions, version).join(', ')));
}
