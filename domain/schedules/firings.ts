/**
 * When a schedule should fire, worked out here, to hold what the server says against it. Where clocks change, Vixie
 * cron's rule holds: a time that does not exist fires right after the gap and a time that comes twice fires once, if the
 * cron string names one time of the day; strings with several fire by the clock on the wall.
 */
import type { Cron } from './cron.js';
import { type Zone, zoneOf } from './zone.js';

const DAY_MS = 86_400_000;
/** Leap days are eight years apart at most. */
const LONGEST_WAIT_MS = 9 * 366 * DAY_MS;

/** Firings of one cron string after an instant, in order, for at most nine years without one. */
export function* cronFirings(cron: Cron, timezone: string, afterMs: number): Generator<number> {
  const zone = zoneOf(timezone);
  let last = afterMs;
  // A day earlier, because a gap or a repeated hour may belong to the day before.
  for (let day = wallDay(zone, afterMs - DAY_MS); day * DAY_MS < last + LONGEST_WAIT_MS; day++) {
    if (!isDay(cron, day)) continue;
    for (const at of ofDay(cron, zone, day)) {
      if (at <= last) continue;
      last = at;
      yield at;
    }
  }
}

/** Firings of an interval as the server counts it: from the beginning of 1970, in UTC. */
export function* intervalFirings(everySeconds: number, offsetSeconds: number, afterMs: number): Generator<number> {
  const every = everySeconds * 1000;
  const offset = offsetSeconds * 1000;
  for (let n = Math.floor((afterMs - offset) / every) + 1; ; n++) yield n * every + offset;
}

/** Several sources as one, in order, each instant once. */
export function* merged(sources: readonly Generator<number>[]): Generator<number> {
  const heads = sources.map((source) => source.next());
  for (;;) {
    const next = heads.reduce((least, head) => (head.done ? least : Math.min(least, head.value)), Infinity);
    if (next === Infinity) return;
    yield next;
    heads.forEach((head, i) => {
      if (!head.done && head.value === next) heads[i] = sources[i]!.next();
    });
  }
}

export function until(source: Generator<number>, untilMs: number): number[] {
  const found: number[] = [];
  for (const at of source) {
    if (at > untilMs) break;
    found.push(at);
  }
  return found;
}

export function first(source: Generator<number>, count: number): number[] {
  const found: number[] = [];
  if (count > 0)
    for (const at of source) {
      found.push(at);
      if (found.length === count) break;
    }
  return found;
}

const wallDay = (zone: Zone, instantMs: number): number => Math.floor((instantMs + zone.offsetMs(instantMs)) / DAY_MS);

function isDay(cron: Cron, day: number): boolean {
  const date = new Date(day * DAY_MS);
  return (
    cron.month.includes(date.getUTCMonth() + 1) &&
    cron.dayOfMonth.includes(date.getUTCDate()) &&
    cron.dayOfWeek.includes(date.getUTCDay())
  );
}

function ofDay(cron: Cron, zone: Zone, day: number): number[] {
  const oneTime = cron.hour.length === 1 && cron.minute.length === 1;
  const found: number[] = [];
  for (const hour of cron.hour)
    for (const minute of cron.minute) {
      const wall = day * DAY_MS + hour * 3_600_000 + minute * 60_000;
      const instants = zone.instantsOf(wall);
      if (instants.length > 0) found.push(...(oneTime ? instants.slice(0, 1) : instants));
      else if (oneTime) found.push(zone.endOfGap(wall));
    }
  return found.sort((a, b) => a - b);
}
