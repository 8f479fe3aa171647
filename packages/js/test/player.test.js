// The player of the scenarios tells a disagreement by scenario and step.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { play } from '../testing/player.js';

const visit = (expect) => ({ call: 'visit', 'ec-id': 'a1', entry: { now: 1_790_000_000 }, expect });
const scenario = (...steps) => ({ name: 'a visit', steps });

for (const [what, expect, message] of [
  ['an outcome', { ok: { outcome: 'revived' } }, /^"a visit", step 2 \(visit\): ok\.is\.outcome: expected "revived", came "created"$/],
  ['an error', { error: 'conflict' }, /^"a visit", step 2 \(visit\): error\.is: expected "conflict"/],
  ['a number of store calls', { calls: { get: 1, put: 2 } }, /calls: expected \{"get":1,"put":2\}, came \{"get":1,"put":1\}/],
  ['a row that is to be gone', { rows: { a1: null } }, /row a1: expected null/],
  ['a value in a row', { rows: { a1: { has: { v: 2 } } } }, /row a1\.has\.v: expected 2, came 1/],
  ['a body', { rows: { a1: { body: {} } } }, /row a1\.body: expected \{\}/],
  ['metadata', { rows: { a1: { metadata: { ok: false } } } }, /row a1\.metadata\.ok: expected false, came true/],
  ['a lifetime', { rows: { a1: { lifetime: 5 } } }, /row a1\.lifetime: expected 5, came 31536000/],
  ['a row that changed unsaid', {}, /rows: expected "a row that is not named to stay as it was"/],
]) {
  it(`tells a wrong expectation of ${what}`, async () => {
    await assert.rejects(play(scenario({ delete: 'b1' }, visit(expect))), { message });
  });
}

it('tells a fault that never came to pass', async () => {
  const step = { ...visit({ rows: { a1: {} } }), faults: [{ at: 'delete', fault: 'lost-answer' }] };
  await assert.rejects(play(scenario(step)), { message: /faults: expected "all to come to pass"/ });
});

it('tells an error where an answer was expected', async () => {
  const step = { call: 'get', 'ec-id': 'nobody', now: 1_790_000_000, expect: { ok: null } };
  await assert.rejects(play(scenario(step)), { message: /ok\.is: expected null, came .*invalid-argument/ });
});
