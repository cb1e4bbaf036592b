import type { ExitRecord } from '../batch.schema.js';
import { plainText } from '../clip.js';
import type { Plan } from '../plan.schema.js';
import type { BatchRecord, StoredVerdict } from '../ports.js';
import type { Attempt, TestResult } from '../result.schema.js';
import type { Run, Source, Totals } from '../run.schema.js';
import type { TestStatus } from '../outcome.schema.js';
import { emptyTotals } from '../totals.js';
import { groupBy } from './group.js';
import type {
  Report,
  ReportAttempt,
  ReportBatch,
  ReportEnvironment,
  ReportSuite,
  ReportTest,
} from './report.schema.js';

export interface ReportInput {
  readonly run: Run;
  /** Absent when the execution ended before it had a plan. */
  readonly plan: Plan | null;
  readonly batches: readonly BatchRecord[];
  readonly attempts: readonly Attempt[];
  readonly results: readonly TestResult[];
  readonly verdict: StoredVerdict;
  /** Versions of what took part, such as `{ baton: '0.1.0', node: 'v22.1.0' }`. */
  readonly versions?: Readonly<Record<string, string>>;
}

/**
 * Makes the report of a finished execution. The same input gives the same report, to the byte: nothing is read from a
 * clock, so writing it twice stores it once. Counts come from `results` alone; where the stored verdict counted
 * differently a note says so.
 */
export function buildReport(input: ReportInput): Report {
  const { run, verdict } = input;
  const attempts = groupAttempts(input.attempts);
  const tests = input.results.map((result) => reportTest(result, attempts));
  const totals = countTotals(tests);
  const endedAt = run.endedAt ?? lastEnd(input.batches) ?? run.startedAt ?? run.createdAt;
  const startedAt = run.startedAt ?? run.createdAt;
  return {
    format: 'baton-report',
    version: 1,
    execution: run.id,
    project: run.project,
    principal: run.principal,
    trust: run.trust,
    priority: run.priority,
    verdict: verdict.verdict,
    sentence: plainText(verdict.sentence),
    problem: verdict.problem,
    notes: unique([
      ...(input.plan?.notes ?? []),
      ...run.notes,
      ...verdict.notes,
      ...consistencyNotes(input, totals),
    ]).map(plainText),
    totals,
    blame: verdict.blame ?? null,
    createdAt: run.createdAt,
    startedAt,
    endedAt,
    durationMs: Math.max(0, run.durationMs ?? Date.parse(endedAt) - Date.parse(startedAt)),
    environment: environment(input),
    suites: suites(input.plan, tests),
    batches: input.batches.map(reportBatch),
    tests,
  };
}

const TOTAL_OF: Record<TestStatus, keyof Totals> = {
  passed: 'passed',
  failed: 'failed',
  skipped: 'skipped',
  flaky: 'flaky',
  not_run: 'notRun',
};

export function countTotals(tests: readonly { readonly status: TestStatus }[]): Totals {
  const totals = emptyTotals();
  for (const test of tests) totals[TOTAL_OF[test.status]]++;
  return totals;
}

/** All selected tests, whatever became of them. */
export const sumTotals = (t: Totals): number => t.passed + t.failed + t.skipped + t.flaky + t.notRun;

const key = (test: { testId: string; occurrence: number }): string => `${test.testId}/${test.occurrence}`;

function groupAttempts(attempts: readonly Attempt[]): Map<string, Attempt[]> {
  const groups = groupBy(attempts, key);
  for (const group of groups.values()) group.sort((a, b) => a.attempt - b.attempt || a.fence - b.fence);
  return groups;
}

function reportTest(result: TestResult, groups: ReadonlyMap<string, readonly Attempt[]>): ReportTest {
  const attempts = (groups.get(key(result)) ?? []).map(reportAttempt);
  const located = attempts.findLast((a) => a.line !== null);
  return {
    testId: result.testId,
    occurrence: result.occurrence,
    kind: result.kind,
    suite: result.suite,
    file: plainText(result.file),
    name: plainText(result.name),
    path: result.path.map(plainText),
    status: result.status,
    durationMs: positive(result.durationMs),
    message: plain(result.message),
    line: located?.line ?? null,
    runner: result.runner,
    batch: result.batch,
    ...(result.fault ? { fault: result.fault } : {}),
    ...(result.blame ? { blame: { ...result.blame, reason: plainText(result.blame.reason) } } : {}),
    attempts,
  };
}

