import { expect, test } from 'vitest';
import { toJson } from '../../../domain/report/json.js';
import { buildReport } from '../../../domain/report/model.js';
import { Report, reportJsonSchema } from '../../../domain/report/report.schema.js';
import { attempt, batch, input, run, sample } from './sample.js';

test('a report is the same value for the same input, and its JSON parses with the published schema', () => {
  const report = buildReport(sample());
  expect(buildReport(sample())).toEqual(report);
  expect(Report.strict().parse(JSON.parse(toJson(report)))).toEqual(report);
});

test('the published JSON Schema names every part', () => {
  const { $ref, $defs } = reportJsonSchema() as { $ref: string; $defs: Record<string, { required?: string[] }> };
  expect($ref).toBe('#/$defs/Report');
  expect($defs['Report']?.required).toEqual(Object.keys(Report.shape));
  expect(Object.keys($defs)).toEqual(expect.arrayContaining(['ReportTest', 'ReportAttempt', 'Totals']));
});

test('attempts of a test are put in order, whatever order they were stored in', () => {
  const first = attempt({ status: 'failed', message: 'late', line: 7 });
  const second = attempt({ attempt: 2, batch: 'b2' });
  const given = input([{ attempts: [first, second], status: 'flaky' }]);
  const report = buildReport({ ...given, attempts: [second, first] });
  expect(report.tests).toEqual([
    expect.objectContaining({
      status: 'flaky',
      line: 7,
      message: 'late',
      attempts: [
        expect.objectContaining({ attempt: 1, message: 'late' }),
        expect.objectContaining({ attempt: 2, message: null }),
      ],
    }),
  ]);
});

test('tests that share all names keep their own attempts', () => {
  const one = attempt({ message: 'one', status: 'failed' });
  const two = attempt({ occurrence: 2 });
  const report = buildReport(
    input([
      { attempts: [one], status: 'failed' },
      { attempts: [two], status: 'passed' },
    ]),
  );
  expect(report.tests.map((t) => [t.occurrence, t.status, t.attempts.map((a) => a.status)])).toEqual([
    [1, 'failed', ['failed']],
    [2, 'passed', ['passed']],
  ]);
});

test('a verdict that counted something else, and results nobody counted, are said in the notes', () => {
  const given = input([{ attempts: [attempt({})], status: 'passed' }]);
  const report = buildReport({
    ...given,
    attempts: [...given.attempts, attempt({ testId: 'b'.repeat(24) })],
    verdict: { ...given.verdict, totals: { passed: 2, failed: 0, skipped: 0, flaky: 0, notRun: 0 } },
  });
  expect(report.totals).toEqual({ passed: 1, failed: 0, skipped: 0, flaky: 0, notRun: 0 });
  expect(report.notes.slice(-2)).toEqual([
    'The stored verdict counted 2 passed, 0 failed, 0 flaky, 0 skipped, 0 not run; the stored results are 1 passed, 0 failed, 0 flaky, 0 skipped, 0 not run.',
    '1 test was reported but not counted.',
  ]);
});

test('an execution that ended before it had a plan has a report', () => {
  const report = buildReport({
    run: run({ startedAt: null, endedAt: null, durationMs: null }),
    plan: null,
    batches: [],
    attempts: [],
    results: [],
    verdict: {
      verdict: 'incomplete',
      totals: { passed: 0, failed: 0, skipped: 0, flaky: 0, notRun: 0 },
      notes: [],
      sentence: 'Nothing was planned.',
      problem: { name: 'NoTests', message: 'No tests.', usage: true },
    },
  });
  expect(Report.parse(report)).toMatchObject({
    durationMs: 0,
    suites: [],
    batches: [],
    tests: [],
    verdict: 'incomplete',
  });
});

test('suites count files that were planned but never reported, and credentials in an address are left out', () => {
  const given = input([{ attempts: [attempt({})], status: 'passed' }], {
    run: run({ source: { kind: 'commit', repository: 'https://ada:hunter2@git.example/shop.git', commit: 'main' } }),
    batches: [batch({ runner: 'r2' }), batch({ batch: 'b2', runner: 'r1', state: 'running', fence: 2 })],
  });
  const plan = {
    ...given.plan!,
    files: [{ suite: 'unit', file: 'test/never.test.js', predictedMs: 1, basis: 'size' as const }],
  };
  const report = buildReport({ ...given, plan });
  expect(report.suites.map((s) => [s.name, s.files, s.totals.passed])).toEqual([['unit', 2, 1]]);
  expect(report.environment).toMatchObject({
    source: 'https://git.example/shop.git at main',
    runners: ['r1', 'r2'],
    isolation: ['bubblewrap'],
  });
  expect(report.batches.map((b) => b.outcome)).toEqual(['passed', null]);
});
