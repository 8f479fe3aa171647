// One visitor's row, from the first visit to a sync that comes too late.

import { identityGraph } from './out/graph.js';

const graph = identityGraph.Graph.open('ec_identity_store');
const ecId = '3f'.repeat(32) + '.Ab12Cd';
const now = 1_790_000_000n;
const seconds = (after) => now + BigInt(after);

// What a page view knows; what is malformed in it is left out and named in the report.
const pageView = (after, ids) => ({
  geo: { country: 'FR', region: 'NO REGION' },
  domain: 'News.Example.',
  gppSid: '7',
  ids,
  now: seconds(after),
});
const acme = { partner: 'ids.acme.example', uid: 'A-1', atype: 1, ext: '{"rtiPartner":"acme"}' };
const partners = (after) =>
  graph.get(ecId, seconds(after)).entry().ids.map(({ partner }) => partner);

console.log('first visit:', graph.visit(ecId, pageView(0, [acme])));
console.log('a placeholder:', graph.visit(ecId, pageView(10, [{ ...acme, uid: '$UID' }])).ids);
const zeta = { partner: 'zeta.example', uid: 'Z-1', synced: seconds(20) };
console.log('sync:', graph.upsertPartnerId(ecId, zeta, 'skip', seconds(20)));
console.log('partners:', partners(30));
console.log('removal:', graph.removePartnerIds(ecId, ['ids.acme.example'], seconds(40)));
console.log('partners:', partners(50));
graph.writeWithdrawalTombstone(ecId, seconds(60));
console.log('late sync:', graph.upsertPartnerId(ecId, { ...zeta, uid: 'Z-2' }, 'skip', seconds(90)));
for (const [ec, time] of [['no EC ID', now], [ecId, now * 1000n]]) {
  try {
    graph.get(ec, time);
  } catch (error) {
    console.log('refused:', error.payload);
  }
}
