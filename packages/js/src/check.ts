// Checks arguments, and makes of them what the component takes. What is wrong is named by its path and
// never shown, since it may be an ID. Nothing has reached the store then.

/** Makes the component's value of an argument, or throws a `TypeError` or a `RangeError`. */
export type Check<T> = (name: string, value: unknown) => T;

/** The last second of the year 9999. */
const LAST_SECOND = 253_402_300_799;

function kind(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : typeof value;
}

function wrongType(name: string, expected: string, value: unknown): TypeError {
  return new TypeError(`${name}: expected ${expected}, got ${kind(value)}`);
}

/** Text that UTF-8 can hold; a lone surrogate would be stored as something else. */
export const text: Check<string> = (name, value) => {
  if (typeof value !== 'string') throw wrongType(name, 'a string', value);
  if (/\p{Surrogate}/u.test(value)) throw new TypeError(`${name}: expected a string without lone surrogates`);
  return value;
};

export const flag: Check<boolean> = (name, value) => {
  if (typeof value !== 'boolean') throw wrongType(name, 'a boolean', value);
  return value;
};

/** A whole number in a range. */
export function whole(least: number, most: number): Check<number> {
  return (name, value) => {
    if (typeof value !== 'number') throw wrongType(name, 'a number', value);
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new RangeError(`${name}: expected a whole number from ${least} to ${most}`);
    }
    return value;
  };
}

export const u8 = whole(0, 2 ** 8 - 1);
export const u32 = whole(0, 2 ** 32 - 1);

/** A number that the component has as 64 bits with a sign. */
export const s64: Check<bigint> = (name, value) =>
  BigInt(whole(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)(name, value));

/** A time in a list: one in milliseconds is answered in its place there, by the rules. */
export const listedTime: Check<bigint> = (name, value) => {
  if (typeof value !== 'number') throw wrongType(name, 'a number of seconds', value);
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`${name}: expected whole Unix seconds, 0 or more`);
  }
  return BigInt(value);
};

/** The time of a call. */
export const time: Check<bigint> = (name, value) => {
  const seconds = listedTime(name, value);
  if (seconds > LAST_SECOND) throw new RangeError(`${name} is after the year 9999: pass seconds, not milliseconds`);
  return seconds;
};

export function optional<T>(check: Check<T>): Check<T | undefined> {
  return (name, value) => (value === undefined || value === null ? undefined : check(name, value));
}

export function oneOf<T extends string>(...cases: T[]): Check<T> {
  return (name, value) => {
    if (typeof value !== 'string') throw wrongType(name, 'a string', value);
    if (!(cases as string[]).includes(value)) {
      throw new RangeError(`${name}: expected ${cases.map((item) => `'${item}'`).join(' or ')}`);
    }
    return value as T;
  };
}

export function list<T>(check: Check<T>): Check<T[]> {
  return (name, value) => {
    if (!Array.isArray(value)) throw wrongType(name, 'an array', value);
    return Array.from(value, (item, at) => check(`${name}[${at}]`, item));
  };
}

export type Fields<T> = { [Name in keyof T]-?: Check<T[Name]> };

/** An object with these fields; others are not looked at. */
export function record<T extends object>(fields: Fields<T>): Check<T> {
  const checks = Object.entries(fields) as [string, Check<unknown>][];
  return (name, value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw wrongType(name, 'an object', value);
    }
    const out: Record<string, unknown> = {};
    for (const [field, check] of checks) {
      out[field] = check(`${name}.${field}`, (value as Record<string, unknown>)[field]);
    }
    return out as T;
  };
}
