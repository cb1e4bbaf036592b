import { z } from 'zod';
import { Blame, Fault } from './blame.schema.js';
import { RawStatus, TestStatus } from './outcome.schema.js';

/** `file`: a file that failed to load or a red result that belongs to no single test. */
export const ResultKind = z.enum(['test', 'file']);

/** One try of one test as the ledger keeps it. Key: execution, batch, test id, occurrence, attempt, fence. */
export const ResultRow = z
  .object({
    testId: z.string().describe('Stable identity from suite, file, name path and parameters.'),
    occurrence: z.int().min(1).describe('1, 2 … for tests of one file that share all names.'),
    attempt: z.int().min(1).describe('The stage of the batch: 1 is the first try.'),
    kind: ResultKind,
    suite: z.string(),
    file: z.string(),
    path: z.array(z.string()),
    params: z.string().nullable(),
    status: RawStatus,
    fault: Fault.nullish().describe('Of a red result: the thing tested is wrong, or could not be tested.'),
    tries: z.int().min(1),
    durationMs: z.number().nullable(),
    startedAt: z.number().nullable().describe('Unix time in milliseconds.'),
    note: z.string().nullable(),
    message: z.string().nullable(),
    stack: z.string().nullable(),
    expected: z.string().nullable(),
    actual: z.string().nullable(),
    line: z.int().nullable(),
    column: z.int().nullable(),
    stdout: z.string().nullable(),
    stderr: z.string().nullable(),
  })
  .meta({ id: 'ResultRow' });
export type ResultRow = z.infer<typeof ResultRow>;

/** A try with where it ran. */
export const Attempt = ResultRow.extend({
  batch: z.string(),
  fence: z.int(),
  runner: z.string(),
}).meta({ id: 'Attempt' });
export type Attempt = z.infer<typeof Attempt>;

/** What counts for one test of one execution, decided from all its attempts. */
export const TestResult = z
  .object({
    testId: z.string(),
    occurrence: z.int(),
    kind: ResultKind,
    suite: z.string(),
    file: z.string(),
    name: z.string().describe('Name path joined with ` › `, parameters in brackets.'),
    path: z.array(z.string()),
    status: TestStatus,
    durationMs: z.number().nullable().describe('Of the last attempt.'),
    attempts: z.int(),
    message: z.string().nullable().describe('Of the last failed attempt.'),
    runner: z.string().nullable(),
    batch: z.string().nullable(),
    fault: Fault.nullish().describe('Of the last failed attempt.'),
    blame: Blame.nullish().describe('Whose fault it is; only red, flaky and missing results have one.'),
  })
  .meta({ id: 'TestResult' });
export type TestResult = z.infer<typeof TestResult>;
