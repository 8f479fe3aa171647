// What the store is told to do reaches the component, and its outcomes are those of the contract.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faults, hash, inChromium, outcomes, rows, text } from './page.mjs';

const chromium = inChromium();

test('a write that never arrives is read back and written again', async () => {
  const page = await chromium.open('#start=live&a=sync&b=news');
  await page.click('#a-step');
  await page.click('#a-d');
  await page.click('#a-run');
  assert.deepEqual(await outcomes(page, 'a'), ['written']);
  assert.deepEqual(await faults(page), ['write lost']);
  assert.equal(await hash(page), '#start=live&a=sync&b=news&steps=a.ad.a.a');
});

test('a refusal for the rate ends the call as throttled, with nothing written', async () => {
  const page = await chromium.open('#start=live&a=sync&b=news&steps=a');
  await page.click('#a-t');
  assert.deepEqual(await outcomes(page, 'a'), ['throttled']);
  assert.deepEqual(await rows(page), ['live delta.example']);
});

test('a read without an answer is unavailable', async () => {
  const page = await chromium.open('#start=live&a=sync&b=news');
  await page.click('#a-d');
  assert.deepEqual(await outcomes(page, 'a'), ['unavailable']);
});

test('a stale read after a refusal is a conflict at once', async () => {
  const page = await chromium.open('#start=live&a=sync&b=news&steps=a.b.b.a');
  await page.click('#a-1');
  assert.deepEqual(await outcomes(page, 'a'), ['conflict']);
  assert.deepEqual(await faults(page), ['stale read']);
});

test('a row made a moment ago is not-found, and there when the partner comes back', async () => {
  const page = await chromium.open('#start=none&a=sync&b=news&steps=b.b');
  await page.click('#a-0');
  await page.click('#a-run');
  assert.deepEqual(await outcomes(page, 'a'), ['not-found', 'written']);
});

test('a batch is refused, stale and lost row by row', async () => {
  const page = await chromium.open('#start=three&a=batch&b=news&steps=a.al.a');
  const unchanged = '3f3f3f3f… unchanged, 7a7a7a7a… unchanged, c0c0c0c0… unchanged';
  assert.deepEqual(await outcomes(page, 'a'), [unchanged]);
  await page.click('#restart');
  await page.click('#a-t');
  const throttled = '3f3f3f3f… throttled, 7a7a7a7a… throttled, c0c0c0c0… throttled';
  assert.deepEqual(await outcomes(page, 'a'), [throttled]);
});

test('a batch says what each of its outcomes means', async () => {
  const page = await chromium.open('#start=three&a=batch&b=news&steps=w.a');
  await page.click('#a-run');
  assert.deepEqual(await outcomes(page, 'a'), ['3f3f3f3f… withdrawn, 7a7a7a7a… written, c0c0c0c0… written']);
  assert.match(await text(page, '#a .outcomes li'), /withdrawn: The visitor has withdrawn.* written: The store itself/);
});

test('every operation runs to an outcome over every start', async () => {
  const page = await chromium.open('#start=live&a=news&b=sync');
  const values = (id) => page.locator(`#${id} option`).evaluateAll((all) => all.map(({ value }) => value));
  for (const start of await values('start')) {
    await page.selectOption('#start', start);
    for (const operation of await values('a-operation')) {
      await page.selectOption('#a-operation', operation);
      await page.click('#a-run');
      const [outcome, ...more] = await outcomes(page, 'a');
      assert.ok(outcome && more.length === 0, `${operation} over ${start}: ${outcome}`);
      const meaning = await text(page, '#a .outcomes li > p:last-child');
      assert.match(meaning, /^Called at \d\d:\d\d:\d\d\. (?!undefined)\S/, `${operation} over ${start}: ${outcome}`);
    }
  }
});

test('a withdrawal in between stays, whatever was under way', async () => {
  for (const operation of ['news', 'sync', 'old', 'remove', 'touch']) {
    const page = await chromium.open(`#start=live&a=${operation}&b=news&steps=a`);
    await page.click('#withdraw');
    await page.click('#a-run');
    assert.deepEqual(await rows(page), ['withdrawn'], operation);
  }
});

test('a race has an end: more steps than a link holds are refused with words', async () => {
  const page = await chromium.open(`#start=none&a=touch&b=touch&steps=${Array(60).fill('a').join('.')}`);
  await page.click('#a-step');
  assert.match(await text(page, '.problem'), /at most 60 steps/);
  await page.click('#back');
  assert.equal(await page.locator('.problem').count(), 0);
  assert.equal(await page.locator('#timeline .step').count(), 59);
});

test('a row that was deleted is read as none', async () => {
  const page = await chromium.open('#start=live&a=batch&b=delete&steps=b');
  await page.click('#a-run');
  assert.deepEqual(await outcomes(page, 'a'), ['3f3f3f3f… not-found, 7a7a7a7a… not-found, c0c0c0c0… not-found']);
  assert.deepEqual(await rows(page), ['no row']);
});

test('whatever is pressed, the page goes on', async () => {
  const page = await chromium.open();
  const errors = [];
  page.on('pageerror', ({ message }) => errors.push(message));
  const pressed = await page.evaluate((seed) => {
    let state = seed;
    const below = (bound) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * bound);
    };
    const any = (all) => all[below(all.length)];
    const done = [];
    while (done.length < 600) {
      const list = below(20) === 0 ? any(document.querySelectorAll('select')) : undefined;
      const control = list ?? any(document.querySelectorAll('main button:enabled, #story button:enabled'));
      done.push(`${control.id}${list ? ' chosen' : ''}`);
      if (list) {
        list.value = any(list.options).value;
        list.dispatchEvent(new Event('change'));
      } else control.click();
      if (!document.querySelector('#timeline li')) break;
    }
    return done;
  }, 20_261_129);
  assert.deepEqual(errors, [], pressed.slice(-20).join(' '));
  assert.equal(pressed.length, 600);
});
