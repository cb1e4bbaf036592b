/** What the clocks on the wall of a time zone show, and when they are changed. */

/** Minutes east of UTC never change within a quarter of an hour: every zone's changes lie on one. */
const BLOCK_MS = 15 * 60_000;
const MOST_REMEMBERED = 20_000;
const DAY_MS = 86_400_000;

export interface Zone {
  readonly name: string;
  /** Milliseconds to add to an instant to get what the wall shows. */
  offsetMs(instantMs: number): number;
  /** The instants at which the wall shows this: none in a gap, two where an hour is repeated. */
  instantsOf(wallMs: number): number[];
  /** The instant at which the clocks jump over this time of the wall. */
  endOfGap(wallMs: number): number;
  /** Every change of the clocks from one instant to another. */
  changes(fromMs: number, toMs: number): number[];
}

const known = new Map<string, Zone>();

/** Whether the server and this process both know it: IANA names as they are spelled, and UTC. */
export function isZone(name: string): boolean {
  if (name === 'UTC') return true;
  // Offsets such as +02:00 and names in other letters are taken by JavaScript and refused by the server.
  if (!/^[A-Z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+){0,2}$/.test(name)) return false;
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

/** Throws RangeError for a zone that is not known. */
export function zoneOf(name: string): Zone {
  const found = known.get(name);
  if (found) return found;
  const made = makeZone(name);
  known.set(name, made);
  return made;
}

const formatOf = (timeZone: string): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });

function makeZone(name: string): Zone {
  const format = formatOf(name);
  const remembered = new Map<number, number>();
  const offsetMs = (instantMs: number): number => {
    if (name === 'UTC') return 0;
    const block = Math.floor(instantMs / BLOCK_MS);
    const before = remembered.get(block);
    if (before !== undefined) return before;
    const offset = wallOf(format, block * BLOCK_MS) - block * BLOCK_MS;
    if (remembered.size >= MOST_REMEMBERED) remembered.clear();
    remembered.set(block, offset);
    return offset;
  };
  const changeBetween = (fromMs: number, toMs: number): number => {
    let [low, high] = [Math.floor(fromMs / BLOCK_MS), Math.ceil(toMs / BLOCK_MS)];
    const before = offsetMs(fromMs);
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (offsetMs(middle * BLOCK_MS) === before) low = middle;
      else high = middle;
    }
    return high * BLOCK_MS;
  };
  return {
    name,
    offsetMs,
    instantsOf(wallMs) {
      const tried = [wallMs - offsetMs(wallMs - DAY_MS), wallMs - offsetMs(wallMs + DAY_MS)];
      return [...new Set(tried)].filter((at) => at + offsetMs(at) === wallMs).sort((a, b) => a - b);
    },
    endOfGap: (wallMs) => changeBetween(wallMs - DAY_MS, wallMs + DAY_MS),
    changes(fromMs, toMs) {
      const found: number[] = [];
      for (let at = fromMs; at < toMs; at += DAY_MS) {
        const next = Math.min(at + DAY_MS, toMs);
        if (offsetMs(at) !== offsetMs(next)) found.push(changeBetween(at, next));
      }
      return found;
    },
  };
}

function wallOf(format: Intl.DateTimeFormat, instantMs: number): number {
  const parts: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(instantMs)) parts[type] = Number(value);
  const { year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}
