import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RunEnding } from '../../domain/activities.js';
import { type BlameKnowledge, NO_KNOWLEDGE, resultKey } from '../../domain/blame.js';
import type { PastFailure } from '../../domain/blame-base.js';
import { wishForBase } from '../../domain/blame-plan.js';
import type { BaseFile, BaseTry } from '../../domain/blame.schema.js';
import { BlameConfig } from '../../domain/config.schema.js';
import { judge } from '../../domain/judge.js';
import { BatchOutcome } from '../../domain/outcome.schema.js';
import type { BatchRecord } from '../../domain/ports.js';
import type { Attempt } from '../../domain/result.schema.js';
import { fingerprint } from '../../domain/same-failure.js';
import { anAttempt, anEvidence, aPlan, aRecord } from '../support/builders.js';

const completed: RunEnding = { how: 'completed', problem: null };
const base = { commit: 'b'.repeat(40), how: 'HEAD' };
const plan = aPlan({ b1: ['a.test.ts'] });
const ok = anAttempt('a.test.ts', 'fine', 'passed');
const red = (change: Partial<Attempt> = {}): Attempt =>
  anAttempt('a.test.ts', 'adds', 'failed', { fault: 'failure', message: 'expected 3, got 4', ...change });
const recorded = aRecord('b1', ['a.test.ts'], { evidence: anEvidence('failed') });

const atBase = (
  status: 'passed' | 'failed' | 'skipped',
  change: Partial<BaseFile['results'][number]> = {},
): BaseFile => ({
  suite: 'unit',
  file: 'a.test.ts',
  present: true,
  ended: true,
  outcome: status === 'failed' ? 'failed' : 'passed',
  message: '',
  results: [
    {
      testId: red().testId,
      occurrence: 1,
      kind: 'test',
      status,
      fault: status === 'failed' ? 'failure' : null,
      message: status === 'failed' ? 'expected 3, got 5' : null,
      ...change,
    },
  ],
});
const tries = (...files: BaseFile[]): BaseTry[] => files.map((file, i) => ({ try: i + 1, files: [file] }));

const pastOf = (...past: Partial<PastFailure>[]): Map<string, PastFailure[]> =>
  new Map([
    [
      resultKey(red()),
      past.map((p, i) => ({
        execution: `run_${i}`,
        status: 'passed',
        attempts: 1,
        commit: `c${i}`,
        dirty: false,
        fault: p.status === 'failed' ? 'failure' : null,
        message: p.status === 'failed' ? 'expected 3, got 4' : null,
        ...p,
      })),
    ],
  ]);

interface Case {
  attempts?: Attempt[];
  batches?: BatchRecord[];
  ended?: RunEnding;
  knowledge?: Partial<BlameKnowledge>;
}

function judged({ attempts = [ok, red()], batches = [recorded], ended = completed, knowledge = {} }: Case) {
  const { verdict, results } = judge({
    plan,
    batches,
    attempts,
    ended,
    notes: [],
    knowledge: { ...NO_KNOWLEDGE, base, ...knowledge },
  });
  const found = results.find((r) => r.blame);
  return {
    verdict: verdict.verdict,
    class: found?.blame?.class,
    from: found?.blame?.evidence.from,
    run: verdict.blame,
    found,
    sentence: verdict.sentence,
  };
}

