// The entry for Workers, where modules are imported and cannot be compiled.

import core from '../component/graph.core.wasm';
import core2 from '../component/graph.core2.wasm';
import core3 from '../component/graph.core3.wasm';
import { load } from './load.js';

export const { openGraph, openGraphAsync, defaultPolicy, trustedServerPolicy } = load({
  'graph.core.wasm': core,
  'graph.core2.wasm': core2,
  'graph.core3.wasm': core3,
});
export * from './exports.js';
