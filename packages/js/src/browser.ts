// The entry for browsers and bundlers: the modules are fetched. Bundlers know the URLs by this form only.

import { load } from './load.js';

const [core, core2, core3] = await Promise.all([
  new URL('../component/graph.core.wasm', import.meta.url),
  new URL('../component/graph.core2.wasm', import.meta.url),
  new URL('../component/graph.core3.wasm', import.meta.url),
].map((url) => WebAssembly.compileStreaming(fetch(url)))) as [
  WebAssembly.Module, WebAssembly.Module, WebAssembly.Module,
];

export const { openGraph, openGraphAsync, defaultPolicy, trustedServerPolicy } = load({
  'graph.core.wasm': core,
  'graph.core2.wasm': core2,
  'graph.core3.wasm': core3,
});
export * from './exports.js';