describe('a red test', () => {
  it.each<[string, Partial<BlameKnowledge>, string, string]>([
    ['nothing is known', {}, 'your_change', 'failed'],
    ['there is no base', { base: null }, 'your_change', 'failed'],
    ['nobody asked', { enabled: false, rerun: tries(atBase('failed'), atBase('failed')) }, 'your_change', 'failed'],
    ['it fails the same way at the base', { rerun: tries(atBase('failed'), atBase('failed')) }, 'red_before', 'passed'],
    ['it passes at the base', { rerun: tries(atBase('passed'), atBase('passed')) }, 'your_change', 'failed'],
    ['it is skipped at the base', { rerun: tries(atBase('skipped'), atBase('skipped')) }, 'your_change', 'failed'],
    ['it goes both ways at the base', { rerun: tries(atBase('failed'), atBase('passed')) }, 'known_flaky', 'passed'],
    [
      'it fails otherwise at the base',
      { rerun: tries(atBase('failed', { message: 'no such table' }), atBase('failed', { message: 'no such table' })) },
      'your_change',
      'failed',
    ],
    [
      'the base could not be tested',
      { rerun: tries(atBase('failed', { fault: 'error' }), atBase('failed', { fault: 'error' })) },
      'your_change',
      'failed',
    ],
    ['the base does not have it', { rerun: tries({ ...atBase('passed'), results: [] }) }, 'your_change', 'failed'],
    [
      'the base does not have its file',
      { rerun: tries({ ...atBase('passed'), present: false, results: [] }) },
      'your_change',
      'failed',
    ],
    [
      'its file crashes at the base',
      { rerun: tries({ ...atBase('failed'), ended: false, outcome: 'error_runner_crashed', results: [] }) },
      'your_change',
      'failed',
    ],
    [
      'the ledger saw it fail at exactly the base',
      { past: pastOf({ status: 'failed', commit: base.commit }) },
      'red_before',
      'passed',
    ],
    [
      '… but there with local changes',
      { past: pastOf({ status: 'failed', commit: base.commit, dirty: true }) },
      'your_change',
      'failed',
    ],
    [
      '… but there it passed as well',
      { past: pastOf({ status: 'failed', commit: base.commit }, { commit: base.commit }) },
      'your_change',
      'failed',
    ],
    [
      '… but otherwise',
      { past: pastOf({ status: 'failed', commit: base.commit, message: 'no such table' }) },
      'your_change',
      'failed',
    ],
    ['it fails at another commit', { past: pastOf({ status: 'failed', commit: 'other' }) }, 'your_change', 'failed'],
    [
      'it is flagged as flaky and chance explains it',
      { past: pastOf({ status: 'flaky' }, {}, { status: 'flaky' }, {}, { status: 'flaky' }, {}) },
      'known_flaky',
      'passed',
    ],
  ])('when %s', (_, knowledge, name, verdict) => {
    expect(judged({ knowledge })).toMatchObject({ class: name, verdict });
  });

  it('that cannot reach the network, here and at the base, is the environment’s, and never green', () => {
    const message = 'connect ECONNREFUSED 127.0.0.1:5432';
    const attempts = [ok, red({ fault: 'error', message })];
    const rerun = tries(atBase('failed', { fault: 'error', message }), atBase('failed', { fault: 'error', message }));
    expect(judged({ attempts, knowledge: { rerun } })).toMatchObject({ class: 'environment', verdict: 'incomplete' });
    expect(judged({ attempts })).toMatchObject({ class: 'your_change', verdict: 'failed' });
  });

  it('whose worker was killed, or whose disk was full, is not the change’s, and never green', () => {
    const died = red({
      fault: 'error',
      message: 'A jest worker process (pid=7) was terminated by another process: signal=SIGKILL',
    });
    expect(judged({ attempts: [ok, died] })).toMatchObject({ class: 'worker_died', verdict: 'incomplete' });
    const full = red({ fault: 'error', message: 'ENOSPC: no space left on device, write' });
    expect(judged({ attempts: [ok, full] })).toMatchObject({ class: 'environment', verdict: 'incomplete' });
    expect(judged({ attempts: [ok, full, red({ attempt: 2 })] })).toMatchObject({ class: 'your_change' });
  });

  it('that both failed and passed is known flaky by this execution alone', () => {
    const attempts = [ok, red(), anAttempt('a.test.ts', 'adds', 'passed', { attempt: 2 })];
    expect(judged({ attempts })).toMatchObject({ class: 'known_flaky', from: 'attempts', verdict: 'passed' });
  });

  it('is never excused alone: without a single pass nothing is green', () => {
    const rerun = tries(atBase('failed'), atBase('failed'));
    expect(judged({ attempts: [red()], knowledge: { rerun } })).toMatchObject({
      class: 'red_before',
      verdict: 'incomplete',
    });
  });

  it('that is a whole file may be red before, and still leaves the run incomplete: its tests were not seen', () => {
    const file = red({ kind: 'file', path: ['(file)'], fault: 'error', message: 'Cannot find module x' });
    const row = { testId: file.testId, kind: 'file', fault: 'error', message: 'Cannot find module x' } as const;
    const rerun = tries(atBase('failed', row), atBase('failed', row));
    expect(judged({ attempts: [ok, file], knowledge: { rerun } })).toMatchObject({
      class: 'red_before',
      verdict: 'incomplete',
    });
  });

  it('says plainly when nothing gates', () => {
    const { sentence } = judged({ knowledge: { rerun: tries(atBase('failed'), atBase('failed')) } });
    expect(sentence).toContain('1 failure that is not yours (red before your change: 1), nothing gates');
  });
});

