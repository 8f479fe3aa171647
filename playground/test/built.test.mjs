// docs/play.html is what its sources make. The component's own bytes differ from one machine to
// another, so they are left out here; the stories run over those in docs/ and over those just built.

import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { COMPONENT, PAGE, bundle, withoutCode } from '../bundle.mjs';

test('docs/play.html is as new as its sources and the contract', async () => {
  const [committed, built] = await Promise.all([readFile(PAGE, 'utf8'), bundle(COMPONENT)]);
  assert.ok(withoutCode(committed) === withoutCode(built), 'docs/play.html is older than its sources: run `just play`');
});

test('the page holds the component, and only that is left out of the comparison', async () => {
  const page = await readFile(PAGE, 'utf8');
  const [, cores] = /<script id="cores"[^>]*>(.*?)<\/script>/s.exec(page);
  assert.equal(page.length - withoutCode(page).length, cores.length);
  const modules = Object.values(JSON.parse(cores)).map((text) => new WebAssembly.Module(Buffer.from(text, 'base64')));
  const exported = modules.flatMap((module) => WebAssembly.Module.exports(module)).map(({ name }) => name);
  assert.ok(exported.includes('trusted-server:ec/identity-graph@0.2.0#[method]graph.visit'));
});

test('the pictures in the README stay small', async () => {
  for (const name of ['play.png', 'play-dark.png']) {
    const { size } = await stat(fileURLToPath(new URL(`../../docs/${name}`, import.meta.url)));
    assert.ok(size < 150 * 1024, `${name} has ${size} bytes`);
  }
});
