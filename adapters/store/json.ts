/**
 * Values on their way into the database. PostgreSQL's text cannot hold U+0000 and its JSON refuses half a surrogate
 * pair; test output holds both. They become U+FFFD, so that no odd message can keep a result from being stored.
 */
const ODD_ESCAPE = /\\u(?:0000|d[89a-f])/i;

/** Text for a column. */
export function toText(text: string): string {
  const whole = text.toWellFormed();
  return whole.includes('\0') ? whole.replaceAll('\0', '\uFFFD') : whole;
}

/** JSON for a `jsonb` parameter or for `jsonb_to_recordset`. */
export function toJson(value: unknown): string {
  const text = JSON.stringify(value);
  if (!ODD_ESCAPE.test(text)) return text;
  return JSON.stringify(value, (_key, each: unknown) => (typeof each === 'string' ? toText(each) : each));
}

/** A time column as the contracts want it. */
export function iso(time: Date): string;
export function iso(time: Date | null): string | null;
export function iso(time: Date | null): string | null {
  return time === null ? null : time.toISOString();
}
