/** How long a server that is too busy wants to be left alone. */

/** By name, in lower case. */
export type Header = (name: string) => string | null | undefined;

/** Nobody is believed beyond this. */
const LONGEST_MS = 24 * 3_600_000;

/**
 * Milliseconds from `retry-after-ms`, `retry-after` (seconds or a date) or, where a limit is used up, the time at which
 * it begins anew (`x-ratelimit-reset-*`, such as `1m30s` or `250ms`). Undefined: the server did not say.
 */
export function serverDelay(header: Header, nowMs: number): number | undefined {
  const asked = [
    inMs(header('retry-after-ms'), 1),
    inMs(header('retry-after'), 1000),
    untilDate(header('retry-after'), nowMs),
  ];
  const told = asked.find((ms) => ms !== undefined);
  if (told !== undefined) return within(told);
  const resets = ['requests', 'tokens']
    .filter((kind) => header(`x-ratelimit-remaining-${kind}`)?.trim() === '0')
    .map((kind) => span(header(`x-ratelimit-reset-${kind}`)))
    .filter((ms) => ms !== undefined);
  return resets.length === 0 ? undefined : within(Math.max(...resets));
}

const within = (ms: number): number => Math.min(LONGEST_MS, Math.max(0, Math.ceil(ms)));

const inMs = (text: string | null | undefined, unit: number): number | undefined =>
  text && /^\d{1,9}(\.\d{1,6})?$/.test(text.trim()) ? Number(text) * unit : undefined;

function untilDate(text: string | null | undefined, nowMs: number): number | undefined {
  const at = text ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : at - nowMs;
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `6m0s`, `1.5s`, `250ms`, or plain seconds. */
function span(text: string | null | undefined): number | undefined {
  const whole = text?.trim() ?? '';
  if (/^\d{1,9}(\.\d{1,6})?$/.test(whole)) return Number(whole) * 1000;
  if (!/^(?:\d{1,9}(?:\.\d{1,9})?(?:ms|s|m|h|d)){1,5}$/.test(whole)) return undefined;
  return [...whole.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)].reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * UNIT_MS[unit!]!,
    0,
  );
}
