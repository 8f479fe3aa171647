// Takes the README's pictures of the page, light and dark: a story where a write is refused.

import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { launch, open } from './browser.mjs';
import { PAGE } from './bundle.mjs';

const MOMENT = '#story=lost-update&steps=a.b.b.a';
const SIZE = { width: 1200, height: 1000 };

const browser = await launch();
try {
  const page = await browser.newPage({ viewport: SIZE });
  for (const [colorScheme, name] of [['light', 'play.png'], ['dark', 'play-dark.png']]) {
    await page.emulateMedia({ colorScheme });
    await open(page, PAGE, MOMENT);
    // From the stories to the last step: what stands around them says nothing in a picture.
    const bottom = await page.locator('.happened').evaluate((element) => element.getBoundingClientRect().bottom);
    const clip = { x: 0, y: 0, width: SIZE.width, height: Math.ceil(bottom) + 16 };
    const picture = sharp(await page.screenshot({ clip, fullPage: true }));
    // A palette takes a third of the bytes.
    await picture.png({ palette: true, colours: 128, effort: 10 }).toFile(fileURLToPath(new URL(`../docs/${name}`, import.meta.url)));
  }
} finally {
  await browser.close();
}
