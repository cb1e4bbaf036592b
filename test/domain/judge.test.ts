import { describe, expect, it } from 'vitest';
import type { RunEnding } from '../../domain/activities.js';
import { judge } from '../../domain/judge.js';
import type { BatchRecord } from '../../domain/ports.js';
import type { Attempt } from '../../domain/result.schema.js';
import { anAttempt, anEvidence, anExit, aPlan, aRecord } from '../support/builders.js';

const completed: RunEnding = { how: 'completed', problem: null };
const plan = aPlan({ b1: ['a.test.ts'], b2: ['b.test.ts'] });
const both = [aRecord('b1', ['a.test.ts']), aRecord('b2', ['b.test.ts'])];
const green = [
  anAttempt('a.test.ts', 'adds', 'passed'),
  anAttempt('b.test.ts', 'subtracts', 'passed', { batch: 'b2' }),
];

function verdictOf(batches: readonly BatchRecord[], attempts: readonly Attempt[], ended = completed): string {
  return judge({ plan, batches, attempts, ended, notes: [] }).verdict.verdict;
}

describe('the verdict', () => {
  it('is green when every expected file was observed and nothing failed', () => {
    const { verdict } = judge({ plan, batches: both, attempts: green, ended: completed, notes: [] });
    expect(verdict).toEqual({
      verdict: 'passed',
      totals: { passed: 2, failed: 0, skipped: 0, flaky: 0, notRun: 0 },
      problem: null,
      notes: [],
      sentence: '2 passed; 2 of 2 expected files observed',
    });
  });

  it('is red when a test only ever failed', () => {
    expect(verdictOf(both, [green[0]!, anAttempt('b.test.ts', 'subtracts', 'failed')])).toBe('failed');
  });

  it('calls a pass after a failure flaky, not passed', () => {
    const retried = [...both, aRecord('b3', ['b.test.ts'], { stage: 2, exclusive: true })];
    const attempts = [
      green[0]!,
      anAttempt('b.test.ts', 'x', 'failed'),
      anAttempt('b.test.ts', 'x', 'passed', { attempt: 2 }),
    ];
    const { verdict, results } = judge({ plan, batches: retried, attempts, ended: completed, notes: [] });
    expect(verdict.totals).toEqual({ passed: 1, failed: 0, skipped: 0, flaky: 1, notRun: 0 });
    expect(verdict.verdict).toBe('passed');
    expect(results.find((r) => r.name === 'x')).toMatchObject({ status: 'flaky', attempts: 2, message: 'x failed' });
  });

  it('calls a test flaky that its framework had to try twice', () => {
    expect(
      judge({
        plan,
        batches: both,
        attempts: [green[0]!, anAttempt('b.test.ts', 'x', 'passed', { tries: 2 })],
        ended: completed,
        notes: [],
      }).verdict.totals.flaky,
    ).toBe(1);
  });

  it('calls a file flaky that failed to load and loaded in a later stage', () => {
    const load = anAttempt('b.test.ts', '(file)', 'failed', { kind: 'file' });
    const retried = [...both, aRecord('b3', ['b.test.ts'], { stage: 2, exclusive: true })];
    expect(
      judge({ plan, batches: retried, attempts: [green[0]!, load], ended: completed, notes: [] }).verdict.totals,
    ).toMatchObject({ flaky: 1, failed: 0 });
    expect(verdictOf(both, [green[0]!, load])).toBe('failed');
  });
});