describe('a file nobody saw to its end', () => {
  const open = (change: Partial<BatchRecord>): Case => ({
    attempts: [],
    batches: [aRecord('b1', ['a.test.ts'], { filesDone: [], ...change })],
  });
  it.each<[string, Case, string]>([
    ['its runner was lost', open({ evidence: anEvidence('lost_worker') }), 'worker_died'],
    [
      'five runners died of it',
      {
        ...open({ state: 'running', fence: 5, evidence: null }),
        ended: {
          how: 'problem',
          problem: { name: 'Internal', message: 'A runner was lost again and again', usage: false },
        },
      },
      'worker_died',
    ],
    ['it never began', open({ state: 'open', fence: 0, evidence: null }), 'not_run'],
    [
      'the run was cancelled',
      { ...open({ evidence: anEvidence('cancelled') }), ended: { how: 'cancelled', problem: null } },
      'not_run',
    ],
    [
      'the run stopped after a failure',
      { ...open({ evidence: anEvidence('failed') }), ended: { how: 'bailed', problem: null } },
      'not_run',
    ],
    ['the disk was full', open({ evidence: anEvidence('limit_disk') }), 'environment'],
    ['the command could not be started', open({ evidence: anEvidence('error_setup') }), 'environment'],
    ['it took too long', open({ evidence: anEvidence('timeout') }), 'your_change'],
    ['it took too much memory', open({ evidence: anEvidence('limit_memory') }), 'your_change'],
    ['its process crashed', open({ evidence: anEvidence('error_runner_crashed') }), 'your_change'],
  ])('because %s', (_, given, name) => {
    const { verdict, ...seen } = judged(given);
    expect(seen.class).toBe(name);
    expect(verdict).not.toBe('passed');
  });

  it('is red before when its process comes to the same end at the base, and never green', () => {
    const same: BaseFile = { ...atBase('passed'), ended: false, outcome: 'timeout', results: [] };
    const given = { ...open({ evidence: anEvidence('timeout') }), knowledge: { rerun: tries(same, same) } };
    expect(judged(given)).toMatchObject({ class: 'red_before', verdict: 'incomplete' });
    const other = tries(same, { ...same, outcome: 'limit_memory' });
    expect(judged({ ...given, knowledge: { rerun: other } }).class).toBe('your_change');
  });

  it('blames a signal from outside on the worker', () => {
    const exit = {
      code: null,
      signal: 'SIGKILL',
      killed: null,
      startError: null,
      durationMs: 1,
      peakMemoryMb: null,
      outputBytes: 0,
      leftBehind: 0,
      isolation: 'pid-namespace',
      forced: false,
    } as const;
    const evidence = { ...anEvidence('error_runner_crashed'), exit };
    expect(judged(open({ evidence })).class).toBe('worker_died');
    expect(judged(open({ evidence: { ...evidence, exit: { ...exit, signal: 'SIGSEGV' } } })).class).toBe('your_change');
  });
});

describe('a batch that broke behind its last file', () => {
  it('has an entry of its own', () => {
    const batches = [
      aRecord('b1', ['a.test.ts'], { evidence: anEvidence('error_inconsistent', 'exit code 1 and no failure') }),
    ];
    const { run, verdict } = judged({ attempts: [ok], batches });
    expect(verdict).toBe('incomplete');
    expect(run).toMatchObject({ gating: 1, others: [{ scope: 'batch', id: 'b1', class: 'your_change' }] });
  });
});

describe('what is asked at the base commit', () => {
  const policy = BlameConfig.parse({});
  const asked = (knowledge: Partial<BlameKnowledge>, change: Partial<BlameConfig> = {}, hasBase = true) =>
    wishForBase({
      plan: { ...plan, base: hasBase ? { ...base, repository: '/r', prefix: '' } : null },
      batches: [recorded],
      attempts: [ok, red()],
      results: judge({ plan, batches: [recorded], attempts: [ok, red()], ended: completed, notes: [] }).results,
      ended: completed,
      knowledge: { ...NO_KNOWLEDGE, base: hasBase ? base : null, ...knowledge },
      selectsTests: new Set(['unit']),
      policy: { ...policy, ...change },
    });

  it('is what nothing else explains, twice', () => {
    expect(asked({}).plan).toMatchObject({
      tries: 2,
      targets: [{ suite: 'unit', file: 'a.test.ts', tests: [['adds']] }],
    });
  });

  it.each<[string, Parameters<typeof asked>]>([
    ['there is no base', [{}, {}, false]],
    ['it is switched off for the run', [{ enabled: false }]],
    ['the policy says no', [{}, { rerunAtBase: false }]],
    ['no test may be run', [{}, { maxTests: 0 }]],
    ['the ledger knows', [{ past: pastOf({ status: 'failed', commit: base.commit }) }]],
  ])('is nothing when %s', (_, args) => {
    expect(asked(...args).plan).toBeNull();
  });
});

