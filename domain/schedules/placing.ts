/**
 * Smart scheduling: where inside its window a run begins. Every quarter of an hour of the window is a candidate; the one
 * with the least expected cost is taken. The cost of a moment, in minutes: how long batches have waited for runners at
 * that hour of the week while the run would take, plus what it would cost to run again what has failed more often at that
 * hour of the day, plus a little for every hour of delay, because a failure that is found early is cheap. The last
 * candidate is the latest start: a run is moved, never left out.
 */
import { first } from './firings.js';
import type { Window } from './schedule.schema.js';
import { zoneOf } from './zone.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const STEP_MS = 15 * MINUTE_MS;
/** Minutes of cost for an hour of delay. */
const COST_OF_DELAY = 0.5;
/** Fewer runs at an hour say nothing about it. */
const LEAST_RUNS = 5;
/** Any hour is taken to fail so often: one that was never tried is worth a try, and one red night moves nothing. */
const USUAL_SHARE = 0.1;
/** One-sided 90 %: a share counts as far as it is that certain. */
const Z = 1.28;
/** The newest durations that a prediction is made of: a median forgets a single bad night. */
const LOOKED_AT = 9;
const UNKNOWN_DURATION_MS = 10 * MINUTE_MS;

/** One hour that is over: how much batches waited in it. */
export interface LoadHour {
  readonly hourMs: number;
  readonly meanWaitMs: number;
  readonly batches: number;
}

/** One run of the schedule that is over, oldest first. */
export interface PastRun {
  readonly startedMs: number;
  readonly durationMs: number;
  readonly green: boolean;
}

export interface Placing {
  readonly startMs: number;
  readonly latestMs: number;
  /** One sentence: why then. */
  readonly reason: string;
  readonly predictedMs: number;
  /** Expected wait at the chosen moment, and at the moment of the firing. */
  readonly waitMs: number;
  readonly waitAtFiringMs: number;
  /** Share of runs at the chosen hour of the day that failed; 0 without any. */
  readonly failureShare: number;
}

/** Runs that began at one hour of the day. */
interface HourOfRuns {
  readonly runs: number;
  readonly failed: number;
}

/** Median of the newest runs; undefined without any. */
export function predictedDuration(past: readonly PastRun[]): number | undefined {
  const newest = past.slice(-LOOKED_AT).map((run) => run.durationMs);
  return newest.length === 0 ? undefined : median(newest);
}

export interface PlacingFacts {
  readonly firedMs: number;
  readonly timezone: string;
  readonly window: Window;
  readonly load: readonly LoadHour[];
  readonly past: readonly PastRun[];
}

export function place({ firedMs, timezone, window, load, past }: PlacingFacts): Placing {
  const predictedMs = predictedDuration(past) ?? UNKNOWN_DURATION_MS;
  const { opensMs, closesMs } = windowAround(firedMs, timezone, window);
  const firstMs = Math.max(firedMs, opensMs);
  const latestMs = Math.max(firstMs, closesMs - predictedMs);
  const waits = weeklyWaits(load, timezone);
  const hours = runsByHour(past, timezone);
  const costs = candidates(firstMs, latestMs).map((startMs) => {
    const waitMs = waitDuring(startMs, predictedMs, waits, timezone);
    const again = expectedShare(hours(startMs)) * (predictedMs / MINUTE_MS);
    const delay = ((startMs - firstMs) / HOUR_MS) * COST_OF_DELAY;
    return { startMs, waitMs, cost: waitMs / MINUTE_MS + again + delay };
  });
  const best = costs.reduce((least, each) => (each.cost < least.cost - 1e-9 ? each : least));
  const waitAtFiringMs = waitDuring(firstMs, predictedMs, waits, timezone);
  return {
    startMs: best.startMs,
    latestMs,
    predictedMs,
    waitMs: best.waitMs,
    waitAtFiringMs,
    failureShare: shareOf(hours(best.startMs)),
    reason: reasonOf(best, {
      firstMs,
      latestMs,
      waitAtFiringMs,
      predictedMs,
      timezone,
      known: load.length > 0,
      runs: past.length,
      hours,
    }),
  };
}

/** Whoever fires a schedule by hand wants it now. */
export function atOnce({ firedMs, timezone, load, past }: PlacingFacts): Placing {
  const predictedMs = predictedDuration(past) ?? UNKNOWN_DURATION_MS;
  const waitMs = waitDuring(firedMs, predictedMs, weeklyWaits(load, timezone), timezone);
  return {
    startMs: firedMs,
    latestMs: firedMs,
    predictedMs,
    waitMs,
    waitAtFiringMs: waitMs,
    failureShare: shareOf(runsByHour(past, timezone)(firedMs)),
    reason: 'begins at once: it was fired by hand, and waits for no window',
  };
}

/** The window that is open at an instant, or the next one. */
export function windowAround(
  atMs: number,
  timezone: string,
  { from, to }: Window,
): { opensMs: number; closesMs: number } {
  const zone = zoneOf(timezone);
  const wall = atMs + zone.offsetMs(atMs);
  const day = Math.floor(wall / DAY_MS);
  const [opens, closes] = [minutesOf(from), minutesOf(to)];
  const length = ((closes - opens + 1440) % 1440 || 1440) * MINUTE_MS;
  for (const start of [day - 1, day, day + 1]) {
    const opensWall = start * DAY_MS + opens * MINUTE_MS;
    const opensMs = first(
      instantsFrom(zone.instantsOf(opensWall), () => zone.endOfGap(opensWall)),
      1,
    )[0]!;
    if (opensMs + length > atMs) return { opensMs, closesMs: opensMs + length };
  }
  throw new RangeError('a window that opens every day opens within two days');
}

