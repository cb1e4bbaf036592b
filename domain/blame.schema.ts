/** Words and shapes of blame: whose fault a failure is, how that is known, and what a rerun at the base commit has shown. */
import { z } from 'zod';
import { BatchOutcome, RawStatus } from './outcome.schema.js';

/** OpenTelemetry's two words. `failure`: the thing tested is wrong. `error`: it could not be tested. */
export const Fault = z.enum(['failure', 'error']).meta({ id: 'Fault' });
export type Fault = z.infer<typeof Fault>;

export const BlameClass = z
  .enum(['your_change', 'red_before', 'known_flaky', 'worker_died', 'environment', 'not_run'])
  .meta({ id: 'BlameClass', description: 'Whose fault a failure is. Only `your_change` gates.' });
export type BlameClass = z.infer<typeof BlameClass>;

export const BLAME_TEXT: Record<BlameClass, string> = {
  your_change: 'your change',
  red_before: 'red before your change',
  known_flaky: 'known flaky',
  worker_died: 'worker died',
  environment: 'environment',
  not_run: 'not run',
};

export const BlameEvidence = z
  .object({
    from: z
      .enum(['attempts', 'telemetry', 'base_rerun', 'base_ledger', 'flake_history', 'default'])
      .describe('What decided. `default`: nothing excuses the failure, so it gates.'),
    base: z.string().nullable().describe('The base commit that was compared with.'),
    attempts: z
      .array(z.object({ attempt: z.int(), status: RawStatus, batch: z.string(), runner: z.string() }))
      .describe('Tries in this execution, at most 10.'),
    baseTries: z
      .array(z.object({ try: z.int(), status: z.string(), message: z.string().nullable() }))
      .describe('Tries at the base commit; they never count for the run.'),
    executions: z.array(z.string()).describe('Earlier executions that were looked at, at most 10.'),
    outcome: BatchOutcome.nullable().describe('What the batch came to, where that decided.'),
  })
  .meta({ id: 'BlameEvidence' });
export type BlameEvidence = z.infer<typeof BlameEvidence>;

export const Blame = z
  .object({
    class: BlameClass,
    gating: z.boolean(),
    reason: z.string().describe('One sentence.'),
    evidence: BlameEvidence,
  })
  .meta({ id: 'Blame' });
export type Blame = z.infer<typeof Blame>;

const count = z.int().nonnegative();
export const BlameCounts = z
  .object({
    your_change: count,
    red_before: count,
    known_flaky: count,
    worker_died: count,
    environment: count,
    not_run: count,
  })
  .meta({ id: 'BlameCounts' });
export type BlameCounts = z.infer<typeof BlameCounts>;

/** Blame of a whole execution. */
export const RunBlame = z
  .object({
    counts: BlameCounts.describe('Failed and flaky tests, files that did not run, and what `others` lists.'),
    gating: count.describe('How many of them gate.'),
    base: z.object({ commit: z.string(), how: z.string() }).nullable().describe('What the change is compared with.'),
    others: z
      .array(z.object({ scope: z.enum(['batch', 'run']), id: z.string(), class: BlameClass, reason: z.string() }))
      .describe('Failures that belong to no single test or file, at most 100.'),
  })
  .meta({ id: 'RunBlame' });
export type RunBlame = z.infer<typeof RunBlame>;

/** The commit a change is compared with, pinned when the run is planned. */
export const BaseCommit = z
  .object({
    commit: z.string(),
    how: z.string().describe('Why this one, such as `HEAD, because the directory has uncommitted changes`.'),
    repository: z.string().describe('Where it can be checked out from.'),
    prefix: z.string().describe("Folder of the project in the repository, '' at its top."),
  })
  .meta({ id: 'BaseCommit' });
export type BaseCommit = z.infer<typeof BaseCommit>;

export const BaseTarget = z.object({
  suite: z.string(),
  file: z.string(),
  /** Name paths of the failed tests; absent = the whole file. */
  tests: z.array(z.array(z.string())).optional(),
  /** Longest time one try of it may take, in milliseconds. */
  timeoutMs: z.int().positive(),
});
export type BaseTarget = z.infer<typeof BaseTarget>;

/** What is to be run at the base commit, stored once. */
export const BasePlan = z
  .object({ base: BaseCommit, tries: z.int().min(1), budgetMs: z.int().positive(), targets: z.array(BaseTarget) })
  .meta({ id: 'BasePlan' });
export type BasePlan = z.infer<typeof BasePlan>;

/** One file in one try at the base commit. */
export const BaseFile = z
  .strictObject({
    suite: z.string().max(200),
    file: z.string().max(1024),
    present: z.boolean().describe('Whether the base commit has the file at all.'),
    ended: z.boolean().describe('Whether it was reported to its end.'),
    outcome: BatchOutcome.nullable(),
    message: z.string().max(8192),
    results: z
      .array(
        z.strictObject({
          testId: z.string().max(200),
          occurrence: z.int().min(1),
          kind: z.enum(['test', 'file']),
          status: RawStatus,
          fault: Fault.nullable(),
          message: z.string().max(20_000).nullable(),
        }),
      )
      .max(10_000),
  })
  .meta({ id: 'BaseFile' });
export type BaseFile = z.infer<typeof BaseFile>;

export interface BaseTry {
  readonly try: number;
  readonly files: readonly BaseFile[];
}

export const BaseWork = z
  .object({ plan: BasePlan.nullable(), done: z.array(z.int()).describe('Tries that are stored already.') })
  .meta({ id: 'BaseWork' });
export type BaseWork = z.infer<typeof BaseWork>;

export const RecordBase = z
  .strictObject({ try: z.int().min(1).max(10), files: z.array(BaseFile).max(1000) })
  .meta({ id: 'RecordBase' });
export type RecordBase = z.infer<typeof RecordBase>;
