// What every store has to keep, one case for each promise of the contract: for tests of a store of one's
// own, in any test runner. The names are those of the suite in Rust, and do not change.

import { batches } from './conformance-batches.js';
import { Bench, type Case, type Fixture, type Tries } from './conformance-bench.js';
import { conditional } from './conformance-conditional.js';
import { values } from './conformance-values.js';

export type { Case, Fixture } from './conformance-bench.js';

/**
 * All cases:
 *
 * ```js
 * for (const { name, run } of conformance) test(name, () => run({ open: () => new MyStore() }));
 * ```
 *
 * `run` resolves when the store keeps the promise and rejects with an error when it does not. Lifetimes
 * are tried where the fixture can set the clock.
 */
export const conformance: readonly Case[] = Object.entries<Tries>({ ...conditional, ...values, ...batches })
  .map(([name, tries]) => ({ name, run: async (fixture: Fixture) => tries(new Bench(fixture, name)) }));
