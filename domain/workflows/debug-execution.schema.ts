import { z } from 'zod';
import type { WorkflowKind } from '../workflows.js';

export const DebugExecutionParams = z
  .strictObject({
    run: z.string().min(1).max(100).describe('Finished execution of tests.'),
    explain: z.boolean().default(true).describe('Ask the language model for an opinion, where one is configured.'),
  })
  .meta({ id: 'DebugExecutionParams' });
export type DebugExecutionParams = z.infer<typeof DebugExecutionParams>;

export const DEBUG_EXECUTION: WorkflowKind<DebugExecutionParams> = {
  name: 'debugExecution',
  aliases: ['debug-execution', 'debug'],
  title: 'Analyse failures',
  description:
    'Classes the failures of an execution, looks for earlier ones, asks a model for an opinion, and remembers all of it.',
  params: DebugExecutionParams,
  stages: [
    { name: 'analyse', title: 'Analyse failures' },
    { name: 'explain', title: 'Ask the model' },
    { name: 'remember', title: 'Remember' },
  ],
  subject: () => ({}),
  project: () => undefined,
};
