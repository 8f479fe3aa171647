// What is expected in a scenario matches what came by the rules of scenarios/README.md.

/** Where the two differ, as `{ path, expected, came }`; undefined when it matches. */
export function mismatch(expected, came, path = '') {
  const differs = { path, expected, came };
  if (expected === null) return came === null || came === undefined ? undefined : differs;
  if (Array.isArray(expected)) {
    if (!Array.isArray(came) || came.length !== expected.length) return differs;
    return first(expected.map((item, at) => () => mismatch(item, came[at], `${path}[${at}]`)));
  }
  if (typeof expected === 'object') {
    if (Object.keys(expected).join() === 'contains') {
      return typeof came === 'string' && came.includes(expected.contains) ? undefined : differs;
    }
    if (typeof came !== 'object' || came === null || Array.isArray(came)) return differs;
    return first(Object.keys(expected).map((name) => () => mismatch(expected[name], came[name], `${path}.${name}`)));
  }
  if (typeof expected === 'string' && isCase(came)) return Object.hasOwn(came, expected) ? undefined : differs;
  return expected === came ? undefined : differs;
}

/** Whether two JSON values are equal, whatever the order of members. */
export function isSame(one, other) {
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return one === other;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const names = Object.keys(one);
  return names.length === Object.keys(other).length
    && names.every((name) => Object.hasOwn(other, name) && isSame(one[name], other[name]));
}

/** A case with a value, as the answers of a call are told. */
function isCase(came) {
  return typeof came === 'object' && came !== null && !Array.isArray(came) && Object.keys(came).length === 1;
}

function first(checks) {
  for (const check of checks) {
    const found = check();
    if (found) return found;
  }
  return undefined;
}
