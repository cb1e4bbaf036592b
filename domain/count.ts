/** From attempts to what counts: one status for each test, and one entry for each file nobody saw to its end. */
import { displayName } from './identity.js';
import type { TestStatus } from './outcome.schema.js';
import type { Plan } from './plan.schema.js';
import type { BatchRecord } from './ports.js';
import type { Attempt, TestResult } from './result.schema.js';
import type { Totals } from './run.schema.js';
import { testId } from './identity.js';

/** Any pass and any failure of one test make it flaky; a pass that the framework itself had to try twice for, too. */
export function statusOf(attempts: readonly Pick<Attempt, 'status' | 'tries'>[]): TestStatus {
  let passed = false;
  let failed = false;
  let retried = false;
  for (const { status, tries } of attempts) {
    if (status === 'passed') {
      passed = true;
      retried ||= tries > 1;
    } else if (status === 'failed') failed = true;
  }
  if (failed) return passed ? 'flaky' : 'failed';
  if (passed) return retried ? 'flaky' : 'passed';
  return attempts.length > 0 ? 'skipped' : 'not_run';
}

const keyOf = (a: Pick<Attempt, 'testId' | 'occurrence'>): string => `${a.testId}/${a.occurrence}`;

/** Attempts of one test, first try first, in the order the tests were first seen. */
export function groupAttempts(attempts: readonly Attempt[]): Map<string, Attempt[]> {
  const groups = new Map<string, Attempt[]>();
  for (const attempt of attempts) {
    const key = keyOf(attempt);
    const group = groups.get(key);
    if (group) group.push(attempt);
    else groups.set(key, [attempt]);
  }
  for (const group of groups.values()) group.sort((a, b) => a.attempt - b.attempt);
  return groups;
}

/** `suite\0file` of every file that some attempt reported to its end, with the stages it happened in. */
export function endedFiles(batches: readonly BatchRecord[]): Map<string, number[]> {
  const ended = new Map<string, number[]>();
  for (const batch of batches) {
    for (const file of batch.filesDone) {
      const key = fileKey(batch.suite, file);
      ended.set(key, [...(ended.get(key) ?? []), batch.stage]);
    }
  }
  return ended;
}

export const fileKey = (suite: string, file: string): string => `${suite}\0${file}`;

export function countResults(plan: Plan, batches: readonly BatchRecord[], attempts: readonly Attempt[]): TestResult[] {
  const ended = endedFiles(batches);
  const results: TestResult[] = [];
  for (const group of groupAttempts(attempts).values()) results.push(countOne(group, ended));
  for (const { suite, file } of plan.files) {
    if (!ended.has(fileKey(suite, file))) results.push(notRun(suite, file));
  }
  return results;
}

function countOne(group: readonly Attempt[], ended: ReadonlyMap<string, number[]>): TestResult {
  const last = group.at(-1)!;
  const lastFailure = group.findLast((a) => a.status === 'failed');
  let status = statusOf(group);
  // A file that failed to load leaves no row when it loads later: its end mark in a later stage is the pass.
  const laterEnd = ended.get(fileKey(last.suite, last.file))?.some((stage) => stage > last.attempt) ?? false;
  if (last.kind === 'file' && status === 'failed' && laterEnd) status = 'flaky';
  return {
    testId: last.testId,
    occurrence: last.occurrence,
    kind: last.kind,
    suite: last.suite,
    file: last.file,
    name: last.kind === 'file' ? last.path.join(' › ') : displayName(last.path, last.params),
    path: [...last.path],
    status,
    durationMs: last.durationMs,
    attempts: group.length,
    message: status === 'passed' || status === 'skipped' ? null : (lastFailure?.message ?? last.message),
    runner: last.runner,
    batch: last.batch,
    fault: status === 'failed' || status === 'flaky' ? (lastFailure?.fault ?? null) : null,
  };
}

export const WHOLE_FILE = '(file)';

function notRun(suite: string, file: string): TestResult {
  return {
    testId: testId({ suite, file, path: [WHOLE_FILE], params: 'not run' }),
    occurrence: 1,
    kind: 'file',
    suite,
    file,
    name: WHOLE_FILE,
    path: [WHOLE_FILE],
    status: 'not_run',
    durationMs: null,
    attempts: 0,
    message: 'This file was expected, and nobody saw it to its end.',
    runner: null,
    batch: null,
  };
}

export function totalsOf(results: readonly Pick<TestResult, 'status'>[]): Totals {
  const totals: Totals = { passed: 0, failed: 0, skipped: 0, flaky: 0, notRun: 0 };
  for (const { status } of results) {
    if (status === 'not_run') totals.notRun++;
    else totals[status]++;
  }
  return totals;
}
