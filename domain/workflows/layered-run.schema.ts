import { LayeredRunParams } from '../layers/layers.schema.js';
import { planLayers } from '../layers/plan.js';
import type { WorkflowKind } from '../workflows.js';

export const LAYERED_RUN: WorkflowKind<LayeredRunParams> = {
  name: 'layeredRun',
  aliases: ['layered-run', 'layers'],
  title: 'Run layers',
  description:
    'Runs suites in ordered layers with limits; the mode says what the verdict waits for and what goes on behind it (docs/layers.md).',
  // What cannot be planned is refused before anything is started.
  params: LayeredRunParams.superRefine((params, context) => {
    try {
      planLayers(params);
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
    }
  }),
  stages: [{ name: 'plan', title: 'Plan' }],
  subject: ({ source }) => (source.kind === 'commit' ? { repository: source.repository, commit: source.commit } : {}),
  project: ({ project }) => project,
};
