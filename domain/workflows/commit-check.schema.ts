import { z } from 'zod';
import { RunOptions, StartRun } from '../run.schema.js';
import { sourceOf } from '../triggers/params.js';
import type { WorkflowKind } from '../workflows.js';

export const CommitCheckParams = z
  .strictObject({
    source: z.strictObject({
      kind: z.literal('commit'),
      repository: z.string().min(1).max(4096),
      commit: z.string().min(1).max(250).describe('A commit id: the answer belongs to it.'),
    }),
    branch: z.string().max(250).nullish().describe('Branch of the commit; its open pull requests get the comment.'),
    pullRequest: z.int().nullish(),
    project: StartRun.shape.project,
    options: RunOptions.prefault({}),
    priority: StartRun.shape.priority,
    context: z.string().min(1).max(200).default('baton').describe('Name of the status and the check.'),
    blocks: z.boolean().default(true).describe('Whether red blocks merging and pushing.'),
  })
  .meta({ id: 'CommitCheckParams' });
export type CommitCheckParams = z.infer<typeof CommitCheckParams>;

export const COMMIT_CHECK: WorkflowKind<CommitCheckParams> = {
  name: 'commitCheck',
  aliases: ['commit-check'],
  title: 'Check a commit',
  description:
    'Runs the suites at a commit and answers where the team looks: commit status, check, comment on its pull requests, merge gate.',
  params: CommitCheckParams,
  stages: [
    { name: 'tests', title: 'Run tests' },
    { name: 'answer', title: 'Answer' },
  ],
  subject: ({ source, branch, pullRequest }) => ({
    repository: source.repository,
    commit: source.commit,
    branch: branch ?? null,
    pullRequest: pullRequest ?? null,
  }),
  project: ({ project }) => project,
  happened: (happening) => ({
    ...sourceOf(happening),
    branch: happening.pullRequest?.head ?? happening.branch,
    pullRequest: happening.pullRequest?.number ?? null,
  }),
};
