/** OpenTelemetry's words for tests, semantic conventions `test.*`. What it has no word for is left out. */
import type { TestStatus } from '../outcome.schema.js';
import type { ReportTest } from './report.schema.js';

/** `test.case.result.status` knows pass and fail only. */
export const RESULT_STATUS: Record<TestStatus, 'pass' | 'fail' | undefined> = {
  passed: 'pass',
  flaky: 'pass',
  failed: 'fail',
  skipped: undefined,
  not_run: undefined,
};

/** `test.suite.run.status`: success, failure, skipped or aborted. */
export function suiteStatus(
  tests: readonly Pick<ReportTest, 'status'>[],
): 'success' | 'failure' | 'skipped' | 'aborted' {
  if (tests.some((t) => t.status === 'failed')) return 'failure';
  if (tests.some((t) => t.status === 'not_run')) return 'aborted';
  return tests.every((t) => t.status === 'skipped') ? 'skipped' : 'success';
}
