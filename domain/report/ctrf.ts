/**
 * CTRF 1.0 (Common Test Report Format). A flaky test is `passed` with `flaky: true`; a test that did not run is `other`
 * with `rawStatus: not_run`, because CTRF's `pending` means a decision of the project.
 */
import type { RawStatus, TestStatus } from '../outcome.schema.js';
import { sumTotals } from './model.js';
import { RESULT_STATUS, suiteStatus } from './otel.js';
import type { Report, ReportAttempt, ReportTest } from './report.schema.js';
import { VERDICT_SUITE, verdictCase } from './verdict-case.js';

export function toCtrf(report: Report): string {
  const tests = [...report.tests.map(ctrfTest), ...verdictTest(report)];
  return `${JSON.stringify({
    reportFormat: 'CTRF',
    specVersion: '1.0.0',
    timestamp: report.endedAt,
    generatedBy: 'baton',
    results: { tool: tool(report), summary: summary(report, tests.length), tests, environment: environment(report) },
  })}\n`;
}

function tool(report: Report): object {
  return compact({ name: 'baton', version: report.environment.versions['baton'] });
}

function summary(report: Report, tests: number): object {
  const { totals, startedAt, endedAt, durationMs, suites, verdict, sentence, blame } = report;
  return {
    tests,
    passed: totals.passed + totals.flaky,
    failed: totals.failed,
    skipped: totals.skipped,
    pending: 0,
    other: totals.notRun + (tests - sumTotals(totals)),
    flaky: totals.flaky,
    suites: suites.length,
    start: Date.parse(startedAt),
    stop: Date.parse(endedAt),
    duration: Math.round(durationMs),
    extra: compact({
      verdict,
      sentence,
      notRun: totals.notRun,
      blame,
      'test.suite.run.status': suiteStatus(report.tests),
    }),
  };
}

const STATUS: Record<TestStatus, string> = {
  passed: 'passed',
  flaky: 'passed',
  failed: 'failed',
  skipped: 'skipped',
  not_run: 'other',
};

function ctrfTest(test: ReportTest): object {
  const last = test.attempts.at(-1);
  const failed = test.attempts.findLast((a) => a.status === 'failed');
  return compact({
    id: uuid(test),
    name: test.name === '' ? '(no name)' : test.name,
    status: STATUS[test.status],
    rawStatus: test.status,
    duration: Math.round(test.durationMs ?? 0),
    ...times(last),
    suite: [test.suite, test.file, ...test.path.slice(0, -1)],
    filePath: test.file,
    line: test.line,
    message: test.message ?? (test.status === 'skipped' ? last?.note : null),
    trace: failed?.stack,
    flaky: test.status === 'flaky',
    retries: Math.max(0, test.attempts.length - 1),
    retryAttempts: test.attempts.length > 1 ? test.attempts.map(ctrfAttempt) : null,
    stdout: lines(last?.stdout),
    stderr: lines(last?.stderr),
    threadId: test.runner,
    extra: compact({
      testId: test.testId,
      occurrence: test.occurrence,
      kind: test.kind,
      batch: test.batch,
      fault: test.fault,
      blame: test.blame,
      'test.case.result.status': test.blame ? RESULT_STATUS[test.status] : null,
      expected: failed?.expected,
      actual: failed?.actual,
    }),
  });
}

function ctrfAttempt(a: ReportAttempt): object {
  const status: RawStatus = a.status;
  return compact({
    attempt: a.attempt,
    status,
    duration: a.durationMs === null ? null : Math.round(a.durationMs),
    ...times(a),
    message: a.message,
    trace: a.stack,
    line: a.line,
    stdout: lines(a.stdout),
    stderr: lines(a.stderr),
    extra: compact({ runner: a.runner, batch: a.batch, fault: a.fault }),
  });
}

function times(attempt: ReportAttempt | undefined): object {
  if (attempt?.startedAt === null || attempt?.startedAt === undefined) return {};
  const start = Math.round(attempt.startedAt);
  return { start, stop: start + Math.round(attempt.durationMs ?? 0) };
}

const lines = (text: string | null | undefined): string[] | null => (text ? text.replace(/\n$/, '').split('\n') : null);

function environment({ execution, project, environment: env, principal, trust, notes }: Report): object {
  return compact({
    appName: project,
    commit: env.commit,
    branchName: env.branch,
    extra: compact({
      execution,
      principal,
      trust,
      source: env.source,
      tree: env.tree,
      dirty: env.dirty,
      lanes: env.lanes,
      runners: env.runners,
      isolation: env.isolation,
      versions: env.versions,
      notes,
    }),
  });
}

function verdictTest(report: Report): object[] {
  const text = verdictCase(report);
  if (text === undefined) return [];
  return [
    { name: 'verdict', status: 'other', rawStatus: report.verdict, duration: 0, suite: [VERDICT_SUITE], message: text },
  ];
}

/** CTRF wants UUIDs: the 96 bits of the test id and 24 of the occurrence, marked as version 8 (custom). */
function uuid({ testId, occurrence }: ReportTest): string | null {
  if (!/^[0-9a-f]{24}$/.test(testId)) return null;
  const d = testId + (occurrence % 0x1000000).toString(16).padStart(6, '0');
  return `${d.slice(0, 8)}-${d.slice(8, 12)}-8${d.slice(12, 15)}-8${d.slice(15, 18)}-${d.slice(18, 30)}`;
}

/** CTRF knows no null: what is unknown is absent. */
function compact(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
}
