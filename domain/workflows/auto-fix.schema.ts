import { z } from 'zod';
import { FixLevel } from '../fix/settings.schema.js';
import { AUTO_FIX_STAGES } from '../fix/stages.js';
import type { WorkflowKind } from '../workflows.js';

export const AutoFixParams = z
  .strictObject({
    run: z
      .string()
      .regex(/^[A-Za-z0-9][\w.:-]{0,199}$/, 'the id of a run, such as `run_01K…`')
      .describe('The run whose failures are to be mended.'),
    level: FixLevel.optional().describe('How far to go. Default: what the settings of the installation say.'),
    base: z
      .string()
      .min(1)
      .max(250)
      .optional()
      .describe('Branch the fix is to be merged into. Default: that of the run.'),
    project: z.string().min(1).max(100).optional().describe('Name of the project.'),
  })
  .meta({ id: 'AutoFixParams' });
export type AutoFixParams = z.infer<typeof AutoFixParams>;

export const AUTO_FIX: WorkflowKind<AutoFixParams> = {
  name: 'autoFix',
  aliases: ['auto-fix', 'auto_fix'],
  title: 'Fix a failure',
  description:
    'Finds, verifies and offers a fix for the failing tests of a run, as a draft pull request that a person merges or closes.',
  params: AutoFixParams,
  stages: AUTO_FIX_STAGES,
  subject: () => ({}),
  project: ({ project }) => project,
};
