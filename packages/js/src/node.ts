// The entry for Node: the modules are files beside the package.

import { readFileSync } from 'node:fs';
import { load, MODULES, type Modules } from './load.js';

const compiled = MODULES.map((name) => {
  const bytes = readFileSync(new URL(`../component/${name}`, import.meta.url));
  return [name, new WebAssembly.Module(bytes)];
});

export const { openGraph, openGraphAsync, defaultPolicy, trustedServerPolicy } = load(Object.fromEntries(compiled) as Modules);
export * from './exports.js';
