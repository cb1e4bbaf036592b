/** Receipts: what they list, and that their logic can be checked from themselves. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { judge } from '../../domain/judge.js';
import { buildReceipt, type ReceiptInput } from '../../domain/receipt.js';
import { contradictions } from '../../domain/receipt-check.js';
import { Receipt } from '../../domain/receipt.schema.js';
import { cancelledBy } from '../../domain/cancelled-by.js';
import type { Run } from '../../domain/run.schema.js';
import { anAttempt, anEvidence, aPlan, aRecord, aSuite } from '../support/builders.js';

const digest = `sha256:${'a'.repeat(64)}`;
const run: Run = {
  id: 'run_1',
  project: 'shop',
  principal: 'ada',
  trust: 'trusted',
  source: { kind: 'directory', dir: '/shop' },
  options: { bail: false },
  priority: 'medium',
  status: 'reporting',
  verdict: null,
  problem: null,
  sentence: null,
  notes: [],
  totals: { passed: 0, failed: 0, skipped: 0, flaky: 0, notRun: 0 },
  expectedFiles: 2,
  commit: 'c0ffee',
  dirty: false,
  branch: 'main',
  temporalRunId: null,
  createdAt: '2026-01-01T00:00:00.000Z',
  startedAt: '2026-01-01T00:00:01.000Z',
  endedAt: null,
  durationMs: null,
};
const plan = aPlan({ b1: ['a.test.ts'], b2: ['b.test.ts'] }, [aSuite('unit', { args: ['--sequence.seed=42'] })]);
const hashed = { ...plan, files: plan.files.map((file, i) => (i === 0 ? { ...file, sha256: digest } : file)) };
const tool = { ...anEvidence(), tool: 'vitest 4.0.1' };
const batches = [aRecord('b1', ['a.test.ts'], { evidence: tool }), aRecord('b2', ['b.test.ts'], { fence: 2 })];
const began = '2026-01-01T00:00:02.000Z';
const batchAttempts: ReceiptInput['batchAttempts'] = [
  { batch: 'b1', fence: 1, runner: 'r1', beganAt: began, endedAt: began, outcome: 'passed', evidence: tool },
  { batch: 'b2', fence: 1, runner: 'r1', beganAt: began, endedAt: began, outcome: 'superseded', evidence: null },
  { batch: 'b2', fence: 2, runner: 'r2', beganAt: began, endedAt: began, outcome: 'passed', evidence: anEvidence() },
];
const attempts = [
  anAttempt('a.test.ts', 'adds', 'passed'),
  anAttempt('b.test.ts', 'subtracts', 'passed', { batch: 'b2', fence: 2, runner: 'r2' }),
];

function receiptOf(change: Partial<ReceiptInput> = {}): Receipt {
  const input = {
    plan: hashed,
    batches,
    attempts,
    lastSeen: [],
    ended: { how: 'completed', problem: null },
    ...change,
  };
  const judged = judge({ ...(input as Parameters<typeof judge>[0]), notes: [] });
  return Receipt.parse(
    buildReceipt({
      run,
      planDigest: digest,
      batchAttempts,
      judged,
      versions: { baton: '0.1.0', node: 'v22', temporal: '1.30' },
      judgedAt: '2026-01-01T00:00:09.000Z',
      sha256: (text) => createHash('sha256').update(text).digest('hex'),
      ...(input as Omit<
        ReceiptInput,
        'run' | 'planDigest' | 'batchAttempts' | 'judged' | 'versions' | 'judgedAt' | 'sha256'
      >),
    }),
  );
}

describe('what a receipt lists', () => {
  it('is expected, observed, every attempt of every batch, versions and seeds', () => {
    const receipt = receiptOf();
    expect(receipt).toMatchObject({
      execution: 'run_1',
      commit: 'c0ffee',
      verdict: 'passed',
      reasons: [],
      seeds: { unit: '42' },
      versions: { baton: '0.1.0', vitest: '4.0.1', temporal: '1.30' },
      isolation: ['process-group'],
      expected: {
        files: 2,
        suites: [
          {
            suite: 'unit',
            files: [
              { file: 'a.test.ts', sha256: digest },
              { file: 'b.test.ts', sha256: null },
            ],
          },
        ],
      },
      observed: { files: 2, totals: { passed: 2 }, suites: [{ suite: 'unit', passed: 2, ran: 2 }] },
    });
    expect(receipt.observed.batches[1]?.attempts.map(({ fence, runner, outcome }) => [fence, runner, outcome])).toEqual(
      [
        [1, 'r1', 'superseded'],
        [2, 'r2', 'passed'],
      ],
    );
    expect(contradictions(receipt)).toEqual([]);
  });

  it('is every attempt of a flaky test, with the head of its failure', () => {
    const flaky = [
      attempts[0]!,
      anAttempt('b.test.ts', 'subtracts', 'failed', { batch: 'b2', message: 'expected 1\n    at b.test.ts:3' }),
      anAttempt('b.test.ts', 'subtracts', 'passed', { batch: 'b3', attempt: 2, runner: 'r2' }),
    ];
    const receipt = receiptOf({ attempts: flaky });
    expect(receipt.unsteady).toMatchObject([
      {
        name: 'subtracts',
        status: 'flaky',
        attempts: [
          { attempt: 1, status: 'failed', message: 'expected 1' },
          { attempt: 2, status: 'passed', runner: 'r2', message: null },
        ],
      },
    ]);
    expect(contradictions(receipt)).toEqual([]);
  });

  it('is what did not run and who allowed it: filter, skips, a cancellation', () => {
    const filtered = {
      ...hashed,
      leftOut: [
        { suite: 'unit', files: 3, by: 'filter' as const },
        { suite: 'e2e', files: null, by: 'suites' as const },
      ],
    };
    const asked = { ...run, options: { bail: false, filter: 'test', suites: ['unit'] } };
    const some = [...attempts, anAttempt('b.test.ts', 'later', 'skipped', { batch: 'b2' })];
    const receipt = receiptOf({ plan: filtered, run: asked, attempts: some });
    expect(receipt.notRun.map(({ suite, what, count, by, allowedBy }) => [suite, what, count, by, allowedBy])).toEqual([
      ['unit', 'files', 3, 'filter', 'ada'],
      ['e2e', 'suite', null, 'suites', 'ada'],
      ['unit', 'tests', 1, 'project', 'the project'],
    ]);
    expect(contradictions(receipt)).toEqual([]);

    const cancelled = receiptOf({
      run: { ...run, notes: [cancelledBy('grace')] },
      batches: [batches[0]!, aRecord('b2', ['b.test.ts'], { filesDone: [], state: 'running', evidence: null })],
      attempts: [attempts[0]!],
      ended: { how: 'cancelled', problem: null },
    });
    expect(cancelled).toMatchObject({
      verdict: 'cancelled',
      reasons: expect.arrayContaining(['the run was cancelled']),
      notRun: [{ file: 'b.test.ts', by: 'cancelled', allowedBy: 'grace' }],
    });
    expect(contradictions(cancelled)).toEqual([]);
  });
});

describe('a receipt that says passed', () => {
  const green = receiptOf();
  const { observed } = green;
  const totals = { ...observed.totals, failed: 1 };
  const lost = { suite: 'unit', file: 'x', what: 'files' as const, count: 1, names: [], reason: '' };
  it.each<[string, Partial<Receipt>, RegExp]>([
    ['with failed tests', { observed: { ...observed, totals } }, /1 failed/],
    ['with totals that do not add up', { results: { ...green.results, count: 9 } }, /add up to 2, the results are 9/],
    ['with files that nobody saw', { observed: { ...observed, files: 1 } }, /1 of 2 expected files were observed/],
    ['with a batch left out', { observed: { ...observed, batches: observed.batches.slice(1) } }, /batches hold 1 of 2/],
    [
      'with a batch that is not final',
      { observed: { ...observed, batches: observed.batches.map((b) => ({ ...b, state: 'running' as const })) } },
      /is not final/,
    ],
    [
      'with an attempt left out',
      { observed: { ...observed, batches: observed.batches.map((b) => ({ ...b, attempts: b.attempts.slice(1) })) } },
      /attempts of batch b2 are missing/,
    ],
    [
      'with a bad end that nothing made up for',
      {
        observed: {
          ...observed,
          batches: observed.batches.map((b) => ({
            ...b,
            outcome: 'timeout' as const,
            attempts: b.attempts.map((a) => ({ ...a, outcome: 'timeout' as const })),
          })),
        },
      },
      /ended with timeout and nothing came after it/,
    ],
    ['with something unexplained', { notRun: [{ ...lost, by: 'unexplained', allowedBy: null }] }, /nobody allowed/],
    ['with a bail', { notRun: [{ ...lost, by: 'bail', allowedBy: 'ada' }] }, /nobody allowed/],
    ['with a reason against it', { reasons: ['two files are missing'] }, /two files are missing/],
    [
      'with an idle suite',
      { observed: { ...observed, suites: observed.suites.map((s) => ({ ...s, ran: 0 })) } },
      /not one test of suite unit ran/,
    ],
    ['of nothing', { expected: { files: 0, suites: [] } }, /nothing was expected/],
  ])('is refused %s', (_, change, because) => {
    expect(contradictions({ ...green, ...change }).join('; ')).toMatch(because);
  });
});
