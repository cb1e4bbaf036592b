/**
 * Around a change of the clocks the server leaves firings out and makes others up (Server 1.29: a time in the gap of
 * spring is lost, a part of the hours after the repeated one of autumn is lost, and some come twice). What it says for
 * those days is held against what should be. Where they differ, every wanted firing of these hours goes into the schedule
 * by itself, as an interval that comes once, and what is still too much is left out.
 */
import type { Zone } from './zone.js';

export interface Corrections {
  /** Instants, in seconds since 1970, that are added. */
  readonly add: readonly number[];
  /** Minutes of the wall in the schedule's zone whose first second is left out. */
  readonly leaveOut: readonly WallMinute[];
}

export interface WallMinute {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
}

export const NO_CORRECTIONS: Corrections = { add: [], leaveOut: [] };

const HOUR_MS = 3_600_000;
const BEFORE_MS = 2 * HOUR_MS;
const AFTER_MS = 3 * HOUR_MS;

/** Where the server may be wrong about a change of the clocks. */
export const hoursAround = (change: number): [number, number] => [change - 26 * HOUR_MS, change + 26 * HOUR_MS];

/** Every wanted firing of the hours in question. */
export const additions = (expected: readonly number[], change: number): Corrections => ({
  add: expected.filter((at) => at > change - BEFORE_MS && at < change + AFTER_MS).map((at) => at / 1000),
  leaveOut: [],
});

/**
 * What is left to leave out, once everything wanted was added. A minute is left out in both copies of a repeated hour:
 * where one of them is wanted, that firing comes a second later.
 */
export function omissions(
  { add }: Corrections,
  expected: readonly number[],
  served: readonly number[],
  zone: Zone,
): Corrections {
  const wanted = new Set(expected);
  const key = (at: number): string => JSON.stringify(wallMinute(at, zone));
  const surplus = new Map(
    served.filter((at) => !wanted.has(at)).map((at): [string, WallMinute] => [key(at), wallMinute(at, zone)]),
  );
  return { add: add.map((at) => (surplus.has(key(at * 1000)) ? at + 1 : at)), leaveOut: [...surplus.values()] };
}

export const joined = (all: readonly Corrections[]): Corrections => ({
  add: all.flatMap((each) => each.add),
  leaveOut: all.flatMap((each) => each.leaveOut),
});

/** Whether both are the same, minute by minute. */
export const sameMinutes = (one: readonly number[], other: readonly number[]): boolean =>
  one.map(minuteOf).join() === other.map(minuteOf).join();

const minuteOf = (at: number): number => Math.floor(at / 60_000);

function wallMinute(at: number, zone: Zone): WallMinute {
  const wall = new Date(at + zone.offsetMs(at));
  return {
    year: wall.getUTCFullYear(),
    month: wall.getUTCMonth() + 1,
    day: wall.getUTCDate(),
    hour: wall.getUTCHours(),
    minute: wall.getUTCMinutes(),
  };
}
