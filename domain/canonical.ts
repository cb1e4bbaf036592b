/**
 * JSON in one form only, as RFC 8785 says: members sorted by UTF-16 code units, no spaces, numbers as JavaScript writes
 * them. Equal values give equal bytes, so that a signature over them can be checked anywhere.
 */

/** Throws for what JSON cannot hold: numbers that are not finite, functions. Members that are undefined are left out. */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`${value} has no form in JSON`);
    return JSON.stringify(value);
  }
  if (typeof value === 'string') return text(value);
  if (Array.isArray(value)) return `[${value.map((each) => canonicalJson(each ?? null)).join(',')}]`;
  if (typeof value !== 'object') throw new TypeError(`a ${typeof value} has no form in JSON`);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([key, member]) => `${text(key)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}

/** Half a surrogate pair has no UTF-8: it becomes U+FFFD, in what is signed and in what is checked. */
function text(value: string): string {
  return JSON.stringify(value.toWellFormed());
}
