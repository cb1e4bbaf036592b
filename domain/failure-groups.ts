/** Failures that occur again and again, by what their messages have in common. */
import { z } from 'zod';
import { fingerprint, normalise } from './fingerprint.js';
import type { TestResult } from './result.schema.js';

export const FailureGroup = z
  .object({
    project: z.string(),
    fingerprint: z.string().describe('24 hexadecimal digits; the same wherever the same normalised message occurs.'),
    pattern: z.string().describe('The message with its changing parts replaced, such as `<number>` and `<path>`.'),
    sample: z.string().describe('The message as it was first seen, at most 1,000 characters.'),
    runs: z.int().describe('Executions in which it occurred.'),
    tests: z.int().describe('Tests that failed with it, over all these executions.'),
    lastTest: z.string().describe('A test that failed with it in the latest of them.'),
    lastExecution: z.string(),
    firstSeen: z.iso.datetime(),
    lastSeen: z.iso.datetime(),
  })
  .meta({ id: 'FailureGroup' });
export type FailureGroup = z.infer<typeof FailureGroup>;

export const FailureList = z.object({ items: z.array(FailureGroup) }).meta({ id: 'FailureList' });
export type FailureList = z.infer<typeof FailureList>;

export const FailuresQuery = z.strictObject({
  project: z.string().min(1).max(100).optional().describe('Only of this project.'),
  minRuns: z.coerce.number().int().min(1).max(100_000).default(1).describe('Only those of so many executions or more.'),
  limit: z.coerce.number().int().min(1).max(200).default(50).describe('How many at most; up to 200.'),
});
export type FailuresQuery = z.infer<typeof FailuresQuery>;

/** One fingerprint in one execution. */
export interface FailureOccurrence {
  readonly fingerprint: string;
  readonly pattern: string;
  readonly sample: string;
  readonly tests: number;
  readonly testName: string;
}

export interface FailureLedger {
  /** What failed in an execution, once: a repeated call replaces nothing and adds nothing. */
  remember(execution: string, occurrences: readonly FailureOccurrence[]): Promise<void>;
  /** Those of most executions first. */
  list(query: FailuresQuery): Promise<FailureGroup[]>;
}

const SAMPLE = 1_000;

/** The failures of an execution by fingerprint. Flaky tests count too: their first attempt failed. */
export function occurrences(results: readonly TestResult[]): FailureOccurrence[] {
  const found = new Map<string, FailureOccurrence>();
  for (const { status, message, name } of results) {
    if ((status !== 'failed' && status !== 'flaky') || !message) continue;
    const pattern = normalise(message);
    const key = fingerprint(pattern);
    const known = found.get(key);
    found.set(key, {
      fingerprint: key,
      pattern,
      sample: known?.sample ?? message.slice(0, SAMPLE),
      tests: (known?.tests ?? 0) + 1,
      testName: known?.testName ?? name,
    });
  }
  return [...found.values()];
}
