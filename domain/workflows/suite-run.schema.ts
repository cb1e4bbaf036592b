import { z } from 'zod';
import { RunOptions, Source, StartRun } from '../run.schema.js';
import type { WorkflowKind } from '../workflows.js';

export const SuiteRunParams = z
  .strictObject({
    source: Source,
    project: StartRun.shape.project,
    options: RunOptions.prefault({}),
    priority: StartRun.shape.priority,
  })
  .meta({ id: 'SuiteRunParams' });
export type SuiteRunParams = z.infer<typeof SuiteRunParams>;

export const SUITE_RUN: WorkflowKind<SuiteRunParams> = {
  name: 'suiteRun',
  aliases: ['suite-run', 'test-run', 'run'],
  title: 'Run suites',
  description:
    'Runs the suites of a project once: what schedules and triggers start when no larger workflow is asked for.',
  params: SuiteRunParams,
  stages: [{ name: 'tests', title: 'Run tests' }],
  subject: ({ source }) => (source.kind === 'commit' ? { repository: source.repository, commit: source.commit } : {}),
  project: ({ project }) => project,
};
