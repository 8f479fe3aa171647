// One visitor's row, from the first visit to a sync that comes too late.

import { identityGraph } from './out/graph.js';

const graph = identityGraph.Graph.open('ec_identity_store');
const ecId = '3f'.repeat(32) + '.Ab12Cd';
const now = 1_790_000_000n;

console.log('first visit:', graph.createOrRevive(ecId, { ids: [], now }));
const id = { partner: 'ids.acme.example', uid: 'A-1', synced: now };
console.log('sync:', graph.upsertPartnerId(ecId, id, 'skip', now));
console.log('partners:', graph.get(ecId).entry().ids.map(({ partner }) => partner));
graph.writeWithdrawalTombstone(ecId, now + 60n);
console.log('late sync:', graph.upsertPartnerId(ecId, { ...id, uid: 'A-2' }, 'skip', now + 90n));
try {
  graph.get('no EC ID');
} catch (error) {
  console.log('refused:', error.payload.tag);
}
