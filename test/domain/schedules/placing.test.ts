import { describe, expect, it } from 'vitest';
import { atOnce, place, predictedDuration, type PastRun } from '../../../domain/schedules/placing.js';
import { random as seeded } from '../../support/series.js';
import { BUSY_UNTIL_ONE, mean, NEVER_BUSY, nightsOf } from '../../support/synthetic-nights.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const SEEDS = Array.from({ length: 20 }, (_, i) => i + 1);
const TEN = Date.UTC(2027, 0, 4, 22);
const night = (more: Partial<Parameters<typeof place>[0]> = {}) =>
  place({ firedMs: TEN, timezone: 'UTC', window: { from: '22:00', to: '06:00' }, load: [], past: [], ...more });
const runs = (count: number, failed: number, hour = 22): PastRun[] =>
  Array.from({ length: count }, (_, i) => ({
    startedMs: TEN - (count - i) * 24 * HOUR_MS + (hour - 22) * HOUR_MS,
    durationMs: HOUR_MS,
    green: i >= failed,
  }));

describe('thirty nights with a window in which runners are busy', () => {
  it.each(SEEDS)('leave it, and wait less: seed %i', (seed) => {
    const nights = nightsOf({ seed, nights: 30, waitMinutes: BUSY_UNTIL_ONE, failing: () => 0.05, runMinutes: 60 });
    expect(nights.every(({ hour }) => hour >= 1 && hour < 6)).toBe(true);
    const [before, after] = [mean(nights.map((n) => n.waitAtFiringMs)), mean(nights.map((n) => n.waitMs))];
    expect(before / MINUTE_MS).toBeGreaterThan(15);
    expect(after / MINUTE_MS).toBeLessThan(2);
    const { placing } = nights.at(-1)!;
    expect(placing.reason).toMatch(/^moved to 0[1-5]:\d\d: batches wait \d+ (s|min) then, \d+ min at 22:00/);
    expect(placing.waitMs).toBeLessThan(placing.waitAtFiringMs / 5);
  });

  it('are not moved where no later moment is better', () => {
    const nights = nightsOf({ seed: 1, nights: 30, waitMinutes: NEVER_BUSY, failing: () => 0, runMinutes: 60 });
    expect(nights.filter(({ hour }) => hour !== 22)).toEqual([]);
  });
});

describe('an hour that fails more often', () => {
  const failing = (hour: number): number => (hour === 22 ? 0.6 : 0.05);

  it.each(SEEDS)('is avoided once that is certain, and what was counted is said: seed %i', (seed) => {
    const nights = nightsOf({ seed, nights: 60, waitMinutes: NEVER_BUSY, failing, runMinutes: 60 });
    const left = nights.findIndex(({ hour }) => hour !== 22);
    expect(left).toBeGreaterThanOrEqual(5);
    expect(left).toBeLessThanOrEqual(20);
    const { length } = nights.slice(left).filter(({ hour }) => hour === 22);
    expect(length / (60 - left)).toBeLessThan(0.1);
    const red = nights.slice(0, left).filter(({ green }) => !green).length;
    expect(nights[left]!.placing.reason).toContain(`${red} of ${left} runs at 22h failed, none has run at 23h`);
  });

  it('needs five runs: fewer say nothing', () => {
    expect(night({ past: runs(4, 4) }).startMs).toBe(TEN);
    expect(night({ past: runs(5, 1) }).startMs).toBe(TEN);
    const moved = night({ past: runs(5, 4) });
    expect(moved.startMs).toBe(TEN + HOUR_MS);
    expect(moved.reason).toContain('4 of 5 runs at 22h failed');
  });

  it('is taken again when every hour is as bad: a run is moved, never left out', () => {
    const past = Array.from({ length: 24 }, (_, hour) => runs(6, 6, hour)).flat();
    expect(night({ past })).toMatchObject({ startMs: TEN, failureShare: 1 });
  });
});

describe('the latest start', () => {
  it('is the end of the window less the expected duration, and never before the firing', () => {
    expect(night({ past: runs(9, 0) }).latestMs).toBe(TEN + 7 * HOUR_MS);
    const late = night({ firedMs: TEN + 7.9 * HOUR_MS, past: runs(9, 0) });
    expect(late).toMatchObject({ startMs: TEN + 7.9 * HOUR_MS, latestMs: TEN + 7.9 * HOUR_MS });
  });

  it('of a firing by hand is now', () => {
    const noon = TEN - 10 * HOUR_MS;
    const facts = { firedMs: noon, timezone: 'UTC', window: { from: '22:00', to: '06:00' }, load: [], past: [] };
    expect(atOnce(facts)).toMatchObject({ startMs: noon, latestMs: noon });
    expect(place(facts).startMs).toBe(TEN);
  });
});

describe('the expected duration', () => {
  const random = seeded(7);
  const noisy = (minutes: number): number => minutes * MINUTE_MS * Math.exp((random() + random() - 1) * 0.5);
  it.each([
    ['of a suite that varies', () => noisy(40)],
    ['of one that grows by half a percent a night', (i: number) => noisy(20 * 1.005 ** i)],
    ['of one that has become twice as long', (i: number) => noisy(i < 60 ? 20 : 40)],
    ['of one with a bad night in ten', (i: number) => noisy(i % 10 === 0 ? 120 : 30)],
  ])('%s is right within 20 % in the middle, on nights it has not seen', (_, durationOf) => {
    const all = Array.from({ length: 120 }, (_each, i) => ({ startedMs: i, durationMs: durationOf(i), green: true }));
    const errors = all.slice(30).map((run, i) => {
      const predicted = predictedDuration(all.slice(0, 30 + i))!;
      return Math.abs(predicted - run.durationMs) / run.durationMs;
    });
    expect(errors.sort((a, b) => a - b)[45]).toBeLessThanOrEqual(0.2);
  });
});
