/** Lengths of time as people write them, in seconds. */

const UNITS: Readonly<Record<string, number>> = {
  s: 1,
  sec: 1,
  second: 1,
  seconds: 1,
  m: 60,
  min: 60,
  minute: 60,
  minutes: 60,
  h: 3600,
  hour: 3600,
  hours: 3600,
  d: 86_400,
  day: 86_400,
  days: 86_400,
  w: 604_800,
  week: 604_800,
  weeks: 604_800,
};

/** `90` (seconds), `90s`, `15 minutes`, `1h30m`; undefined for anything else, and for nothing. */
export function secondsOf(given: string | number): number | undefined {
  const text = String(given).trim().toLowerCase();
  if (/^\d{1,9}$/.test(text)) return positive(Number(text));
  if (!/^(\d{1,9} *[a-z]+ *)+$/.test(text) || text.length > 60) return undefined;
  let seconds = 0;
  for (const [, amount, unit] of text.matchAll(/(\d{1,9}) *([a-z]+)/g)) {
    const length = Object.hasOwn(UNITS, unit!) ? UNITS[unit!] : undefined;
    if (length === undefined) return undefined;
    seconds += Number(amount) * length;
  }
  return positive(seconds);
}

const positive = (seconds: number): number | undefined => (seconds > 0 ? seconds : undefined);

/** `90 s`, `15 min`, `4 h`, `2 d`: the largest unit that leaves nothing over. */
export function durationText(seconds: number): string {
  for (const [unit, length] of [
    ['d', 86_400],
    ['h', 3600],
    ['min', 60],
  ] as const)
    if (seconds >= length && seconds % length === 0) return `${seconds / length} ${unit}`;
  return `${seconds} s`;
}
