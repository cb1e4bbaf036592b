/** Baton's own figures: the score of its runners by the formula that docs/monitoring.md gives. */
import { describe, expect, it } from 'vitest';
import { healthScore } from '../../activities/monitoring/facts.js';
import type { RunnerStatus } from '../../domain/runner.schema.js';

const NOW = Date.parse('2026-03-02T10:00:00Z');
const minutesAgo = (minutes: number): string => new Date(NOW - minutes * 60_000).toISOString();
const runner = (name: string, status: RunnerStatus, minutes = 0) => ({
  name,
  status,
  last_heartbeat: minutesAgo(minutes),
});
const batches = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts).map(([outcome, count]) => ({ outcome, count }));

describe('the health score of runners', () => {
  const four = ['a', 'b', 'c', 'd'].map((name) => runner(name, name === 'a' ? 'busy' : 'idle'));

  it('is 100 when all are there and no batch ended in an error; failed tests are none', () => {
    expect(healthScore(four, [], batches({ passed: 5, failed: 5 }), NOW)).toBe(100);
    expect(healthScore(four, [], [], NOW)).toBe(100);
  });

  it('drops with each that is lost, whether or not another has its place already', () => {
    const [, ...three] = four;
    expect(healthScore([runner('a', 'lost'), ...three], [], [], NOW)).toBe(75);
    expect(healthScore(four, ['a'], [], NOW)).toBe(75);
    expect(healthScore([runner('a', 'lost'), ...three], ['a'], [], NOW), 'counted once').toBe(75);
    expect(healthScore([runner('a', 'lost')], ['a'], [], NOW)).toBe(0);
  });

  it('drops with the share of batches that ended in an error', () => {
    expect(healthScore(four, [], batches({ passed: 6, timeout: 2, lost_worker: 2 }), NOW)).toBeCloseTo(60);
    expect(healthScore(four, ['a'], batches({ passed: 1, timeout: 1 }), NOW)).toBeCloseTo(37.5);
  });

  it('forgets after ten minutes who never came back, and minds nobody who ended in order', () => {
    expect(healthScore([runner('a', 'lost', 11), ...four.slice(1)], [], [], NOW)).toBe(100);
    expect(healthScore([runner('a', 'stopped'), ...four.slice(1)], [], [], NOW)).toBe(100);
    expect(healthScore([], [], [], NOW)).toBeNull();
  });
});