function* instantsFrom(known: readonly number[], otherwise: () => number): Generator<number> {
  if (known.length === 0) yield otherwise();
  yield* known;
}

const minutesOf = (clock: string): number => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3));

function candidates(firstMs: number, latestMs: number): number[] {
  const all = [firstMs];
  for (let at = firstMs + STEP_MS; at < latestMs; at += STEP_MS) all.push(at);
  if (latestMs > firstMs) all.push(latestMs);
  return all;
}

/** Hour of the week on the wall, 0 … 167. */
function slotOf(atMs: number, timezone: string): number {
  const wall = new Date(atMs + zoneOf(timezone).offsetMs(atMs));
  return wall.getUTCDay() * 24 + wall.getUTCHours();
}

/** Mean wait of each hour of the week; one without a batch yet is taken to be like the same hour of the other days. */
function weeklyWaits(load: readonly LoadHour[], timezone: string): number[] {
  const week = Array.from({ length: 168 }, () => ({ wait: 0, hours: 0 }));
  const day = Array.from({ length: 24 }, () => ({ wait: 0, hours: 0 }));
  for (const { hourMs, meanWaitMs } of load) {
    const slot = slotOf(hourMs, timezone);
    for (const sum of [week[slot]!, day[slot % 24]!]) {
      sum.wait += meanWaitMs;
      sum.hours++;
    }
  }
  return week.map((own, slot) => {
    const { wait, hours } = own.hours > 0 ? own : day[slot % 24]!;
    return hours === 0 ? 0 : wait / hours;
  });
}

function waitDuring(startMs: number, lengthMs: number, waits: readonly number[], timezone: string): number {
  const hours = Math.max(1, Math.ceil(lengthMs / HOUR_MS));
  let sum = 0;
  for (let i = 0; i < hours; i++) sum += waits[slotOf(startMs + i * HOUR_MS, timezone)]!;
  return sum / hours;
}

function runsByHour(past: readonly PastRun[], timezone: string): (atMs: number) => HourOfRuns {
  const byHour = Array.from({ length: 24 }, () => ({ runs: 0, failed: 0 }));
  const hourOf = (atMs: number): number => slotOf(atMs, timezone) % 24;
  for (const run of past) {
    const hour = byHour[hourOf(run.startedMs)]!;
    hour.runs++;
    if (!run.green) hour.failed++;
  }
  return (atMs) => byHour[hourOf(atMs)]!;
}

const shareOf = ({ runs, failed }: HourOfRuns): number => (runs === 0 ? 0 : failed / runs);

/** What the failures of an hour say for certain: the lower end of Wilson's interval, never less than what is usual. */
function expectedShare({ runs, failed }: HourOfRuns): number {
  if (runs < LEAST_RUNS) return USUAL_SHARE;
  const share = failed / runs;
  const spread = Z * Math.sqrt((share * (1 - share)) / runs + Z ** 2 / (4 * runs ** 2));
  const lower = (share + Z ** 2 / (2 * runs) - spread) / (1 + Z ** 2 / runs);
  return Math.max(USUAL_SHARE, lower);
}

function median(all: readonly number[]): number {
  const sorted = [...all].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

interface ReasonFacts {
  readonly firstMs: number;
  readonly latestMs: number;
  readonly waitAtFiringMs: number;
  readonly predictedMs: number;
  readonly timezone: string;
  readonly known: boolean;
  readonly runs: number;
  readonly hours: (atMs: number) => HourOfRuns;
}

function reasonOf(best: { startMs: number; waitMs: number }, facts: ReasonFacts): string {
  const { firstMs, latestMs, waitAtFiringMs, predictedMs, timezone, known, runs, hours } = facts;
  const clock = (ms: number): string => {
    const wall = new Date(ms + zoneOf(timezone).offsetMs(ms));
    return wall.toISOString().slice(11, 16);
  };
  const length =
    runs === 0
      ? 'no run to learn from yet'
      : `${minutesText(predictedMs)} expected from ${runs} run${runs === 1 ? '' : 's'}`;
  const limits = `${length}; it may begin until ${clock(latestMs)}`;
  const failedAt = (ms: number): string => {
    const { runs: all, failed } = hours(ms);
    return all === 0
      ? `none has run at ${clock(ms).slice(0, 2)}h`
      : `${failed} of ${all} runs at ${clock(ms).slice(0, 2)}h failed`;
  };
  if (best.startMs === firstMs)
    return known
      ? `begins at ${clock(firstMs)}: no later moment is better; batches wait ${minutesText(best.waitMs)} then, ${failedAt(firstMs)} (${limits})`
      : `begins at ${clock(firstMs)}: nothing is known yet of how busy the machines are, ${failedAt(firstMs)} (${limits})`;
  const waits = `batches wait ${minutesText(best.waitMs)} then, ${minutesText(waitAtFiringMs)} at ${clock(firstMs)}`;
  return `moved to ${clock(best.startMs)}: ${waits}; ${failedAt(firstMs)}, ${failedAt(best.startMs)} (${limits})`;
}

const minutesText = (ms: number): string =>
  ms < MINUTE_MS ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / MINUTE_MS)} min`;
