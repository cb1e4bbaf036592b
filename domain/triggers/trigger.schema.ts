import { z } from 'zod';
import { Secret } from '../secret.schema.js';

const Pattern = z.string().min(1).max(250);
const Name = z.string().regex(/^[A-Za-z0-9][\w.-]{0,99}$/, 'letters, digits, dot, dash and underscore, at most 100');

const common = {
  name: Name.describe('Its name, which is also how it appears as the one who asked.'),
  enabled: z.boolean().default(true),
  workflow: z
    .string()
    .min(1)
    .max(200)
    .default('pre-release')
    .describe('What it starts: a built-in workflow or the id of a stored definition.'),
  parameters: z
    .record(z.string().max(100), z.json())
    .refine((value) => JSON.stringify(value).length <= 16_000, 'at most 16,000 characters of JSON')
    .default({})
    .describe('Given to the workflow, beside what happened.'),
};

const branches = {
  branches: z
    .array(Pattern)
    .min(1)
    .max(50)
    .default(['main', 'develop', 'feature/*'])
    .describe('Patterns of branches; of a pull request, the branch that it goes to. `*` stops at `/`, `**` does not.'),
  paths: z
    .array(Pattern)
    .max(50)
    .default([])
    .describe('Only when a file changed that matches one. Default: whichever file.'),
  supersede: z
    .enum(['cancel', 'keep'])
    .default('cancel')
    .describe('What happens to the execution of an older commit of the same branch when a newer one is pushed.'),
};

const Dir = z
  .string()
  .regex(/^\//, 'an absolute path')
  .max(4096)
  .describe('A clone on the machine of the control process.');

/** Events of code hosts that a trigger may name; `merge` is a pull request that was merged. */
export const HOST_EVENTS = ['push', 'pull_request', 'merge', 'deployment', 'release', 'tag'] as const;

export const WebhookTrigger = z.strictObject({
  type: z.literal('webhook'),
  ...common,
  url: z
    .string()
    .regex(
      /^\/(?:hooks\/[A-Za-z0-9][\w.-]{0,99}|api\/hooks\/(?:github|gitlab))$/,
      '`/hooks/<name>`, `/api/hooks/github` or `/api/hooks/gitlab`',
    )
    .default('/api/hooks/github')
    .describe('Where the host delivers.'),
  host: z.enum(['github', 'gitlab']).default('github').describe('Who delivers, and so how the delivery is signed.'),
  secrets: z
    .array(Secret)
    .max(5)
    .default([])
    .describe('What deliveries to this address are signed with. Default: `webhookSecrets` of the code hosts.'),
  events: z.array(z.enum(HOST_EVENTS)).min(1).max(20).default(['push', 'pull_request']),
  repositories: z.array(Pattern).max(50).default([]).describe('Patterns of `owner/name`. Default: all.'),
  ...branches,
});

export const GitTrigger = z.strictObject({
  type: z.literal('git').describe('New commits in a clone of this machine.'),
  ...common,
  dir: Dir,
  ...branches,
});

export const FilesTrigger = z.strictObject({
  type: z.literal('files').describe('Files that are saved in a directory of this machine.'),
  ...common,
  dir: Dir,
  paths: z.array(Pattern).min(1).max(50).default(['src/**/*.ts']),
  debounceMs: z.int().min(100).max(60_000).default(500).describe('So long nothing more may be saved, ms.'),
});

export const EventTrigger = z.strictObject({
  type: z.literal('event').describe('A CloudEvent at `POST /api/events`.'),
  ...common,
  types: z.array(Pattern).min(1).max(50).describe('Patterns of the event type, such as `org.example.deployed`.'),
  sources: z.array(Pattern).max(50).default([]).describe('Patterns of the source. Default: every source.'),
});

export const TokenTrigger = z.strictObject({
  type: z.literal('api').describe('`POST /api/triggers/<name>/fire` with a token of its own.'),
  ...common,
  authentication: z.literal('token').default('token'),
  token: Secret.describe('The token: `Authorization: Bearer …`.'),
});

export const Trigger = z
  .discriminatedUnion('type', [WebhookTrigger, GitTrigger, FilesTrigger, EventTrigger, TokenTrigger])
  .meta({ id: 'Trigger', description: 'A rule that starts a workflow when something happens.' });
export type Trigger = z.infer<typeof Trigger>;
export type WebhookTrigger = z.infer<typeof WebhookTrigger>;
export type GitTrigger = z.infer<typeof GitTrigger>;
export type FilesTrigger = z.infer<typeof FilesTrigger>;

/** A trigger with where it comes from. */
export const StoredTrigger = z
  .object({
    trigger: Trigger,
    from: z.enum(['file', 'api']).describe('`file`: the settings file, which the API cannot change.'),
    by: z.string().nullable(),
    createdAt: z.string().nullable(),
    fired: z.int().nonnegative().describe('Executions that it has started.'),
  })
  .meta({ id: 'StoredTrigger' });
export type StoredTrigger = z.infer<typeof StoredTrigger>;
export const TriggerList = z.object({ items: z.array(StoredTrigger) }).meta({ id: 'TriggerList' });
export type TriggerList = z.infer<typeof TriggerList>;

/** Section `triggers` of the settings file. */
export const TriggerSection = z
  .array(Trigger)
  .max(200)
  .superRefine((all, context) => {
    const seen = new Set<string>();
    all.forEach((each, at) => {
      if (seen.has(each.name))
        context.addIssue({ code: 'custom', path: [at, 'name'], message: `is used twice: ${each.name}` });
      seen.add(each.name);
    });
  })
  .default([])
  .describe('Rules that start workflows: webhooks, clones and directories of this machine, events, tokens.');
