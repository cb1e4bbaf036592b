/** Inputs for reports: a small realistic one, and builders for the tests that need something odd. */
import type { ReportInput } from '../../../domain/report/model.js';
import { countTotals } from '../../../domain/report/model.js';
import { Plan } from '../../../domain/plan.schema.js';
import type { BatchRecord } from '../../../domain/ports.js';
import type { Attempt, TestResult } from '../../../domain/result.schema.js';
import type { Run } from '../../../domain/run.schema.js';
import type { BatchOutcome, TestStatus, Verdict } from '../../../domain/outcome.schema.js';
import { testId } from '../../../domain/identity.js';

export const T0 = Date.parse('2026-11-21T13:46:00.000Z');
const at = (ms: number): string => new Date(T0 + ms).toISOString();

export function attempt(change: Partial<Attempt>): Attempt {
  return {
    testId: 'a'.repeat(24),
    occurrence: 1,
    attempt: 1,
    kind: 'test',
    suite: 'unit',
    file: 'test/cart.test.js',
    path: ['cart', 'adds'],
    params: null,
    status: 'passed',
    tries: 1,
    durationMs: 4,
    startedAt: T0,
    note: null,
    message: null,
    stack: null,
    expected: null,
    actual: null,
    line: null,
    column: null,
    stdout: null,
    stderr: null,
    batch: 'b1',
    fence: 1,
    runner: 'runner-1',
    ...change,
  };
}

/** What the judge would count for these attempts of one test. */
export function resultOf(attempts: readonly Attempt[], status: TestStatus): TestResult {
  const last = attempts.at(-1) ?? attempt({});
  return {
    testId: last.testId,
    occurrence: last.occurrence,
    kind: last.kind,
    suite: last.suite,
    file: last.file,
    name: last.path.join(' › '),
    path: last.path,
    status,
    durationMs: last.durationMs,
    attempts: attempts.length,
    message: attempts.findLast((a) => a.status === 'failed')?.message ?? null,
    runner: last.runner,
    batch: last.batch,
  };
}

export function batch(change: Partial<BatchRecord> & { outcome?: BatchOutcome }): BatchRecord {
  const { outcome = 'passed', ...rest } = change;
  return {
    execution: 'run_1',
    batch: 'b1',
    suite: 'unit',
    stage: 1,
    files: ['test/cart.test.js'],
    exclusive: false,
    fence: 1,
    state: 'final',
    runner: 'runner-1',
    startedAt: at(0),
    endedAt: at(900),
    evidence: {
      outcome,
      message: '',
      exit: {
        code: 0,
        signal: null,
        killed: null,
        startError: null,
        durationMs: 900,
        peakMemoryMb: 60,
        outputBytes: 10,
        leftBehind: 0,
        isolation: 'bubblewrap',
        forced: false,
      },
      reporterLoaded: true,
      reporterEnded: true,
      filesExpected: 1,
      filesEnded: 1,
      tests: 7,
      failed: outcome === 'failed' ? 1 : 0,
      reportDigest: 'sha256:00',
      outputDigest: null,
    },
    filesDone: [],
    ...rest,
  };
}

export function run(change: Partial<Run> = {}): Run {
  return {
    id: 'run_1',
    project: 'checkout',
    principal: 'local',
    trust: 'trusted',
    source: { kind: 'directory', dir: '/home/ada/checkout' },
    options: { bail: false },
    priority: 'medium',
    status: 'reporting',
    verdict: null,
    problem: null,
    sentence: null,
    notes: [],
    totals: { passed: 0, failed: 0, skipped: 0, flaky: 0, notRun: 0 },
    expectedFiles: null,
    commit: '9f8e7d6c5b4a39281706f5e4d3c2b1a098765432',
    dirty: true,
    branch: 'feature/vouchers',
    temporalRunId: null,
    createdAt: at(-200),
    startedAt: at(0),
    endedAt: at(6400),
    durationMs: 6400,
    ...change,
  };
}

const plan = Plan.parse({
  version: 1,
  project: 'checkout',
  root: '/home/ada/checkout',
  commit: '9f8e7d6c5b4a39281706f5e4d3c2b1a098765432',
  tree: '1234567890abcdef1234567890abcdef12345678',
  branch: 'feature/vouchers',
  dirty: true,
  lanes: 2,
  suites: [{ name: 'unit', framework: 'node-test', because: 'package.json script "test" runs node --test' }],
  files: [],
  batches: [],
  notes: ['Suite unit runs side by side.'],
});

export function input(
  tests: readonly { attempts: readonly Attempt[]; status: TestStatus; result?: Partial<TestResult> }[],
  change: Partial<ReportInput> & { verdict_?: Verdict } = {},
): ReportInput {
  const results = tests.map((t) => ({ ...resultOf(t.attempts, t.status), ...t.result }));
  const totals = countTotals(results);
  const green = totals.failed + totals.notRun === 0;
  const { verdict_ = totals.notRun > 0 ? 'incomplete' : green ? 'passed' : 'failed', ...rest } = change;
  return {
    run: run(),
    plan,
    batches: [batch({})],
    attempts: tests.flatMap((t) => t.attempts),
    results,
    verdict: { verdict: verdict_, totals, problem: null, notes: [], sentence: `${results.length} tests expected.` },
    ...rest,
  };
}

