/** Series with known truth: load that follows the clock, with and without something put into it. Seeds are fixed. */
import { describe, expect, it } from 'vitest';
import { Detector, type Finding } from '../../../domain/monitoring/anomaly.js';
import { daily, type Injection, judged, random } from '../../support/series.js';

const DAYS = 14;
const FIVE_MINUTES = 300_000;

const findings = (values: readonly number[], stepMs = FIVE_MINUTES): (Finding & { index: number })[] => {
  const detector = new Detector();
  return values.flatMap((value, index) => {
    const found = detector.push({ at: 1_760_000_000_000 + index * stepMs, value });
    return found ? [{ ...found, index }] : [];
  });
};

describe('load that follows the clock', () => {
  it.each(['sine', 'office', 'square'] as const)('%s: six series of four weeks, no alarm', (shape) => {
    const alarms = Array.from(
      { length: 6 },
      (_, seed) => findings(daily({ shape, days: 28, seed, noise: 0.05 })).length,
    );
    expect(alarms.reduce((a, b) => a + b)).toBe(0);
  });

  it.each([0, 0.02])('a flat series with noise %s raises none', (noise) => {
    const values = Array.from(
      { length: 4 },
      (_, seed) => findings(daily({ shape: 'flat', days: DAYS, seed, noise })).length,
    );
    expect(values).toEqual(Array(4).fill(0));
  });

  it('the first day is for learning: not even the first morning is an anomaly', () => {
    expect(findings(daily({ shape: 'office', days: 1, seed: 3, noise: 0.02 }))).toEqual([]);
  });
});

describe('what was put in is found', () => {
  const cases = (kind: Injection['kind']): { found: number; false: number; all: number } => {
    const sum = { found: 0, false: 0, all: 0 };
    for (const shape of ['sine', 'office', 'flat'] as const)
      for (let seed = 100; seed < 104; seed++) {
        const next = random(seed);
        const start = Math.floor((8.5 + next() * 4) * 288);
        const injection: Injection = {
          kind,
          start,
          length: kind === 'spike' ? 3 : kind === 'step' ? 72 : 288,
          size: 1.2,
        };
        const got = judged(findings(daily({ shape, days: DAYS, seed, noise: 0.05, injection })), injection);
        sum.all++;
        sum.found += got.found ? 1 : 0;
        sum.false += got.false;
      }
    return sum;
  };

  it.each([
    ['spike', 0.95],
    ['step', 0.95],
    ['drift', 0.9],
  ] as const)('%s', (kind, least) => {
    const got = cases(kind);
    expect(got.found / got.all).toBeGreaterThanOrEqual(least);
    expect(got.found / (got.found + got.false)).toBeGreaterThanOrEqual(0.9);
  });

  it('one event is told once', () => {
    const injection: Injection = { kind: 'step', start: 2500, length: 100, size: 2 };
    expect(findings(daily({ shape: 'sine', days: DAYS, seed: 5, noise: 0.05, injection }))).toHaveLength(1);
  });

  it('a value that is no number is passed over', () => {
    expect(new Detector().push({ at: 0, value: Number.NaN })).toBeUndefined();
  });
});
