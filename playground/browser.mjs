// Chromium as the tests and the screenshots use it: Debian's, without a connection to anything.

import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Starts Chromium; an Error with the line that installs it where there is none. */
export async function launch() {
  if (!existsSync(CHROMIUM)) throw new Error(`no Chromium at ${CHROMIUM}: apt-get install chromium, or name one in CHROMIUM`);
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync',
    ],
  });
}

/** Opens the page in this file anew, with a link of its own; the component is there then. */
export async function open(page, file, hash = '') {
  // Another part behind `#` alone would not load anything.
  await page.goto('about:blank');
  await page.goto(pathToFileURL(file).href + hash);
  await page.waitForSelector('body.ready');
}
