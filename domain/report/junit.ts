/**
 * JUnit XML as Maven Surefire extends it. Mapping, so that the totals of the root are the report's:
 *   failures = failed, the thing tested is wrong · errors = failed, it could not be tested, and not run ·
 *   skipped = skipped · flakes = flaky · tests = all of them.
 * A flaky test is a passing test case with `<flakyFailure>` (or `<flakyError>`) for each failed attempt; a failed one has
 * `<failure>` or `<error>` for its first and `<rerunFailure>` or `<rerunError>` for each further attempt. Whose fault it
 * is stands in properties of the test case; what does not gate is listed all the same. Words of OpenTelemetry are used
 * for `test.case.result.status` and `test.suite.run.status`.
 */
import type { Fault } from '../blame.schema.js';
import { RESULT_STATUS, suiteStatus } from './otel.js';
import { groupBy } from './group.js';
import { countTotals, sumTotals } from './model.js';
import type { Report, ReportAttempt, ReportTest } from './report.schema.js';
import { VERDICT_SUITE, verdictCase } from './verdict-case.js';
import { element, type XmlAttributes, xmlText } from './xml.js';

/** Longest text of a `message` attribute; the element's text holds the whole. */
const MAX_MESSAGE_CHARS = 2000;

export function toJUnit(report: Report): string {
  const extra = verdictSuite(report);
  const suites = [...groupBy(report.tests, (test) => `${test.suite}\n${test.file}`).values()].map((tests) =>
    testSuite(tests),
  );
  const counts = totalsAttributes(report.tests, extra === '' ? 0 : 1);
  const root = { name: report.project, ...counts, time: seconds(report.durationMs), timestamp: report.startedAt };
  const body = [properties(report), ...suites, extra].filter((part) => part !== '').join('\n');
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element('testsuites', root, `\n${body}\n`)}\n`;
}

function totalsAttributes(tests: readonly ReportTest[], furtherErrors: number): XmlAttributes {
  const totals = countTotals(tests);
  const errors = tests.filter((test) => test.status === 'failed' && test.fault === 'error').length;
  return {
    tests: sumTotals(totals) + furtherErrors,
    failures: totals.failed - errors,
    errors: totals.notRun + errors + furtherErrors,
    skipped: totals.skipped,
    flakes: totals.flaky,
  };
}

/** What JUnit has no place for. */
function properties(report: Report): string {
  const { environment } = report;
  const list: Record<string, string | null> = {
    execution: report.execution,
    verdict: report.verdict,
    sentence: report.sentence,
    commit: environment.commit,
    branch: environment.branch,
    dirty: environment.dirty === null ? null : String(environment.dirty),
    ...blameProperties(report),
  };
  const items = Object.entries(list).filter((pair) => pair[1] !== null);
  return element(
    'properties',
    {},
    items.map(([name, value]) => element('property', { name: `baton.${name}`, value })).join(''),
  );
}

function blameProperties({ blame }: Report): Record<string, string> {
  if (!blame) return {};
  const counts = Object.entries(blame.counts).filter(([, n]) => n > 0);
  return {
    'blame.gating': String(blame.gating),
    ...Object.fromEntries(counts.map(([name, n]) => [`blame.${name}`, String(n)])),
    ...(blame.base ? { 'blame.base': blame.base.commit } : {}),
  };
}

function testSuite(tests: readonly ReportTest[]): string {
  const first = tests[0];
  if (!first) return '';
  const started = Math.min(...tests.slice(0, 1000).flatMap((t) => t.attempts.flatMap((a) => a.startedAt ?? [])));
  const attributes = {
    name: `${first.suite}/${first.file}`,
    ...totalsAttributes(tests, 0),
    time: seconds(tests.reduce((sum, t) => sum + (t.durationMs ?? 0), 0)),
    timestamp: timestamp(started),
    file: first.file,
  };
  const status = propertyList({ 'test.suite.run.status': suiteStatus(tests) });
  return element('testsuite', attributes, `\n${status}\n${tests.map(testCase).join('\n')}\n`);
}

/** `startedAt` comes from a test process: a nonsense time is left out, not an error. */
function timestamp(startedAt: number): string | null {
  return Number.isFinite(startedAt) && Math.abs(startedAt) <= 8.64e15 ? new Date(startedAt).toISOString() : null;
}

function testCase(test: ReportTest): string {
  const last = test.attempts.at(-1);
  const attributes = {
    name: test.occurrence > 1 ? `${test.name} (${test.occurrence})` : test.name,
    classname: `${test.suite}/${test.file}`,
    time: seconds(test.durationMs ?? 0),
    file: test.file,
    line: test.line,
  };
  return element('testcase', attributes, caseProperties(test) + outcome(test) + output(last));
}

/** Only what is red, flaky or missing has any: a green suite's file stays small. */
function caseProperties({ status, fault, blame }: ReportTest): string {
  if (!blame) return '';
  return propertyList({
    'test.case.result.status': RESULT_STATUS[status],
    ...(fault ? { 'baton.fault': fault } : {}),
    'baton.blame': blame.class,
    'baton.gating': String(blame.gating),
    'baton.reason': blame.reason,
  });
}

const propertyList = (values: Readonly<Record<string, string | undefined>>): string =>
  element(
    'properties',
    {},
    Object.entries(values)
      .filter((pair): pair is [string, string] => pair[1] !== undefined)
      .map(([name, value]) => element('property', { name, value }))
      .join(''),
  );

function outcome(test: ReportTest): string {
  const failed = test.attempts.filter((a) => a.status === 'failed');
  switch (test.status) {
    case 'passed':
      return '';
    case 'skipped':
      return element('skipped', { message: short(test.attempts.at(-1)?.note ?? test.message) });
    case 'not_run':
      return element(
        'error',
        { type: 'not_run', message: short(test.message) ?? 'not run' },
        xmlText(test.message ?? ''),
      );
    case 'flaky':
      return failed.map((attempt) => retried('flaky', attempt)).join('');
    case 'failed': {
      const [first, ...others] = failed;
      return failure(test, first) + others.map((attempt) => retried('rerun', attempt)).join('');
    }
  }
}

const failureType = (test: ReportTest): string => (test.kind === 'file' ? 'file' : 'failed');

function failure(test: ReportTest, attempt: ReportAttempt | undefined): string {
  const message = attempt?.message ?? test.message;
  return element(
    test.fault ?? 'failure',
    { message: short(message), type: failureType(test) },
    xmlText(failureText(message, attempt)),
  );
}

const WORD: Record<Fault, string> = { failure: 'Failure', error: 'Error' };

function retried(kind: 'flaky' | 'rerun', attempt: ReportAttempt): string {
  const name = `${kind}${WORD[attempt.fault ?? 'failure']}`;
  const trace = element('stackTrace', {}, xmlText(failureText(attempt.message, attempt)));
  return element(name, { message: short(attempt.message), type: 'failed' }, trace + output(attempt));
}

function failureText(message: string | null, attempt: ReportAttempt | undefined): string {
  const stack = attempt?.stack ?? null;
  if (message === null || stack?.includes(message)) return stack ?? '';
  return stack === null ? message : `${message}\n${stack}`;
}

function output(attempt: ReportAttempt | undefined): string {
  const out = attempt?.stdout ? element('system-out', {}, xmlText(attempt.stdout)) : '';
  return attempt?.stderr ? out + element('system-err', {}, xmlText(attempt.stderr)) : out;
}

function verdictSuite(report: Report): string {
  const text = verdictCase(report);
  if (text === undefined) return '';
  const error = element('error', { type: report.verdict, message: short(text) }, xmlText(text));
  const counts = { tests: 1, failures: 0, errors: 1, skipped: 0, flakes: 0, time: '0.000' };
  return element(
    'testsuite',
    { name: VERDICT_SUITE, ...counts },
    element('testcase', { name: 'verdict', classname: VERDICT_SUITE, time: '0.000' }, error),
  );
}

const seconds = (ms: number): string => (ms / 1000).toFixed(3);

function short(text: string | null): string | null {
  if (text === null || text.length <= MAX_MESSAGE_CHARS) return text;
  return `${text.slice(0, MAX_MESSAGE_CHARS)} …`;
}
