/** What a project and an installation say about the time after a deployment. */
import { z } from 'zod';
import { Secret } from '../secret.schema.js';

const SuiteNames = z.array(z.string().min(1).max(100)).min(1).max(200);

/** Section `postDeploy` of `baton.config.yaml`. */
export const PostDeployConfig = z
  .strictObject({
    smoke: SuiteNames.optional().describe(
      'Suites that say whether the deployment works at all. Default: those with `smoke` in their name, else every suite.',
    ),
    integration: SuiteNames.optional().describe(
      'Suites that verify the connections to others. Default: those with `integration` or `int` in their name.',
    ),
  })
  .meta({ id: 'PostDeployConfig' });
export type PostDeployConfig = z.infer<typeof PostDeployConfig>;

const WebAddress = z.url({ protocol: /^https?$/ }).max(2000);

const Webhook = z.strictObject({
  kind: z.literal('webhook').describe('How: one signed POST.'),
  url: WebAddress.describe('Receives one POST with what is to be rolled back.'),
  secret: Secret.optional().describe(
    'Signs the request as Standard Webhooks describe; base64, `whsec_` may stand before.',
  ),
  check: WebAddress.optional().describe(
    'Asked by GET with `?key=…` whether the rollback of this key was accepted: 200 is yes, 404 is no. Without it a request whose fate is unknown is not sent again.',
  ),
  idempotent: z
    .boolean()
    .default(false)
    .describe('The receiver acts once for one `Idempotency-Key`, so that a request of unknown fate may be sent again.'),
  timeoutMs: z.int().min(100).max(600_000).default(30_000).describe('For one request, in milliseconds.'),
});

export const Rollback = z
  .strictObject({
    project: z.string().min(1).max(100).describe('Name of the project.'),
    environment: z.string().min(1).max(200).default('production').describe('Where it was deployed to.'),
    automatic: z
      .boolean()
      .default(false)
      .describe(
        'Whether a failed validation asks for it by itself. Otherwise only an execution with `rollback: true` does.',
      ),
    approval: z
      .enum(['required', 'none'])
      .default('required')
      .describe('`required`: a person decides before it is done.'),
    approvalWithinMs: z
      .int()
      .min(1000)
      .max(7 * 86_400_000)
      .default(3_600_000)
      .describe('How long the decision is waited for, in milliseconds. Without one nothing is rolled back.'),
    by: Webhook.describe('How it is done. Baton never runs a command for it.'),
  })
  .meta({ id: 'Rollback', description: 'How the deployment of a project to an environment is undone.' });
export type Rollback = z.infer<typeof Rollback>;

/** Section `rollbacks` of the installation. */
export const RollbackSection = z
  .array(Rollback)
  .max(200)
  .superRefine((all, context) => {
    const seen = new Set<string>();
    all.forEach(({ project, environment }, at) => {
      const name = `${project} in ${environment}`;
      if (seen.has(name)) context.addIssue({ code: 'custom', path: [at], message: `there are two for ${name}` });
      seen.add(name);
    });
  })
  .default([])
  .describe('How deployments are undone when their validation fails.');
