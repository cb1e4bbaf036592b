/** Lengths of time in settings and rules: as schedules write them, and nothing at all as well. */
import { z } from 'zod';
import { secondsOf } from '../schedules/duration.js';

/** Milliseconds of `30s`, `5m`, `1h30m`, `90` (seconds), `0`; undefined when it is no length of time. */
export function durationMs(given: string | number): number | undefined {
  if (/^0+ *s?$/.test(String(given).trim())) return 0;
  const seconds = secondsOf(given);
  return seconds === undefined ? undefined : seconds * 1000;
}

/** A length of time between two limits, such as `5m`; kept as it was written. */
export const duration = (leastMs: number, mostMs: number) =>
  z.union([z.string().min(1).max(40), z.number()]).refine(
    (text) => {
      const ms = durationMs(text);
      return ms !== undefined && ms >= leastMs && ms <= mostMs;
    },
    { error: `a length of time from ${lengthText(leastMs)} to ${lengthText(mostMs)}, such as 30s, 5m or 1h30m` },
  );

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const;

/** `90000` as `1m30s`; parts of a second are left out. */
export function lengthText(ms: number): string {
  let rest = ms;
  let text = '';
  for (const [unit, length] of UNITS) {
    const count = Math.floor(rest / length);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * length;
  }
  return text || '0s';
}