describe('no green without evidence', () => {
  const cases: Record<string, [BatchRecord[], Attempt[]]> = {
    'a batch that never began': [
      [both[0]!, aRecord('b2', ['b.test.ts'], { fence: 0, state: 'open', evidence: null, filesDone: [] })],
      [green[0]!],
    ],
    'a batch that never ended': [
      [both[0]!, aRecord('b2', ['b.test.ts'], { state: 'running', evidence: null, filesDone: [] })],
      green,
    ],
    'a missing batch': [[both[0]!], [green[0]!]],
    'a file that was not reported': [
      [both[0]!, aRecord('b2', ['b.test.ts'], { evidence: anEvidence('error_partial_report'), filesDone: [] })],
      [green[0]!],
    ],
    'exit 0 with no report': [
      [both[0]!, aRecord('b2', ['b.test.ts'], { evidence: anEvidence('error_no_results'), filesDone: [] })],
      [green[0]!],
    ],
    'exit code and report that disagree': [
      [both[0]!, aRecord('b2', ['b.test.ts'], { evidence: anEvidence('error_inconsistent', 'they disagree') })],
      green,
    ],
    'a crash after the last file had ended': [
      [both[0]!, aRecord('b2', ['b.test.ts'], { evidence: anEvidence('error_runner_crashed', 'SIGSEGV') })],
      green,
    ],
    'a hang after the last file had ended': [
      [both[0]!, aRecord('b2', ['b.test.ts'], { evidence: anEvidence('timeout', 'the time limit') })],
      green,
    ],
    'every test skipped': [both, [anAttempt('a.test.ts', 'x', 'skipped'), anAttempt('b.test.ts', 'y', 'skipped')]],
    'no result at all': [both, []],
  };
  it.each(Object.entries(cases))('%s is incomplete', (_, [batches, attempts]) => {
    expect(verdictOf(batches, attempts)).toBe('incomplete');
  });

  it('a crash is cleared up by a later attempt that ended the file', () => {
    const crashed = aRecord('b2', ['b.test.ts'], { evidence: anEvidence('error_runner_crashed'), filesDone: [] });
    const again = aRecord('b3', ['b.test.ts'], { stage: 2, exclusive: true });
    expect(verdictOf([both[0]!, crashed, again], green)).toBe('passed');
  });

  it('a kill when all files had ended is cleared up by the same files in one process, and by nothing less', () => {
    const killed = { ...anEvidence('error_runner_crashed'), exit: { ...anExit, code: null, signal: 'SIGKILL' } };
    const crashed = aRecord('b2', ['b.test.ts', 'a.test.ts'], { evidence: killed });
    const again = (files: string[]) => aRecord('b3', files, { stage: 2, exclusive: true });
    const verdict = (...later: BatchRecord[]) => verdictOf([both[0]!, crashed, ...later], green);
    expect(verdict(again(['b.test.ts', 'a.test.ts']))).toBe('passed');
    expect(verdict(again(['b.test.ts']))).toBe('incomplete');
    expect(verdict({ ...again(['b.test.ts', 'a.test.ts']), evidence: killed })).toBe('incomplete');
  });

  it('files nobody saw to their end are listed as not run', () => {
    const open = aRecord('b2', ['b.test.ts'], { evidence: anEvidence('timeout'), filesDone: [] });
    const { results, verdict } = judge({
      plan,
      batches: [both[0]!, open],
      attempts: [green[0]!],
      ended: completed,
      notes: [],
    });
    expect(results.filter((r) => r.status === 'not_run').map((r) => r.file)).toEqual(['b.test.ts']);
    expect(verdict.sentence).toContain('1 of 2 expected files observed');
  });
});

describe('runs that were ended early', () => {
  it('cancelled is cancelled, whatever was seen', () => {
    expect(verdictOf(both, [anAttempt('a.test.ts', 'x', 'failed')], { how: 'cancelled', problem: null })).toBe(
      'cancelled',
    );
  });

  it('a problem is incomplete and says what happened', () => {
    const problem = { name: 'NoTests', message: 'No tests here.', usage: true };
    const { verdict } = judge({ plan: null, batches: [], attempts: [], ended: { how: 'problem', problem }, notes: [] });
    expect(verdict).toMatchObject({ verdict: 'incomplete', problem, sentence: 'No tests here.' });
  });

  it('a bailed run is red and counts what did not run', () => {
    const open = aRecord('b2', ['b.test.ts'], { fence: 0, state: 'open', evidence: null, filesDone: [] });
    const { verdict } = judge({
      plan,
      batches: [both[0]!, open],
      attempts: [anAttempt('a.test.ts', 'x', 'failed')],
      ended: { how: 'bailed', problem: null },
      notes: [],
    });
    expect(verdict).toMatchObject({ verdict: 'failed', totals: { failed: 1, notRun: 1 } });
  });
});
