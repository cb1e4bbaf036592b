import { z } from 'zod';

/**
 * What one attempt of one batch came to. The list is closed: gates and reports are built on these words.
 * Only `passed` can be green.
 */
export const BatchOutcome = z
  .enum([
    'passed',
    'failed',
    'error_setup',
    'error_runner_crashed',
    'error_no_results',
    'error_partial_report',
    'error_corrupt_report',
    'error_inconsistent',
    'timeout',
    'cancelled',
    'lost_worker',
    'limit_memory',
    'limit_output',
    'limit_disk',
    'limit_processes',
    'blocked_policy',
    'superseded',
  ])
  .meta({ id: 'BatchOutcome', description: 'What one attempt of one batch came to.' });
export type BatchOutcome = z.infer<typeof BatchOutcome>;

/** What a reporter said about one try of one test. Expected failures count as passed, todo as skipped. */
export const RawStatus = z.enum(['passed', 'failed', 'skipped']).meta({ id: 'RawStatus' });
export type RawStatus = z.infer<typeof RawStatus>;

/** What counts for one test after all its attempts. `not_run`: selected, but nobody saw it end. */
export const TestStatus = z.enum(['passed', 'failed', 'skipped', 'flaky', 'not_run']).meta({ id: 'TestStatus' });
export type TestStatus = z.infer<typeof TestStatus>;

export const Verdict = z
  .enum(['passed', 'failed', 'blocked', 'incomplete', 'cancelled'])
  .meta({ id: 'Verdict', description: 'The answer of a finished execution. Only `passed` is green.' });
export type Verdict = z.infer<typeof Verdict>;

/** Where an execution stands. Only `finished` has a verdict. */
export const RunStatus = z
  .enum(['accepted', 'planning', 'running', 'settling', 'reporting', 'finished'])
  .meta({ id: 'RunStatus' });
export type RunStatus = z.infer<typeof RunStatus>;

/** Red results and evidence that is missing, in one sentence for people. */
export const OUTCOME_TEXT: Record<BatchOutcome, string> = {
  passed: 'every test passed',
  failed: 'at least one test failed',
  error_setup: 'the test command could not be started',
  error_runner_crashed: 'the test process ended outside its protocol',
  error_no_results: 'the test process ended without reporting a single test',
  error_partial_report: 'the report stops before all expected files were reported',
  error_corrupt_report: 'the report could not be read',
  error_inconsistent: 'exit code and report disagree',
  timeout: 'the time limit was reached',
  cancelled: 'the run was cancelled',
  lost_worker: 'the runner was lost',
  limit_memory: 'the memory limit was reached',
  limit_output: 'the output limit was reached',
  limit_disk: 'the disk is full or the disk limit was reached',
  limit_processes: 'the limit of processes was reached',
  blocked_policy: 'a policy forbids this',
  superseded: 'another attempt took over',
};