describe('never green by lack of knowledge', () => {
  const status = fc.constantFrom('passed', 'failed', 'skipped' as const);
  const message = fc.constantFrom('expected 3, got 4', 'no such table', 'ENOSPC', null);
  const fault = fc.constantFrom('failure' as const, 'error' as const, null);
  const file: fc.Arbitrary<BaseFile> = fc.record({
    suite: fc.constant('unit'),
    file: fc.constantFrom('a.test.ts', 'other.test.ts'),
    present: fc.boolean(),
    ended: fc.boolean(),
    outcome: fc.option(fc.constantFrom(...BatchOutcome.options)),
    message: fc.constant(''),
    results: fc.array(
      fc.record({
        testId: fc.constantFrom(red().testId, ok.testId),
        occurrence: fc.constant(1),
        kind: fc.constant('test' as const),
        status: status as fc.Arbitrary<'passed'>,
        fault,
        message,
      }),
      { maxLength: 3 },
    ),
  });
  const past = fc.array(
    fc.record({
      execution: fc.string(),
      status: fc.constantFrom('passed' as const, 'failed' as const, 'flaky' as const),
      attempts: fc.integer({ min: 1, max: 3 }),
      commit: fc.constantFrom(base.commit, 'c1', 'c2', null),
      dirty: fc.constantFrom(true, false, null),
      fault,
      message,
    }),
    { maxLength: 12 },
  );

  it('a red test is only part of a green run when something positively speaks for it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(file, { maxLength: 2 }), { maxLength: 2 }),
        past,
        fault,
        message,
        fc.boolean(),
        fc.option(fc.constant(base)),
        (files, history, ownFault, ownMessage, enabled, itsBase) => {
          const rerun = files.map((each, i) => ({ try: i + 1, files: each }));
          const attempts = [ok, red({ fault: ownFault, message: ownMessage })];
          const knowledge = { enabled, base: itsBase, rerun, past: new Map([[resultKey(red()), history]]) };
          const { verdict, found } = judged({ attempts, knowledge });
          if (verdict !== 'passed') return;
          const failsHere = rerun
            .flatMap((t) => t.files)
            .flatMap((f) => f.results)
            .some(
              (r) =>
                r.testId === red().testId &&
                r.status === 'failed' &&
                fingerprint(r.message) === fingerprint(ownMessage),
            );
          const failedThere = history.some(
            (p) => p.commit === base.commit && p.dirty === false && p.status === 'failed',
          );
          const proofs =
            history.filter((p) => p.status === 'flaky').length >= 2 ||
            history.some((p) => p.status === 'passed' && p.dirty === false);
          expect(enabled).toBe(true);
          expect(found?.blame?.gating).toBe(false);
          const speaks = {
            base_rerun: itsBase !== null && failsHere,
            base_ledger: itsBase !== null && failedThere,
            flake_history: history.length >= 5 && proofs,
          };
          expect(speaks[found?.blame?.evidence.from as keyof typeof speaks]).toBe(true);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('every red, flaky or missing result has exactly one class, and any outcome but a pass is never green alone', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...BatchOutcome.options),
        fc.boolean(),
        fc.constantFrom('completed', 'bailed', 'cancelled'),
        (outcome, done, how) => {
          const batches = [
            aRecord('b1', ['a.test.ts'], { evidence: anEvidence(outcome), filesDone: done ? ['a.test.ts'] : [] }),
          ];
          const ended = { how, problem: null } as RunEnding;
          const { verdict, results } = judge({
            plan,
            batches,
            attempts: done ? [ok] : [],
            ended,
            notes: [],
            knowledge: { ...NO_KNOWLEDGE, base },
          });
          for (const r of results) expect(r.blame != null).toBe(['failed', 'flaky', 'not_run'].includes(r.status));
          if (verdict.verdict === 'passed')
            expect([done, ['passed', 'failed'].includes(outcome)]).toEqual([true, true]);
        },
      ),
    );
  });
});
