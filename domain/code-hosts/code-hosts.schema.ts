import { z } from 'zod';
import { Secret } from '../secret.schema.js';

const WebAddress = z
  .url({ protocol: /^https?$/ })
  .regex(/[^/]$/, 'without a slash at the end')
  .max(500);

const common = {
  webhookSecrets: z
    .array(Secret)
    .max(5)
    .default([])
    .describe(
      'Secrets that its webhooks are signed with (GitLab: its secret tokens). Each of them is accepted, so that one can be replaced while both are in use.',
    ),
  paced: z
    .boolean()
    .default(true)
    .describe('Leave a second between changes, as GitHub asks of everybody. A server of your own may not need it.'),
};

export const GitHubHost = z
  .strictObject({
    kind: z.literal('github'),
    url: WebAddress.default('https://github.com').describe(
      'Address of the web pages, of GitHub or of an Enterprise server.',
    ),
    apiUrl: WebAddress.optional().describe(
      'Address of the API. Default: `https://api.github.com`, and `<url>/api/v3` for an Enterprise server.',
    ),
    token: Secret.optional().describe('A token with rights to contents, pull requests, issues and commit statuses.'),
    app: z
      .strictObject({
        id: z.number().int().positive().describe('App ID.'),
        privateKey: Secret.describe('PEM of the App, line ends as `\\n` allowed.'),
        installation: z.number().int().positive().optional().describe('Default: asked for by repository.'),
      })
      .optional()
      .describe('A GitHub App. Only an App may write checks; with a token, checks become commit statuses.'),
    ...common,
  })
  .refine(({ token, app }) => (token === undefined) !== (app === undefined), 'needs either `token` or `app`');

export const GitLabHost = z.strictObject({
  kind: z.literal('gitlab'),
  url: WebAddress.default('https://gitlab.com').describe('Address of GitLab.'),
  token: Secret.describe('A project, group or personal access token with the scope `api`.'),
  ...common,
});

export const CodeHostSettings = z
  .discriminatedUnion('kind', [GitHubHost, GitLabHost])
  .meta({ id: 'CodeHostSettings', description: 'A place where repositories and pull requests live.' });
export type CodeHostSettings = z.infer<typeof CodeHostSettings>;

export const CodeHostList = z
  .array(CodeHostSettings)
  .max(20)
  .default([])
  .describe('GitHub and GitLab servers, found by the address of a repository.');
