// What the tests see of the page.

import { after, before } from 'node:test';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launch, open } from '../browser.mjs';
import { COMPONENT, PAGE, bundle } from '../bundle.mjs';

export const DESKTOP = { width: 1280, height: 900 };
export const PHONE = { width: 360, height: 740 };

/**
 * A browser for the tests of a file, and the page built anew beside the one in docs/. All tests of a
 * file share one tab, which each opens anew.
 */
export function inChromium() {
  const held = {};
  before(async () => {
    held.folder = await mkdtemp(join(tmpdir(), 'play-'));
    held.built = join(held.folder, 'play.html');
    await writeFile(held.built, await bundle(COMPONENT));
    held.browser = await launch();
    held.page = await held.browser.newPage();
  });
  after(async () => {
    await held.browser?.close();
    await rm(held.folder, { recursive: true });
  });
  return {
    /** The page at a link; `committed` takes the one in docs/. */
    async open(hash = '', { committed = false, viewport = DESKTOP, colorScheme = 'light' } = {}) {
      const { page } = held;
      page.removeAllListeners();
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme });
      await open(page, committed ? PAGE : held.built, hash);
      return page;
    },
  };
}

/** The outcomes that a worker's panel shows, oldest first, each as one line. */
export const outcomes = (page, who) =>
  page.locator(`#${who} .outcomes .outcome`).evaluateAll((all) =>
    all.map((outcome) => [...outcome.children].map((part) => part.textContent).join(', ')));

/** Every row that the store shows: its state, and the partners in it. */
export const rows = (page) =>
  page.locator('#store .row').evaluateAll((all) =>
    all.map((row) => {
      const partners = [...row.querySelectorAll('tbody tr')].map((line) => line.cells[0].textContent);
      return [row.querySelector('.state').textContent, ...partners].join(' ');
    }));

/** What the store did against its contract, oldest first. */
export const faults = (page) => page.locator('#timeline .fault').allTextContents();

export const text = (page, selector) => page.locator(selector).innerText();

/** The part of the address that holds the reader's choice. */
export const hash = (page) => page.evaluate(() => location.hash);
