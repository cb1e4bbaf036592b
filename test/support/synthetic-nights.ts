/**
 * A schedule that fires at 22:00 and may begin until 06:00, on machines whose hours are made up by a seed. Each night is
 * placed by what the nights before have shown, and then lived through.
 */
import { random as seeded } from './series.js';
import { place, type LoadHour, type PastRun, type Placing } from '../../domain/schedules/placing.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const FIRST_NIGHT_MS = Date.UTC(2027, 0, 4, 22);
const WINDOW = { from: '22:00', to: '06:00' };
/** As the ledger gives it. */
const LEARNT_FROM_MS = 28 * DAY_MS;

export interface World {
  readonly seed: number;
  readonly nights: number;
  /** Minutes that a batch waits for a runner when it comes at this hour of the day, on average. */
  readonly waitMinutes: (hour: number) => number;
  /** How likely a run that begins at this hour of the day fails. */
  readonly failing: (hour: number) => number;
  readonly runMinutes: number;
}

export interface Night {
  readonly placing: Placing;
  readonly hour: number;
  /** What the run waited at the chosen moment, and what it would have waited at the firing. */
  readonly waitMs: number;
  readonly waitAtFiringMs: number;
  readonly green: boolean;
}

export function nightsOf({ seed, nights, waitMinutes, failing, runMinutes }: World): Night[] {
  const random = seeded(seed);
  const lived: Night[] = [];
  const past: PastRun[] = [];
  const hours = hoursFrom(FIRST_NIGHT_MS - 7 * DAY_MS, nights + 9, waitMinutes, random);
  const waitAt = (ms: number): number => hours.find(({ hourMs }) => hourMs === ms - (ms % HOUR_MS))!.meanWaitMs;
  for (let night = 0; night < nights; night++) {
    const firedMs = FIRST_NIGHT_MS + night * DAY_MS;
    const load = hours.filter(({ hourMs }) => hourMs + HOUR_MS <= firedMs && hourMs >= firedMs - LEARNT_FROM_MS);
    const placing = place({ firedMs, timezone: 'UTC', window: WINDOW, load, past });
    const hour = new Date(placing.startMs).getUTCHours();
    const green = random() >= failing(hour);
    const durationMs = runMinutes * MINUTE_MS * Math.exp((random() - 0.5) * 0.4);
    past.push({ startedMs: placing.startMs, durationMs, green });
    lived.push({ placing, hour, waitMs: waitAt(placing.startMs), waitAtFiringMs: waitAt(firedMs), green });
  }
  return lived;
}

/** What others put on the machines: each hour is up to a half above or below its mean. */
function hoursFrom(fromMs: number, days: number, waitMinutes: World['waitMinutes'], random: () => number): LoadHour[] {
  return Array.from({ length: days * 24 }, (_, i) => {
    const hourMs = fromMs + i * HOUR_MS;
    const meanWaitMs = waitMinutes(new Date(hourMs).getUTCHours()) * MINUTE_MS * (0.5 + random());
    return { hourMs, meanWaitMs, batches: 20 };
  });
}

/** Others' nightly work keeps the runners busy until one. */
export const BUSY_UNTIL_ONE = (hour: number): number => (hour >= 20 || hour < 1 ? 20 : 1);
export const NEVER_BUSY = (): number => 0;
export const mean = (all: readonly number[]): number => all.reduce((sum, each) => sum + each, 0) / all.length;