/** One of everything, as a person would meet it. */
export function sample(): ReportInput {
  const files = ['cart', 'money', 'tax', 'discounts', 'stock', 'orders', 'search'];
  const names = [
    'starts empty',
    'adds an item',
    'adds the same item twice',
    'rejects a negative quantity',
    'removes an item',
    'keeps the order of items',
    'adds up',
    'survives 1,000 items',
  ];
  const tests: { attempts: Attempt[]; status: TestStatus; result?: Partial<TestResult> }[] = [];
  files.forEach((file, f) => {
    names.forEach((name, n) => {
      const path = [file, 'basics', name];
      const own = {
        file: `test/${file}.test.js`,
        path,
        testId: testId({ suite: 'unit', file: `test/${file}.test.js`, path }),
        batch: `b${f + 1}`,
        runner: `runner-${(f % 2) + 1}`,
        durationMs: f === 6 ? 310 * n + 2.5 : n * 1.7 + 0.3,
      };
      tests.push({ attempts: [attempt(own)], status: 'passed' });
    });
  });
  const red = tests[13]!;
  const first = red.attempts[0]!;
  const failed: Partial<Attempt> = {
    status: 'failed',
    message: "Expected values to be strictly deep-equal:\n\n'total' differs",
    stack:
      'AssertionError [ERR_ASSERTION]: Expected values to be strictly deep-equal:\n    at TestContext.<anonymous> (file:///home/ada/checkout/test/money.test.js:41:10)\n    at Test.runInAsyncScope (node:async_hooks:214:14)\n    at Test.run (node:internal/test_runner/test:1047:25)',
    expected:
      "{\n  currency: 'EUR',\n  lines: [\n    { sku: 'mug', quantity: 2, net: 1780 },\n    { sku: 'tee', quantity: 1, net: 2190 }\n  ],\n  net: 3970,\n  tax: 754,\n  total: 4724\n}",
    actual:
      "{\n  currency: 'EUR',\n  lines: [\n    { sku: 'mug', quantity: 2, net: 1780 },\n    { sku: 'tee', quantity: 1, net: 2190 }\n  ],\n  net: 3970,\n  tax: 755,\n  total: 4725\n}",
    line: 41,
    column: 10,
    stdout: 'loading price list v12\n2 lines priced\n',
  };
  red.attempts = [
    { ...first, ...failed },
    { ...first, ...failed, attempt: 2, batch: 'b8', runner: 'runner-2', startedAt: T0 + 5400 },
  ];
  red.status = 'failed';
  const flaky = tests[35]!;
  const flakyFirst = flaky.attempts[0]!;
  flaky.attempts = [
    {
      ...flakyFirst,
      status: 'failed',
      message: 'reservation 17 was still open after 50 ms',
      stack: 'Error: reservation 17 was still open after 50 ms\n    at test/stock.test.js:88:11',
      line: 88,
    },
    { ...flakyFirst, attempt: 2, batch: 'b8', runner: 'runner-2' },
  ];
  flaky.status = 'flaky';
  const skipped = tests[20]!;
  skipped.attempts = [
    { ...skipped.attempts[0]!, status: 'skipped', durationMs: 0, note: 'reverse charge is not decided yet' },
  ];
  skipped.status = 'skipped';
  const lost = tests.at(-1)!;
  lost.attempts = [];
  lost.status = 'not_run';
  lost.result = {
    testId: 'f'.repeat(24),
    kind: 'file',
    file: 'test/search.slow.test.js',
    path: ['test/search.slow.test.js'],
    name: 'test/search.slow.test.js',
    durationMs: null,
    attempts: 0,
    message: 'b9: the time limit was reached before this file was reported',
    runner: null,
    batch: null,
  };
  const times: [number, number][] = [
    [50, 1300],
    [60, 2050],
    [1350, 2400],
    [2100, 3600],
    [2450, 4300],
    [3650, 5000],
    [4350, 5300],
    [5350, 5900],
    [5050, 6350],
  ];
  const batches = times.map(([from, to], i) =>
    batch({
      batch: `b${i + 1}`,
      stage: i === 7 ? 2 : 1,
      files:
        i === 7
          ? ['test/money.test.js', 'test/stock.test.js']
          : i === 8
            ? ['test/search.slow.test.js']
            : [`test/${files[i]}.test.js`],
      runner: `runner-${(i % 2) + 1}`,
      startedAt: at(from),
      endedAt: at(to),
      outcome: i === 1 || i === 4 || i === 7 ? 'failed' : i === 8 ? 'timeout' : 'passed',
    }),
  );
  const base = input(tests);
  return {
    ...base,
    batches,
    verdict: {
      ...base.verdict,
      notes: ['Test processes shared the file system with their runner: bubblewrap is not installed.'],
      sentence: '56 tests in 8 files expected, 55 observed, 1 not run: 1 failed.',
    },
    versions: { Baton: '0.1.0', 'Node.js': 'v22.12.0', 'Temporal server': '1.29.1' },
  };
}
