// What an operation of the graph throws.

/** The cases of `graph-error` in the contract, named for what the caller should do next. */
export type GraphErrorCode =
  | 'invalid-argument'
  | 'no-such-store'
  | 'already-exists'
  | 'corrupt'
  | 'too-large'
  | 'conflict'
  | 'throttled'
  | 'unavailable';

/** The same words as the native rules have; `why` is the text that some cases carry. */
const MESSAGES: Record<GraphErrorCode, (why: string) => string> = {
  'invalid-argument': (why) => why,
  'no-such-store': () => 'no store has this name; create it or correct the configured name',
  'already-exists': () => 'the key already holds an entry; createOrRevive accepts that',
  corrupt: (why) =>
    `the stored row is not an entry: ${why}; inspect shows it, a withdrawal or a delete removes it`,
  'too-large': () =>
    'the row would grow beyond 65536 bytes of body or 2000 bytes of metadata and is unchanged',
  conflict: () => 'other writers won, or reads lag behind them; nothing was written, call again later',
  throttled: () => 'the store refused for its rate; nothing was written, call again later',
  unavailable: (why) => `${why}; every operation is safe to call again`,
};

/** True for a case that this version knows. */
export function isGraphErrorCode(code: unknown): code is GraphErrorCode {
  return typeof code === 'string' && Object.hasOwn(MESSAGES, code);
}

/**
 * Why an operation did not do what was asked. The message holds no EC ID, UID or stored text.
 *
 * `cause` is what the store threw, where it threw something. These are the store's own words, which may
 * hold keys: log them only where keys may be logged.
 */
export class GraphError extends Error {
  override readonly name = 'GraphError';
  /** What to do next; docs/embedding.md says what follows from each. */
  readonly code: GraphErrorCode;

  constructor(code: GraphErrorCode, why = '', options?: ErrorOptions) {
    super(MESSAGES[code](why), options);
    this.code = code;
  }
}
