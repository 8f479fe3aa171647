// Each block of JavaScript in the README and in docs/embedding.md runs as it stands, and prints what its comments say.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

for (const [page, runs] of [['README.md', 3], ['../../docs/embedding.md', 1]]) {
  const text = readFileSync(`${root}${page}`, 'utf8');
  const blocks = [...text.matchAll(/^```js\n(.*?)^```$/gms)].map(([, block]) => block);
  // `using` is no syntax yet where these tests run, and has no store: it is compiled in types/use.ts.
  const complete = blocks.filter((block) => block.includes('import '));

  it(`${page} has as many blocks to run as this test knows`, () => {
    assert.equal(complete.length, runs);
  });
  complete.forEach((block, at) => {
    it(`block ${at + 1} of ${page} prints what it says`, () => {
      const file = `${root}test/block-${runs}-${at}.mjs`;
      writeFileSync(file, block);
      try {
        const printed = execFileSync(process.execPath, [file], { encoding: 'utf8', env: { ...process.env, NODE_TEST_CONTEXT: undefined } });
        const says = [...block.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, line]) => line);
        if (says.length > 0) assert.equal(printed, `${says.join('\n')}\n`);
        else assert.match(printed, /pass \d+/);
      } finally {
        rmSync(file);
      }
    });
  });
}