function reportAttempt(a: Attempt): ReportAttempt {
  return {
    attempt: a.attempt,
    status: a.status,
    ...(a.fault ? { fault: a.fault } : {}),
    batch: a.batch,
    runner: a.runner,
    fence: a.fence,
    tries: a.tries,
    startedAt: a.startedAt,
    durationMs: positive(a.durationMs),
    note: plain(a.note),
    message: plain(a.message),
    stack: plain(a.stack),
    expected: plain(a.expected),
    actual: plain(a.actual),
    line: a.line,
    column: a.column,
    stdout: plain(a.stdout),
    stderr: plain(a.stderr),
  };
}

function reportBatch(b: BatchRecord): ReportBatch {
  return {
    id: b.batch,
    suite: b.suite,
    stage: b.stage,
    files: [...b.files],
    fence: b.fence,
    runner: b.runner,
    startedAt: b.startedAt,
    endedAt: b.endedAt,
    outcome: b.state === 'final' ? (b.evidence?.outcome ?? null) : null,
    message: plain(b.evidence?.message ?? null),
    tests: b.evidence?.tests ?? 0,
    failed: b.evidence?.failed ?? 0,
    isolation: b.evidence?.exit?.isolation ?? null,
  };
}

function suites(plan: Plan | null, tests: readonly ReportTest[]): ReportSuite[] {
  const rows = new Map<string, ReportSuite & { seen: Set<string> }>();
  const row = (name: string): ReportSuite & { seen: Set<string> } => {
    const known = rows.get(name);
    if (known) return known;
    const suite = plan?.suites.find((s) => s.name === name);
    const fresh = {
      name,
      framework: suite?.framework ?? null,
      dir: suite?.dir ?? null,
      because: suite?.because ?? null,
      files: 0,
      totals: emptyTotals(),
      testMs: 0,
      seen: new Set<string>(),
    };
    rows.set(name, fresh);
    return fresh;
  };
  for (const suite of plan?.suites ?? []) row(suite.name);
  for (const file of plan?.files ?? []) row(file.suite).seen.add(file.file);
  for (const test of tests) {
    const suite = row(test.suite);
    suite.seen.add(test.file);
    suite.totals[TOTAL_OF[test.status]]++;
    suite.testMs += test.durationMs ?? 0;
  }
  return [...rows.values()].map(({ seen, ...suite }) => ({ ...suite, files: seen.size }));
}

const WEAKEST_FIRST: readonly ExitRecord['isolation'][] = ['process-group', 'pid-namespace', 'bubblewrap'];

function environment({ run, plan, batches, versions }: ReportInput): ReportEnvironment {
  const levels = new Set(batches.map((b) => b.evidence?.exit?.isolation));
  return {
    source: sourceText(run.source),
    commit: run.commit ?? plan?.commit ?? null,
    tree: plan?.tree ?? null,
    branch: run.branch ?? plan?.branch ?? null,
    dirty: run.dirty ?? plan?.dirty ?? null,
    lanes: plan?.lanes ?? null,
    runners: unique(batches.flatMap((b) => b.runner ?? [])).sort(),
    isolation: WEAKEST_FIRST.filter((level) => levels.has(level)),
    versions: { ...versions },
  };
}

/** Credentials in a repository's address never reach a report. */
function sourceText(source: Source): string {
  if (source.kind === 'directory') return source.dir;
  return `${source.repository.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/]*@/i, '$1')} at ${source.commit}`;
}

function consistencyNotes({ attempts, results, verdict }: ReportInput, totals: Totals): string[] {
  const notes: string[] = [];
  const stored = verdict.totals;
  if ((Object.keys(totals) as (keyof Totals)[]).some((name) => totals[name] !== stored[name])) {
    notes.push(`The stored verdict counted ${words(stored)}; the stored results are ${words(totals)}.`);
  }
  const known = new Set(results.map(key));
  const strays = new Set(attempts.filter((a) => !known.has(key(a))).map(key)).size;
  if (strays > 0) notes.push(`${strays} ${strays === 1 ? 'test was' : 'tests were'} reported but not counted.`);
  return notes;
}

export const words = (t: Totals): string =>
  `${t.passed} passed, ${t.failed} failed, ${t.flaky} flaky, ${t.skipped} skipped, ${t.notRun} not run`;

function lastEnd(batches: readonly BatchRecord[]): string | undefined {
  return batches
    .flatMap((b) => b.endedAt ?? [])
    .sort()
    .at(-1);
}

const unique = <T>(items: readonly T[]): T[] => [...new Set(items)];
const plain = (value: string | null): string | null => (value === null ? null : plainText(value));
const positive = (value: number | null): number | null => (value === null ? null : Math.max(0, value));
