// Each story reaches its end with the outcomes that it tells, in the page as built and as committed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faults, inChromium, outcomes, rows, text } from './page.mjs';

const chromium = inChromium();

const ENDS = {
  'lost-update': {
    a: ['written, acme.example written'],
    b: ['written, beta.example written'],
    rows: ['live delta.example beta.example acme.example'],
    faults: [],
    says: 'Both UIDs are in the row',
  },
  withdrawal: {
    a: ['withdrawn'],
    b: ['withdrawn, acme.example withdrawn'],
    rows: ['withdrawn'],
    faults: [],
    says: 'Only newer consent can.',
  },
  'stale-miss': {
    a: ['written, acme.example written'],
    b: ['created, beta.example written'],
    rows: ['live beta.example acme.example'],
    faults: ['stale read', 'stale read'],
    says: 'nothing is made twice',
  },
  'lost-answer': {
    a: ['unchanged'],
    b: ['written, acme.example written'],
    rows: ['live delta.example zeta.example acme.example'],
    faults: ['answer lost'],
    says: 'not “written”',
  },
  batch: {
    a: ['3f3f3f3f… written, 7a7a7a7a… written, c0c0c0c0… written'],
    b: ['written, acme.example written'],
    rows: ['live acme.example zeta.example', 'live zeta.example', 'live zeta.example'],
    faults: [],
    says: 'an outcome of its own',
  },
  're-consent': {
    a: ['revived, acme.example written'],
    b: ['withdrawn', 'stale'],
    rows: ['live acme.example'],
    faults: [],
    says: 'new consent does not bring it back',
  },
};

for (const committed of [false, true]) {
  for (const [story, end] of Object.entries(ENDS)) {
    test(`${story} ends as it tells, in the page ${committed ? 'in docs/' : 'built anew'}`, async () => {
      const page = await chromium.open('#story=lost-update', { committed });
      await page.click(`#story-${story}`);
      const steps = Number((await text(page, '.progress')).split(' ').at(-1));
      for (let step = 1; step <= steps; step += 1) {
        await page.click('#next');
        assert.equal(await text(page, '.progress'), `Step ${step} of ${steps}`);
      }
      assert.equal(await page.isDisabled('#next'), true);
      const seen = {
        a: await outcomes(page, 'a'),
        b: await outcomes(page, 'b'),
        rows: await rows(page),
        faults: await faults(page),
      };
      const { says, ...expected } = end;
      assert.deepEqual(seen, expected);
      assert.ok((await text(page, '.caption')).includes(says));
      assert.equal(await page.locator('#timeline .step').count(), steps);
    });
  }
}

test('a story can be left and returned to at the step where it was left', async () => {
  const page = await chromium.open('#story=lost-update');
  await page.click('#next');
  await page.click('#withdraw');
  assert.equal(await text(page, '.progress'), 'Step 2, off the story');
  await page.click('#return');
  assert.equal(await text(page, '.progress'), 'Step 1 of 6');
  await page.click('#end');
  assert.deepEqual(await rows(page), ENDS['lost-update'].rows);
});
