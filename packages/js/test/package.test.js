// What is published: types, entries, files.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { EC_ID, NOW } from './support.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const run = (file, ...args) => execFileSync(file, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

it('the types are as a program in TypeScript uses them', () => {
  try {
    run(process.execPath, 'node_modules/typescript/bin/tsc', '--project', 'test/types');
  } catch (error) {
    assert.fail(`${error.stdout}${error.stderr}`);
  }
});

describe('the entry', () => {
  for (const [condition, file] of [['node', 'node.js'], ['workerd', 'workerd.js'], ['browser', 'browser.js']]) {
    it(`for ${condition} is ${file}`, () => {
      const { '.': entries } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')).exports;
      assert.equal(entries[condition] ?? entries.default, `./dist/${file}`);
      assert.ok(existsSync(`${root}dist/${file}`));
    });
  }

  it('for browsers fetches the modules and has the same exports', async () => {
    const { fetch } = globalThis;
    // A browser fetches what stands beside the page.
    globalThis.fetch = async (url) =>
      new Response(readFileSync(url), { headers: { 'content-type': 'application/wasm' } });
    const browser = await import('../dist/browser.js').finally(() => {
      globalThis.fetch = fetch;
    });
    const node = await import('../dist/node.js');
    assert.deepEqual(Object.keys(browser).sort(), Object.keys(node).sort());
    assert.equal(browser.openGraph(new browser.MemoryStore()).visit(EC_ID, { now: NOW }).outcome, 'created');
  });
});

it('every path that the package exports is there, and its files are published', () => {
  const { exports, files } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  const paths = Object.values(exports).flatMap((entry) => (typeof entry === 'string' ? entry : Object.values(entry)));
  for (const path of paths.filter((path) => !path.includes('*'))) {
    assert.ok(existsSync(`${root}${path}`), `${path}: build the package first, npm run build`);
    assert.ok(files.includes(path.split('/')[1]), path);
  }
});

it('no file is left of another contract', () => {
  const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  const contract = readFileSync(`${root}../../wit/worlds.wit`, 'utf8').match(/^package .*@(.*);/)[1];
  assert.equal(version, contract);
  assert.ok(readFileSync(`${root}component/graph.d.ts`, 'utf8').includes(`kv-cas@${contract}`));
});
