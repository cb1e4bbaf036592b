/**
 * The one report model. Every writer (JUnit, CTRF, JSON, HTML) takes it and adds nothing of its own, so that they
 * cannot disagree. `report.json` is this object as it is; its JSON Schema comes from `reportJsonSchema()`.
 */
import { z } from 'zod';
import { Blame, Fault, RunBlame } from '../blame.schema.js';
import { BatchOutcome, RawStatus, TestStatus, Verdict } from '../outcome.schema.js';
import { ResultKind } from '../result.schema.js';
import { Problem, Totals } from '../run.schema.js';

const ms = z.number().nonnegative();
const text = z.string().nullable();

export const ReportAttempt = z
  .object({
    attempt: z.int().min(1).describe('1 is the first try; more are reruns in a fresh process.'),
    status: RawStatus,
    fault: Fault.nullish(),
    batch: z.string(),
    runner: z.string(),
    fence: z.int(),
    tries: z.int().min(1).describe('How often the framework itself tried within this attempt.'),
    startedAt: z.number().nullable().describe('Unix time in milliseconds.'),
    durationMs: ms.nullable(),
    note: text,
    message: text,
    stack: text,
    expected: text,
    actual: text,
    line: z.int().nullable(),
    column: z.int().nullable(),
    stdout: text,
    stderr: text,
  })
  .meta({ id: 'ReportAttempt' });
export type ReportAttempt = z.infer<typeof ReportAttempt>;

export const ReportTest = z
  .object({
    testId: z.string(),
    occurrence: z.int().min(1),
    kind: ResultKind,
    suite: z.string(),
    file: z.string().describe("Relative to the suite's directory."),
    name: z.string(),
    path: z.array(z.string()),
    status: TestStatus,
    durationMs: ms.nullable().describe('Of the last attempt.'),
    message: text.describe('Of the last failed attempt, or why it did not run.'),
    line: z.int().nullable(),
    runner: text,
    batch: text,
    fault: Fault.nullish().describe(
      'OpenTelemetry: the thing tested is wrong (`failure`), or could not be tested (`error`).',
    ),
    blame: Blame.nullish().describe('Whose fault it is. Only `your_change` gates.'),
    attempts: z.array(ReportAttempt),
  })
  .meta({ id: 'ReportTest' });
export type ReportTest = z.infer<typeof ReportTest>;

export const ReportSuite = z
  .object({
    name: z.string(),
    framework: text,
    dir: text,
    because: text.describe('Where the decision to use this framework came from.'),
    files: z.int().nonnegative(),
    totals: Totals,
    testMs: ms.describe('Sum of the last attempts of its tests, in milliseconds.'),
  })
  .meta({ id: 'ReportSuite' });
export type ReportSuite = z.infer<typeof ReportSuite>;

export const ReportBatch = z
  .object({
    id: z.string(),
    suite: z.string(),
    stage: z.int().min(1),
    files: z.array(z.string()),
    fence: z.int().describe('How often a runner began it; more than 1 means that another runner took over.'),
    runner: text,
    startedAt: text,
    endedAt: text,
    outcome: BatchOutcome.nullable().describe('null: it has no final attempt.'),
    message: text,
    tests: z.int().nonnegative(),
    failed: z.int().nonnegative(),
    isolation: text,
  })
  .meta({ id: 'ReportBatch' });
export type ReportBatch = z.infer<typeof ReportBatch>;

export const ReportEnvironment = z
  .object({
    source: z.string().describe('Directory or repository.'),
    commit: text,
    tree: text,
    branch: text,
    dirty: z.boolean().nullable(),
    lanes: z.int().nullable(),
    runners: z.array(z.string()),
    isolation: z.array(z.string()).describe('How test processes were held; weakest first.'),
    versions: z.record(z.string(), z.string()),
  })
  .meta({ id: 'ReportEnvironment' });
export type ReportEnvironment = z.infer<typeof ReportEnvironment>;

export const Report = z
  .object({
    format: z.literal('baton-report'),
    version: z.literal(1),
    execution: z.string(),
    project: z.string(),
    principal: z.string(),
    trust: z.string(),
    priority: z.string(),
    verdict: Verdict,
    sentence: z.string().describe('Expected against observed, in words.'),
    problem: Problem.nullable(),
    notes: z.array(z.string()),
    totals: Totals,
    blame: RunBlame.nullable().describe('Failures by class; null when there is none.'),
    createdAt: z.iso.datetime(),
    startedAt: z.iso.datetime(),
    endedAt: z.iso.datetime(),
    durationMs: ms,
    environment: ReportEnvironment,
    suites: z.array(ReportSuite),
    batches: z.array(ReportBatch),
    tests: z.array(ReportTest).describe('Every selected test, in plan order; each counts once.'),
  })
  .meta({ id: 'Report', title: 'Baton report', description: 'One finished execution with every test and attempt.' });
export type Report = z.infer<typeof Report>;

/** JSON Schema (draft 2020-12) of `report.json`. */
export function reportJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(Report, { io: 'output' }) as Record<string, unknown>;
}
