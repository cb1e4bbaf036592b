/**
 * The receipt of a verdict: what was expected, what was observed, what did not run and who allowed it. It is signed over
 * its canonical JSON (`domain/canonical.ts`), and everything that makes it green can be checked from itself alone.
 */
import { z } from 'zod';
import { BaseCommit, BlameClass } from './blame.schema.js';
import { BatchOutcome, RawStatus, TestStatus, Verdict } from './outcome.schema.js';
import { Problem, RunOptions, Source, Totals, TrustClass } from './run.schema.js';
import { Origin } from './travel.schema.js';

const time = z.iso.datetime().describe('UTC.');
const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const count = z.int().nonnegative();

export const ExpectedSuite = z.object({
  suite: z.string(),
  framework: z.string(),
  because: z.string().describe('Where the decision for this framework comes from.'),
  files: z.array(
    z.object({ file: z.string(), sha256: digest.nullable().describe('Of the content when the plan was made.') }),
  ),
  testsLastTime: count.nullable().describe('Tests of this suite in the run that was compared with; null without one.'),
});

export const ReceiptAttempt = z.object({
  fence: count,
  runner: z.string(),
  outcome: BatchOutcome.nullable(),
  began: time,
  ended: time.nullable(),
  evidence: digest.nullable().describe('sha256 of the canonical evidence.'),
});

export const ReceiptBatch = z.object({
  batch: z.string(),
  suite: z.string(),
  stage: z.int().min(1),
  files: count.describe('Expected of this batch.'),
  filesEnded: count,
  state: z.enum(['open', 'running', 'final']),
  outcome: BatchOutcome.nullable(),
  exit: z
    .object({ code: z.int().nullable(), signal: z.string().nullable(), killed: z.string().nullable() })
    .nullable()
    .describe('How the last process ended. Null when nobody saw it end: a later attempt found every file finished.'),
  report: z.string().nullable().describe('sha256 of the event lines as they were received.'),
  attempts: z.array(ReceiptAttempt),
});

/** Why something that could have run did not. Only `project`, `filter`, `suites`, `removed` and `empty` are allowed in a green run. */
export const NotRunBy = z.enum([
  'project',
  'filter',
  'suites',
  'removed',
  'empty',
  'bail',
  'cancelled',
  'quarantine',
  'unexplained',
]);
export type NotRunBy = z.infer<typeof NotRunBy>;

export const NotRunEntry = z.object({
  suite: z.string(),
  file: z.string().nullable().describe('Null: the whole suite, or all files the words say.'),
  what: z.enum(['suite', 'files', 'tests']),
  count: count.nullable().describe('How many; null when nobody has counted.'),
  names: z.array(z.string()).describe('Of tests, at most 20.'),
  by: NotRunBy,
  allowedBy: z
    .string()
    .nullable()
    .describe('Who allowed it: the principal, the project, the configuration. Null: nobody.'),
  reason: z.string(),
});
export type NotRunEntry = z.infer<typeof NotRunEntry>;

export const UnsteadyTest = z.object({
  testId: z.string(),
  occurrence: z.int().min(1),
  suite: z.string(),
  file: z.string(),
  name: z.string(),
  status: TestStatus,
  blame: z
    .object({ class: BlameClass, gating: z.boolean(), reason: z.string() })
    .nullable()
    .describe('Whose fault a red result is; null where nobody asked.'),
  attempts: z.array(
    z.object({
      attempt: z.int().min(1),
      status: RawStatus,
      tries: z.int().min(1),
      batch: z.string(),
      runner: z.string(),
      fence: count,
      message: z.string().nullable().describe('First line, at most 300 characters.'),
    }),
  ),
});

const SuiteTotals = Totals.extend({ suite: z.string(), ran: count.describe('Tests that really ran.') });

export const Receipt = z
  .object({
    kind: z.literal('baton.receipt'),
    version: z.literal(1),
    execution: z.string(),
    project: z.string(),
    principal: z.string(),
    trust: TrustClass,
    source: Source,
    options: RunOptions,
    commit: z.string().nullable(),
    tree: z.string().nullable(),
    branch: z.string().nullable(),
    dirty: z.boolean().nullable(),
    times: z.object({ accepted: time, started: time.nullable(), judged: time }),
    versions: z
      .record(z.string(), z.string())
      .describe('baton, node, temporal, and each framework as it named itself.'),
    isolation: z.array(z.string()).describe('How the process trees were held.'),
    seeds: z.record(z.string(), z.string()).describe('By suite, where its arguments name one.'),
    plan: digest.nullable(),
    origin: Origin.nullable().describe('The execution this one was made from: its green covers no more than that.'),
    base: BaseCommit.nullable().describe('The commit that failures are compared with.'),
    comparedWith: z.string().nullable().describe('Execution whose suites this one had to have.'),
    expected: z.object({ files: count, suites: z.array(ExpectedSuite) }),
    observed: z.object({
      files: count.describe('Expected files that were seen to their end.'),
      totals: Totals,
      suites: z.array(SuiteTotals),
      batches: z.array(ReceiptBatch),
    }),
    notRun: z.array(NotRunEntry),
    unsteady: z.array(UnsteadyTest).describe('Red and flaky tests with all their attempts; at most 1,000.'),
    unsteadyLeftOut: count,
    results: z.object({
      count,
      digest: digest.describe(
        'sha256 of the canonical list of [test id, occurrence, kind, suite, file, name, status].',
      ),
    }),
    verdict: Verdict,
    sentence: z.string(),
    reasons: z.array(z.string()).describe('Why it is not green; empty when it is.'),
    problem: Problem.nullable(),
    notes: z.array(z.string()),
  })
  .meta({ id: 'Receipt' });
export type Receipt = z.infer<typeof Receipt>;

export const SignedReceipt = z
  .object({
    receipt: Receipt,
    signature: z.object({
      algorithm: z.literal('Ed25519'),
      keyId: z.string().describe('First 32 hexadecimal digits of the sha256 of the public key (SPKI, DER).'),
      value: z.string().describe('base64url, over the canonical JSON of `receipt`.'),
    }),
  })
  .meta({ id: 'SignedReceipt' });
export type SignedReceipt = z.infer<typeof SignedReceipt>;

export const ReceiptKey = z
  .object({
    keyId: z.string(),
    algorithm: z.literal('Ed25519'),
    publicKey: z.string().describe('PEM.'),
  })
  .meta({ id: 'ReceiptKey' });
export type ReceiptKey = z.infer<typeof ReceiptKey>;
export const ReceiptKeyList = z.object({ items: z.array(ReceiptKey) }).meta({ id: 'ReceiptKeyList' });
export type ReceiptKeyList = z.infer<typeof ReceiptKeyList>;
