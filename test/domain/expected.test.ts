/** Whole suites: what earlier runs had, what the configuration names, what really ran. */
import { describe, expect, it } from 'vitest';
import type { RunEnding } from '../../domain/activities.js';
import { judge } from '../../domain/judge.js';
import type { Plan } from '../../domain/plan.schema.js';
import { anAttempt, anEvidence, anExit, aPlan, aRecord, aSuite } from '../support/builders.js';

const completed: RunEnding = { how: 'completed', problem: null };
const batches = [aRecord('b1', ['a.test.ts'])];
const attempts = [anAttempt('a.test.ts', 'adds', 'passed')];
const plan = (change: Partial<Plan> = {}): Plan => aPlan({ b1: ['a.test.ts'] }, [aSuite()], change);
const gone = [{ suite: 'api', tests: 7, execution: 'run_0' }];

const verdict = (change: Partial<Parameters<typeof judge>[0]>) =>
  judge({ plan: plan(), batches, attempts, ended: completed, notes: [], ...change });

describe('a suite that disappeared', () => {
  it('makes the run incomplete and says how to allow it', () => {
    const judged = verdict({ lastSeen: [...gone, { suite: 'unit', tests: 1, execution: 'run_0' }] });
    expect(judged.verdict.verdict).toBe('incomplete');
    expect(judged.verdict.sentence).toContain('suite api has disappeared: run_0 counted 7 of its tests');
    expect(judged.verdict.sentence).toContain('`removed: [api]`');
    expect(judged.missingSuites).toEqual(['api']);
  });

  it('is green when the configuration says that it was removed, and the allowance is kept', () => {
    const judged = verdict({ plan: plan({ allowed: { removed: ['api'], empty: [] } }), lastSeen: gone });
    expect(judged.verdict.verdict).toBe('passed');
    expect(judged.allowed).toMatchObject([{ suite: 'api', by: 'removed' }]);
    expect(judged.missingSuites).toEqual([]);
  });
});

describe('a suite in which nothing ran', () => {
  const two = (change: Partial<Plan> = {}): Plan => {
    const base = plan();
    const idle = { ...base.batches[0]!, id: 'b2', suite: 'idle', files: ['i.test.ts'] };
    const file = { suite: 'idle', file: 'i.test.ts', predictedMs: 1, basis: 'size' as const };
    return {
      ...base,
      suites: [...base.suites, aSuite('idle')],
      files: [...base.files, file],
      batches: [...base.batches, idle],
      ...change,
    };
  };
  const seen = {
    batches: [...batches, aRecord('b2', ['i.test.ts'], { suite: 'idle' })],
    attempts: [...attempts, anAttempt('i.test.ts', 'later', 'skipped', { suite: 'idle', batch: 'b2' })],
  };

  it('is no evidence, whatever the other suites say', () => {
    const judged = verdict({ ...seen, plan: two() });
    expect(judged.verdict).toMatchObject({ verdict: 'incomplete' });
    expect(judged.reasons).toEqual([
      expect.stringContaining('not one test of suite idle was executed (1 skipped), and that is no evidence'),
    ]);
  });

  it('may be allowed', () => {
    const judged = verdict({ ...seen, plan: two({ allowed: { removed: [], empty: ['idle'] } }) });
    expect(judged.verdict.verdict).toBe('passed');
    expect(judged.allowed).toMatchObject([{ suite: 'idle', by: 'empty' }]);
  });

  it('is noticed too when it has no files at all and the configuration names it', () => {
    expect(verdict({ plan: plan({ emptySuites: ['docs'] }) }).reasons).toEqual([
      expect.stringContaining('suite docs is named in the configuration and has no test files'),
    ]);
    const allowed = plan({ emptySuites: ['docs'], allowed: { removed: [], empty: ['docs'] } });
    expect(verdict({ plan: allowed }).verdict.verdict).toBe('passed');
  });
});

describe('plan, batches and results', () => {
  it('must speak of the same files', () => {
    const missing = plan({
      files: [...plan().files, { suite: 'unit', file: 'b.test.ts', predictedMs: 1, basis: 'size' }],
    });
    expect(verdict({ plan: missing }).verdict.verdict).toBe('incomplete');
    const stranger = [...attempts, anAttempt('z.test.ts', 'uninvited', 'passed')];
    expect(verdict({ attempts: stranger }).reasons).toEqual(['1 results are of files that were not expected']);
    const unplanned = [...batches, aRecord('b2', ['c.test.ts'])];
    expect(verdict({ batches: unplanned }).reasons).toEqual(['1 files of batches are not in the plan']);
  });
});

describe('evidence that says passed and does not hold together', () => {
  const passed = anEvidence('passed');
  it.each([
    ['failed tests', { ...passed, failed: 1 }, /counts 1 failed/],
    ['no end of the reporter', { ...passed, reporterEnded: false }, /no reporter that began and ended/],
    ['files that did not end', { ...passed, filesExpected: 2 }, /1 of 2 files/],
    ['no end of the process', { ...passed, exit: null }, /no record of how its process ended/],
    ['a killed process', { ...passed, exit: { ...anExit, signal: 'SIGKILL' } }, /was killed/],
  ])('is not believed: %s', (_, evidence, because) => {
    const judged = verdict({ batches: [aRecord('b1', ['a.test.ts'], { evidence })] });
    expect(judged.verdict.verdict).toBe('incomplete');
    expect(judged.reasons.join()).toMatch(because);
  });

  it('may lack the end of the process where a later attempt found every file finished', () => {
    const evidence = { ...passed, exit: null };
    expect(verdict({ batches: [aRecord('b1', ['a.test.ts'], { evidence, fence: 2 })] }).verdict.verdict).toBe('passed');
  });
});

it('a run that bailed is never green', () => {
  expect(verdict({ ended: { how: 'bailed', problem: null } }).verdict.verdict).toBe('incomplete');
});
