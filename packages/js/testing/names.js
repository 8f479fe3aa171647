// Between the names and values of scenarios, which are those of the WIT, and those of this package.

const camel = (name) => name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
const kebab = (name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** The name of an operation. */
export const methodOf = camel;

/** `b7` is 64 times `b`, then `.user07`; every other text stands for itself. */
export function ecId(text) {
  return /^[a-f][0-9]$/.test(text) ? `${text[0].repeat(64)}.user0${text[1]}` : text;
}

/** A value of a scenario with its long texts written out. */
export function expand(value) {
  if (Array.isArray(value)) return value.map(expand);
  if (typeof value !== 'object' || value === null) return value;
  const names = Object.keys(value);
  if (names.length === 2 && 'repeat' in value && 'times' in value) return value.repeat.repeat(value.times);
  return Object.fromEntries(names.map((name) => [name, expand(value[name])]));
}

/** A record of a scenario as an argument. */
export function argument(value) {
  if (Array.isArray(value)) return value.map(argument);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) =>
    [camel(name), name === 'ec-id' ? ecId(item) : argument(item)]));
}

/** What an operation answered, as scenarios tell it. */
export function told(value) {
  if (value === undefined || value === null) return null;
  if (Array.isArray(value)) return value.map(told);
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (typeof value !== 'object') return value;
  const names = Object.keys(value);
  if (value.outcome === 'invalid') return { invalid: value.why };
  if (value.outcome === 'failed') return { failed: errorOf(value.error) };
  if (names.length === 1 && 'outcome' in value) return value.outcome;
  return Object.fromEntries(names.map((name) => [kebab(name), told(value[name])]));
}

/** The answer to a batch, whose outcomes stand in `done` where they did not fail. */
export function toldBatch(results) {
  return results.map((result) => (result.outcome === 'failed' ? told(result) : { done: told(result) }));
}

/** An error as scenarios tell it, with the text where the case has one. */
export function errorOf(error) {
  // What the component would refuse with the same words does not come so far here.
  if (error instanceof RangeError) return { 'invalid-argument': error.message };
  if (error?.name !== 'GraphError') throw error;
  return ['invalid-argument', 'corrupt', 'unavailable'].includes(error.code)
    ? { [error.code]: error.message }
    : error.code;
}
