// What each entry of the package exports beside what depends on how modules are loaded.

export { GraphError, type GraphErrorCode } from './errors.js';
export type { AsyncGraph, AsyncSnapshot, Graph, Snapshot } from './graph.js';
export * from './limits.js';
export { MemoryStore } from './memory-store.js';
export {
  KvError,
  type AsyncKvCas, type Condition, type Item, type ItemHead, type KvCas, type KvErrorCode, type Write,
  type WriteOutcome,
} from './store.js';
export type * from './types.js';
