import { z } from 'zod';
import { Batch } from './batch.schema.js';
import { BaseCommit } from './blame.schema.js';
import { BlameConfig, SuiteConfig } from './config.schema.js';

/** A suite with everything decided. */
export const Suite = SuiteConfig.extend({
  /** Where the decision to use this framework comes from: a file, a dependency, the configuration. */
  because: z.string(),
}).meta({ id: 'Suite' });
export type Suite = z.infer<typeof Suite>;

export const PlannedFile = z.object({
  suite: z.string(),
  file: z.string(),
  predictedMs: z.number().nonnegative(),
  /** `history`: median-like mean of earlier runs; `size`: first run, from the file's size. */
  basis: z.enum(['history', 'size']),
  /** Of the content when the plan was made; absent in older plans and for what is no single file, such as a go package. */
  sha256: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/)
    .optional(),
});
export type PlannedFile = z.infer<typeof PlannedFile>;

/** Stored as an artifact; only its digest and a few numbers enter Temporal's history. */
export const Plan = z
  .object({
    version: z.literal(1),
    project: z.string(),
    root: z.string().describe('Absolute directory on the runner; for a commit, the checkout.'),
    commit: z.string().nullable(),
    tree: z.string().nullable().describe('Git tree id of exactly what ran, uncommitted changes included.'),
    branch: z.string().nullable(),
    dirty: z.boolean().nullable(),
    lanes: z.int().min(1),
    suites: z.array(Suite),
    resources: z.record(z.string(), z.int()).optional().describe('Units of each shared thing.'),
    files: z.array(PlannedFile),
    batches: z.array(Batch),
    notes: z.array(z.string()),
    leftOut: z
      .array(z.object({ suite: z.string(), files: z.int().nonnegative().nullable(), by: z.enum(['filter', 'suites']) }))
      .optional()
      .describe('What the request left out, for the receipt.'),
    emptySuites: z.array(z.string()).optional().describe('Suites that the configuration names and that have no files.'),
    allowed: z
      .object({ removed: z.array(z.string()), empty: z.array(z.string()) })
      .optional()
      .describe('`removed` and `allowEmpty` of the configuration.'),
    base: BaseCommit.nullish().describe('What failures are compared with.'),
    blame: BlameConfig.optional(),
  })
  .meta({ id: 'Plan' });
export type Plan = z.infer<typeof Plan>;
