// The page for every reader: from the file system, by keyboard, by link, on a phone, light and dark.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lowContrast } from './contrast.mjs';
import { PHONE, hash, inChromium, outcomes, rows, text } from './page.mjs';

const chromium = inChromium();

test('the page needs no server, asks for nothing and complains of nothing', async () => {
  const page = await chromium.open();
  const seen = [];
  page.on('request', (request) => seen.push(request.url()));
  page.on('console', (message) => seen.push(message.text()));
  page.on('pageerror', (error) => seen.push(error.message));
  await page.reload();
  await page.waitForSelector('body.ready');
  await page.click('#end');
  assert.deepEqual(seen, [page.url().replace(/#.*/, '')]);
  assert.ok(page.url().startsWith('file://'));
});

test('a story is told by keyboard alone', async () => {
  const page = await chromium.open();
  for (const key of ['2', 'n', 'n', 'n', 'p', 'w', 'n', 'n', 'n', 'n']) await page.keyboard.press(key);
  assert.deepEqual(await outcomes(page, 'a'), ['withdrawn']);
  assert.deepEqual(await outcomes(page, 'b'), ['withdrawn, acme.example withdrawn']);
  await page.keyboard.press('r');
  await page.keyboard.press('e');
  assert.equal(await text(page, '.progress'), 'Step 7 of 7');
});

test('keys step a worker and run it, and are off where the reader says so', async () => {
  const page = await chromium.open('#start=live&a=sync&b=news');
  await page.keyboard.press('a');
  await page.keyboard.press('Shift+B');
  await page.keyboard.press('Shift+A');
  assert.equal(await hash(page), '#start=live&a=sync&b=news&steps=a.b.b.a.a.a');
  await page.uncheck('#keys-on');
  await page.keyboard.press('r');
  assert.equal(await page.locator('#timeline .step').count(), 6);
});

test('letters in a list choose there and step nobody', async () => {
  const page = await chromium.open('#start=live&a=sync&b=news');
  await page.focus('#b-operation');
  await page.keyboard.press('w');
  assert.equal(await page.locator('#timeline .step').count(), 0);
});

test('every button and list is reached by Tab, with its focus in sight', async () => {
  const page = await chromium.open('#story=lost-update&steps=a.b');
  const wanted = await page.locator(':is(button:enabled, select, input, a)').evaluateAll((all) => all.map(({ id }) => id));
  const reached = [];
  for (const _ of wanted) {
    await page.keyboard.press('Tab');
    const [id, outline] = await page.evaluate(() => [document.activeElement.id, getComputedStyle(document.activeElement).outlineWidth]);
    assert.equal(outline, '3px', id);
    reached.push(id);
  }
  assert.deepEqual(reached, wanted);
});

test('the focus stays where it is, or goes to what comes next', async () => {
  const page = await chromium.open('#start=live&a=sync&b=news');
  const press = async (id) => {
    await page.focus(`#${id}`);
    await page.keyboard.press('Enter');
    return page.evaluate(() => document.activeElement.id);
  };
  assert.equal(await press('a-step'), 'a-step');
  assert.equal(await press('a-l'), 'a-step'); // a read comes next, whose answer cannot be lost so
  await page.click('#story-lost-update');
  assert.equal(await press('end'), 'restart');
});

test('a step is announced: who asked what, what it hears, what is true, how it ended', async () => {
  const page = await chromium.open('#start=live&a=sync&b=news&steps=a.al.a');
  const said = page.locator('[role=status]');
  const heard = 'Worker A reads the row. It hears: version 2. The store: shows version 2. Outcome: unchanged.';
  assert.equal(await said.textContent(), heard);
  await page.click('#back');
  assert.match(await said.textContent(), /It hears: no answer\. The store \(answer lost\): version 2: \+ zeta\.example\.$/);
});

test('a link restores what it was taken from', async () => {
  const page = await chromium.open('#start=none&a=sync&b=news&steps=b.b.a0.w');
  const shown = await page.locator('body').innerText();
  const link = await page.getAttribute('#link', 'href');
  await chromium.open(link);
  assert.equal(await page.locator('body').innerText(), shown);
  await page.evaluate(() => { location.hash = '#story=batch&steps=a'; });
  await page.waitForSelector('#story-batch[aria-pressed=true]');
  assert.equal(await text(page, '.progress'), 'Step 1 of 6');
});

for (const [link, why] of [
  ['#story=nobody', /no story “nobody”/],
  ['#story=lost-update&steps=a.x', /“x” is no step/],
  ['#story=lost-update&steps=al', /only the answer to a write can be lost/],
  ['#story=lost-update&steps=a.a0', /only a read can be stale/],
  ['#story=lost-update&steps=a9', /only as of an earlier version/],
  ['#start=live&a=toString&b=news', /no “toString” for “a”/],
  ['#start=live&a=news', /no “” for “b”/],
  ['#<img src=x onerror=alert(1)>', /nothing that a link holds/],
  [`#steps=${Array(61).fill('a').join('.')}`, /more than 60 steps/],
]) {
  test(`a bad link says what is wrong and starts anew: ${link.slice(0, 40)}`, async () => {
    const page = await chromium.open(link);
    assert.match(await text(page, '.problem'), why);
    assert.equal(await text(page, '.progress'), 'Step 0 of 6');
    await page.click('#end');
    assert.deepEqual(await rows(page), ['live delta.example beta.example acme.example']);
    assert.equal(await page.locator('.problem').count(), 0);
  });
}

test('a phone shows all of it without scrolling sideways', async () => {
  for (const story of ['lost-update', 'withdrawal', 'stale-miss', 'lost-answer', 'batch', 're-consent']) {
    const page = await chromium.open(`#story=${story}`, { viewport: PHONE });
    await page.click('#end');
    const beyond = await page.locator('body *').evaluateAll((all) =>
      all.filter((element) => element.getBoundingClientRect().right > innerWidth).map(({ outerHTML }) => outerHTML.slice(0, 80)));
    assert.deepEqual(beyond, [], story);
    const small = await page.locator('button').evaluateAll((all) =>
      all.filter((element) => element.getBoundingClientRect().height < 24).map(({ id }) => id));
    assert.deepEqual(small, [], story);
  }
});

for (const colorScheme of ['light', 'dark']) {
  test(`all text can be read in the ${colorScheme}`, async () => {
    for (const link of ['#story=re-consent&steps=b.w.b.b.a.a.b', '#start=three&a=batch&b=sync&steps=a.at.b.bl.b1', '#nothing']) {
      const page = await chromium.open(link, { colorScheme });
      assert.deepEqual(await lowContrast(page), [], link);
      }
  });
}

test('no more of an EC ID is in sight than its first 8 characters', async () => {
  const page = await chromium.open('#story=batch&steps=a.b.b.a.a.a');
  const shown = await page.evaluate(() => document.body.innerText + document.getElementById('said').textContent);
  assert.doesNotMatch(shown, /(3f){5}|(7a){5}|(c0){5}/);
});
