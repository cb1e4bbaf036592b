/** What a suite needs of the runner that takes its batches, and the shared things a batch holds while it runs. */
import { z } from 'zod';

/** A label of a runner, such as `gpu` or `chrome`. Part of the name of a Task Queue. */
export const Label = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,39}$/, 'lower-case letters, digits, and . _ - only');

/** A shared thing, such as `db` or `device:pixel`. */
export const ResourceName = z
  .string()
  .regex(/^[A-Za-z0-9][\w.:/-]{0,99}$/, 'letters, digits, and . _ : / - only')
  .describe('Name of a shared thing, such as `db` or `device:pixel`.');

export const SuiteNeeds = z
  .strictObject({
    labels: z
      .array(Label)
      .max(8)
      .default([])
      .describe('Only a runner that has all of these labels takes batches of the suite.'),
    memoryMb: z
      .int()
      .min(0)
      .max(1_048_576)
      .default(0)
      .describe('Memory one batch needs, in MiB. A runner takes batches only while the sum fits.'),
    cpus: z
      .number()
      .min(0)
      .max(1024)
      .default(0)
      .describe('Processors one batch needs. A runner takes batches only while the sum fits.'),
  })
  .meta({ id: 'SuiteNeeds' });
export type SuiteNeeds = z.infer<typeof SuiteNeeds>;

/** `count` of `limit` units of one shared thing. */
export const ResourceClaim = z.object({
  name: ResourceName,
  count: z.int().min(1).max(1000),
  limit: z.int().min(1).max(1000).describe('How many units there are in all.'),
});
export type ResourceClaim = z.infer<typeof ResourceClaim>;

/** A batch's copy of what its suite needs. Absent where nothing is needed, so that plain histories stay small. */
export const BatchNeeds = z
  .object({
    labels: z.array(Label),
    memoryMb: z.number(),
    cpus: z.number(),
    resources: z.array(ResourceClaim),
  })
  .meta({ id: 'BatchNeeds' });
export type BatchNeeds = z.infer<typeof BatchNeeds>;
