import { describe, expect, it } from 'vitest';
import { FLAKY_RULE, flakeStats, flakyExcuse, isFlagged, type PastResult } from '../../domain/flaky.js';

/** `p` passed, `f` failed, `~` flaky; newest first, each at a commit of its own. */
const past = (text: string, change: (i: number) => Partial<PastResult> = () => ({})): PastResult[] =>
  [...text].map((c, i) => ({
    execution: `run_${i}`,
    status: c === 'p' ? 'passed' : c === 'f' ? 'failed' : 'flaky',
    attempts: c === 'p' ? 1 : 2,
    commit: `c${i}`,
    dirty: false,
    ...change(i),
  }));

describe('the flake statistics', () => {
  it('count runs, proofs and the share of attempts that failed', () => {
    expect(flakeStats(past('p~pf'))).toEqual({
      runs: 4,
      failed: 1,
      flaky: 1,
      flips: 0,
      proofs: 1,
      failureRate: 3 / 6,
      brokenLately: false,
    });
  });

  it('count a commit that went both ways, but not one with local changes', () => {
    const same = { commit: 'c' };
    expect(flakeStats(past('pf', () => same)).flips).toBe(1);
    expect(flakeStats(past('pf', () => ({ ...same, dirty: true }))).flips).toBe(0);
    expect(flakeStats(past('pf', () => ({ ...same, dirty: null }))).flips).toBe(0);
    expect(flakeStats(past('pf')).flips).toBe(0);
  });
});

describe('a flagged test', () => {
  it.each([
    ['p~p~p', true],
    ['p~p~', false],
    ['ppppp~', false],
    ['fffp~~', false],
    ['fffff', false],
    ['pppppppp', false],
    ['', false],
  ])('%s: %s', (text, flagged) => {
    expect(isFlagged(flakeStats(past(text)))).toBe(flagged);
  });

  it('a test that fails one time in five at one commit is flagged; one that always fails never is', () => {
    const often = past('ppppfppppfppppf', (i) => ({ commit: `c${Math.floor(i / 5)}`, attempts: 1 }));
    expect(flakeStats(often)).toMatchObject({ flips: 3, failureRate: 0.2 });
    expect(isFlagged(flakeStats(often))).toBe(true);
    expect(isFlagged(flakeStats(past('f'.repeat(20), () => ({ commit: 'c' }))))).toBe(false);
  });

  it('is excused only as far as chance explains its failures', () => {
    const stats = flakeStats(past('p~p~p'));
    expect(stats.failureRate).toBeCloseTo(2 / 7);
    expect(flakyExcuse(stats, 1)).toMatch(/went both ways on the same code 2 times/);
    expect(flakyExcuse(stats, 2)).toMatch(/2 failures in a row/);
    expect(stats.failureRate ** 3).toBeLessThan(FLAKY_RULE.minChance);
    expect(flakyExcuse(stats, 3)).toBeUndefined();
    expect(flakyExcuse(stats, 0)).toBeUndefined();
  });
});
