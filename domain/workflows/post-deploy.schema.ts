import { z } from 'zod';
import { POST_DEPLOY_STAGES } from '../post-deploy/stages.js';
import { RunOptions, Source, StartRun } from '../run.schema.js';
import { sourceOf } from '../triggers/params.js';
import type { WorkflowKind } from '../workflows.js';

export const PostDeployParams = z
  .strictObject({
    source: Source.describe('The code whose tests look at the deployment.'),
    project: StartRun.shape.project,
    environment: z.string().min(1).max(200).default('production').describe('Where it was deployed to.'),
    version: z.string().min(1).max(250).optional().describe('What was deployed, in words of the team.'),
    rollback: z
      .boolean()
      .optional()
      .describe(
        'true: undo the deployment when its validation fails; false: never. Default: what the installation says.',
      ),
    options: RunOptions.prefault({}),
  })
  .meta({ id: 'PostDeployParams' });
export type PostDeployParams = z.infer<typeof PostDeployParams>;

export const POST_DEPLOY: WorkflowKind<PostDeployParams> = {
  name: 'postDeploy',
  aliases: ['post-deploy', 'post-deployment', 'post-deployment-validation'],
  title: 'Post-deployment validation',
  description: 'Does what was deployed work? Smoke tests, integrations, and a rollback where that is wanted.',
  params: PostDeployParams,
  stages: POST_DEPLOY_STAGES,
  subject: ({ source }) => (source.kind === 'commit' ? { repository: source.repository, commit: source.commit } : {}),
  project: ({ project }) => project,
  happened: (happening) => ({
    ...sourceOf(happening),
    ...defined({ environment: happening.environment, version: happening.version }),
  }),
};

const defined = (values: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null && value !== undefined));
