import { z } from 'zod';
import { PRE_RELEASE_STAGES } from '../pre-release/stages.js';
import { RunOptions, Source, StartRun } from '../run.schema.js';
import { sourceOf } from '../triggers/params.js';
import type { WorkflowKind } from '../workflows.js';

export const PreReleaseParams = z
  .strictObject({
    source: Source,
    project: StartRun.shape.project,
    branch: z.string().min(1).max(250).optional().describe('Branch that the commit belongs to.'),
    before: z
      .string()
      .min(1)
      .max(250)
      .optional()
      .describe(
        'Head of the branch before the push. Default: where the commit left the default branch, else its parent.',
      ),
    pullRequest: z.int().positive().optional().describe('Pull request that is answered.'),
    answer: z.boolean().default(true).describe('false: say nothing at the code host.'),
    fix: z
      .boolean()
      .optional()
      .describe('Whether a fix is tried when the gate blocks. Default: what the project says.'),
    options: RunOptions.prefault({}),
  })
  .meta({ id: 'PreReleaseParams' });
export type PreReleaseParams = z.infer<typeof PreReleaseParams>;

export const PRE_RELEASE: WorkflowKind<PreReleaseParams> = {
  name: 'preRelease',
  aliases: ['pre-release', 'pre-release-testing'],
  title: 'Pre-release testing',
  description: 'Is this change safe to merge? Looks at the change, tests what matters first, and answers the commit.',
  params: PreReleaseParams,
  stages: PRE_RELEASE_STAGES,
  subject: ({ source, branch, pullRequest }) => ({
    ...(source.kind === 'commit' ? { repository: source.repository, commit: source.commit } : {}),
    ...(branch ? { branch } : {}),
    ...(pullRequest ? { pullRequest } : {}),
  }),
  project: ({ project }) => project,
  happened: (happening) => ({
    ...sourceOf(happening),
    ...defined({
      branch: happening.pullRequest?.head ?? happening.branch,
      before: happening.before,
      pullRequest: happening.pullRequest?.number,
    }),
  }),
};

const defined = (values: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null && value !== undefined));
