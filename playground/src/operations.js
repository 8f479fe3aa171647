// What a worker may be asked to do, and what the row may be at the start. All values are made up.

/** The time at which a playground starts: noon. Every step takes a second. */
export const NOON = 1_789_992_000;

const HALF_AN_HOUR = 1_800;

/** The row that both workers change, and two more for the batch. */
export const ROWS = ['3f', '7a', 'c0'].map((pair) => `${pair.repeat(32)}.Ab12Cd`);
const [ROW] = ROWS;

const time = BigInt;
const ZETA = { partner: 'zeta.example', uid: 'Z-9' };

const news = (now) => ({
  tcf: 'CPmadeUpForTheNews',
  domain: 'news.example',
  geo: { country: 'FR' },
  ids: [{ partner: 'acme.example', uid: 'A-1' }],
  now: time(now),
});

const sport = (now) => ({
  ...news(now),
  domain: 'sport.example',
  ids: [{ partner: 'beta.example', uid: 'B-7' }],
});

/** Operations by name: a title, what it brings, the call as text, and the call itself. */
export const OPERATIONS = {
  news: {
    title: 'Page view on news.example',
    brings: 'The browser brings its consent and acme.example’s UID, A-1.',
    text: 'visit(row, { domain, tcf, ids })',
    call: (graph, now) => graph.visit(ROW, news(now)),
    names: ['acme.example'],
  },
  sport: {
    title: 'Page view on sport.example',
    brings: 'The browser brings its consent and beta.example’s UID, B-7.',
    text: 'visit(row, { domain, tcf, ids })',
    call: (graph, now) => graph.visit(ROW, sport(now)),
    names: ['beta.example'],
  },
  sync: {
    title: 'Partner sync',
    brings: 'zeta.example knows this browser as Z-9 as of now.',
    text: 'upsert-partner-id(row, zeta, skip)',
    call: (graph, now) => graph.upsertPartnerId(ROW, ZETA, 'skip', time(now)),
  },
  old: {
    title: 'Partner sync, half an hour late',
    brings: 'zeta.example knew this browser as Z-1 at 11:30.',
    text: 'upsert-partner-id(row, zeta at 11:30, skip)',
    call: (graph, now) => {
      const id = { ...ZETA, uid: 'Z-1', synced: time(NOON - HALF_AN_HOUR) };
      return graph.upsertPartnerId(ROW, id, 'skip', time(now));
    },
  },
  batch: {
    title: 'Partner batch of three rows',
    brings: 'zeta.example’s UIDs for three browsers come in one call.',
    text: 'sync-partner-ids(zeta, three rows)',
    call: (graph, now) => {
      const mappings = ROWS.map((ecId, index) => ({ ecId, uid: `Z-${index + 1}`, synced: time(now) }));
      return graph.syncPartnerIds('zeta.example', mappings, time(now));
    },
    names: ROWS.map(short),
  },
  remove: {
    title: 'Removal of a partner’s UID',
    brings: 'acme.example’s UID is to go.',
    text: 'remove-partner-ids(row, acme)',
    call: (graph, now) => graph.removePartnerIds(ROW, ['acme.example'], time(now)),
    names: ['acme.example'],
  },
  create: {
    title: 'First visit of a new ID',
    brings: 'The ID was minted just now: one write, no read.',
    text: 'create(row, { domain, tcf, ids })',
    call: (graph, now) => graph.create(ROW, news(now)),
    names: ['acme.example'],
  },
  touch: {
    title: 'Visit noted',
    brings: 'Nothing but the time of the visit.',
    text: 'update-last-seen(row)',
    call: (graph, now) => graph.updateLastSeen(ROW, time(now)),
  },
  withdraw: {
    title: 'Withdrawal',
    brings: 'The visitor takes consent back: one write, no read, no condition.',
    text: 'write-withdrawal-tombstone(row)',
    call: (graph, now) => graph.writeWithdrawalTombstone(ROW, time(now)),
  },
  delete: {
    title: 'Data deletion',
    brings: 'The row is to be forgotten, withdrawal and all.',
    text: 'delete(row)',
    call: (graph, now) => graph.delete(ROW),
  },
};

const visited = (row, domain, ids) => (graph, now) =>
  graph.visit(row, { tcf: 'CPmadeUpBefore', domain, geo: { country: 'FR' }, ids, now: time(now) });

/** What the store holds at the start: calls made before noon, with the time of each. */
export const STARTS = {
  none: { title: 'No row', calls: [] },
  live: {
    title: 'A live row',
    calls: [[-7_200, visited(ROW, 'shop.example', [{ partner: 'delta.example', uid: 'D-4' }])]],
  },
  withdrawn: {
    title: 'A withdrawn row',
    calls: [
      [-7_200, visited(ROW, 'shop.example', [])],
      [-600, OPERATIONS.withdraw.call],
    ],
  },
  three: {
    title: 'Three live rows',
    calls: ROWS.map((row, index) => [-7_200 + index, visited(row, 'shop.example', [])]),
  },
};

/** The first 8 characters of an EC ID: no more of it is shown anywhere. */
export function short(ecId) {
  return `${ecId.slice(0, 8)}…`;
}
