/** Section `notify` of the installation's settings: channels, who hears what, and when. */
import { z } from 'zod';
import { NOTICE_KINDS } from '../notice.js';
import { Secret } from '../secret.schema.js';
import { normaliseNotify } from './spellings.js';
import { namesIn, parseTemplate } from './template.js';
import { variablesOf } from './variables.js';

export const Severity = z.enum(['info', 'warning', 'critical']);
export type Severity = z.infer<typeof Severity>;

const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `30s`, `15m`, `2h`, `1d` in milliseconds. */
export function durationMs(text: string): number {
  return Number.parseInt(text, 10) * UNITS[text.at(-1) as keyof typeof UNITS];
}

const Duration = z
  .string()
  .regex(/^[1-9]\d{0,5}[smhd]$/, 'a whole number with s, m, h or d, such as 15m')
  .refine((text) => durationMs(text) <= 7 * UNITS.d, 'at most 7d');

const Clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of the day from 00:00 to 23:59');

const TimeZone = z.string().refine(isTimeZone, 'a time zone such as Europe/Berlin or UTC');

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    // Asking is the only way to find out whether the platform knows it.
    return false;
  }
}

const Except = z
  .array(Severity)
  .default(['critical'])
  .describe('Severities that are sent all the same. Default: `critical`.');

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

const QuietHours = z
  .strictObject({
    from: Clock.describe('Begin, such as `22:00`.'),
    to: Clock.describe('End, such as `07:00`; before `from` it is on the next day.'),
    timeZone: TimeZone.describe('Time zone of both, such as `Europe/Berlin`.'),
    days: z.array(z.enum(WEEKDAYS)).min(1).optional().describe('Days on which they begin. Default: every day.'),
    except: Except,
  })
  .refine(({ from, to }) => from !== to, { message: 'from and to are the same time', path: ['to'] });
export type QuietHours = z.infer<typeof QuietHours>;

const Digest = z.strictObject({
  every: Duration.describe('What comes within so long is told in one message, such as `15m`.'),
  except: Except,
});

const Rate = z.strictObject({
  messages: z.int().min(1).max(1_000).describe('Most messages …'),
  per: Duration.describe('… within so long, such as `1m`. What is more waits and is then told in one message.'),
});

const timing = {
  quietHours: QuietHours.optional().describe('When nothing is sent. What waited is told in one message afterwards.'),
  digest: Digest.optional().describe('Gathers notices instead of sending each.'),
  rate: Rate.optional().describe('Limit of messages. Default for people’s channels: 20 per minute.'),
  perGroup: Duration.optional().describe(
    'Shortest time between two messages of one matter, such as `10m`. A notice that says it is over is not held back.',
  ),
};

const secret = (what: string) => Secret.describe(what);
const address = z.url({ protocol: /^https?$/ }).max(2_000);
const host = z.string().regex(/^[A-Za-z0-9.:_-]{1,253}$/, 'a host name or address');
const mailbox = z.string().regex(/^[^\s<>"(),:;@[\]\\]{1,64}@[A-Za-z0-9.-]{1,253}$/, 'an e-mail address');
const label = z.string().regex(/^[^\s,]{1,50}$/, 'one word');
const name = z.string().regex(/^[a-z][a-z0-9_-]{0,39}$/, 'lower-case letters, digits, _ and -, at most 40');

export const EmailChannel = z.strictObject({
  kind: z.literal('email'),
  host: host.describe('SMTP server.'),
  port: z.int().min(1).max(65_535).default(587).describe('Its port.'),
  security: z
    .enum(['starttls', 'tls', 'none'])
    .default('starttls')
    .describe('`starttls` refuses to go on without it; `none` only for a relay on the same machine or network.'),
  ca: z.string().optional().describe('PEM file of the authority that signed the server’s certificate.'),
  user: Secret.optional().describe('User name at the server.'),
  password: Secret.optional().describe('Password at the server.'),
  from: z.string().max(200).describe('Sender, such as `Baton <baton@example.org>`.'),
  to: z.array(mailbox).max(50).default([]).describe('Addresses that get everything this channel gets.'),
  peopleDomains: z
    .array(z.string().regex(/^(\*|[a-z0-9.-]+)$/, 'a domain in lower case, or *'))
    .default([])
    .describe(
      'Domains of people who may be written to because a matter is theirs, such as the author of a commit; `*` is any. Default: none.',
    ),
  ...timing,
});

export const SlackChannel = z
  .strictObject({
    kind: z.literal('slack'),
    webhook: secret('Address of an incoming webhook.').optional(),
    token: secret(
      'Bot token; messages of one matter then form a thread, and a message is looked for before it is repeated.',
    ).optional(),
    channel: z.string().max(80).optional().describe('Id of the channel, with `token`.'),
    apiUrl: address.optional().describe('Address of the Slack API. Default: `https://slack.com/api/`.'),
    ...timing,
  })
  .refine((it) => (it.webhook === undefined) !== (it.token === undefined), 'needs `webhook` or `token`, not both')
  .refine((it) => it.token === undefined || it.channel !== undefined, {
    message: 'needs the id of a channel with `token`',
    path: ['channel'],
  });

export const TeamsChannel = z.strictObject({
  kind: z.literal('teams'),
  webhook: secret('Address of a Workflows webhook (“Post to a channel when a webhook request is received”).'),
  ...timing,
});

export const DiscordChannel = z.strictObject({
  kind: z.literal('discord'),
  webhook: secret('Address of the webhook.'),
  ...timing,
});

export const WebhookChannel = z.strictObject({
  kind: z.literal('webhook'),
  url: z.union([address, Secret]).describe('Where it is sent; an address that is secret as `{ env: NAME }`.'),
  secret: secret('Signing secret of Standard Webhooks: `whsec_` and base64 of 24 to 64 bytes.').optional(),
  oldSecret: secret('The secret before, while receivers change over: both sign.').optional(),
  ...timing,
});

export const PagerDutyChannel = z.strictObject({
  kind: z.literal('pagerduty'),
  routingKey: secret('Integration key of a service (Events API v2).'),
  url: address.optional().describe('Address of the API. Default: `https://events.pagerduty.com/v2/enqueue`.'),
  ...timing,
});

export const JiraChannel = z.strictObject({
  kind: z.literal('jira'),
  url: address.describe('Address of the site, such as `https://acme.atlassian.net`.'),
  api: z
    .union([z.literal(3), z.literal(2)])
    .default(3)
    .describe('`3` for Jira Cloud, `2` for a server of your own.'),
  user: z
    .string()
    .max(200)
    .optional()
    .describe('Account of the token; without it the token is a personal access token.'),
  token: secret('API token.'),
  project: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]{1,19}$/, 'the key of a Jira project, such as OPS')
    .describe('Key of the project.'),
  issueType: z.string().max(60).default('Bug').describe('Type of new issues.'),
  labels: z.array(label).max(10).default([]).describe('Labels of new issues.'),
  doneTransition: z
    .string()
    .max(60)
    .optional()
    .describe('Transition that closes an issue. Default: the first that leads to a status of the category “done”.'),
  ...timing,
});

export const IssueChannel = z.strictObject({
  kind: z.literal('issue'),
  repository: z.string().max(500).describe('Repository on GitHub or GitLab, such as `https://github.com/acme/shop`.'),
  labels: z.array(label).max(10).default([]).describe('Labels of new issues.'),
  ...timing,
});

export const ChannelSettings = z.discriminatedUnion('kind', [
  EmailChannel,
  SlackChannel,
  TeamsChannel,
  DiscordChannel,
  WebhookChannel,
  PagerDutyChannel,
  JiraChannel,
  IssueChannel,
]);
export type ChannelSettings = z.infer<typeof ChannelSettings>;
export type ChannelKind = ChannelSettings['kind'];

const Route = z.strictObject({
  kinds: z.array(z.enum(NOTICE_KINDS)).min(1).optional().describe('Kinds of notices. Default: all.'),
  severities: z.array(Severity).min(1).optional().describe('Severities. Default: all.'),
  projects: z
    .array(z.string().min(1).max(100))
    .min(1)
    .optional()
    .describe('Projects, with `*` for any characters. Default: all.'),
  channels: z.array(name).describe('Names of channels, or their kinds. None: nobody but the dashboard hears of it.'),
});
export type Route = z.infer<typeof Route>;

const Template = z
  .strictObject({
    title: z.string().max(1_000).default('{{title}}').describe('One line.'),
    text: z.string().max(20_000).default('{{text}}').describe('Markdown.'),
  })
  .describe(
    '`{{name}}` is a value, `{{#name}}…{{/name}}` is shown where there is one, `{{^name}}…{{/name}}` where not.',
  );

const Shape = z.strictObject({
  channels: z.record(name, ChannelSettings).default({}).describe('Channels by name.'),
  routes: z
    .array(Route)
    .optional()
    .describe(
      'Every route that fits adds its channels. Default: people’s channels and webhooks hear everything, `jira` and `issue` what is `warning` or `critical`, `pagerduty` what is `critical`; and each what resolves it.',
    ),
  templates: z
    .record(z.string().regex(/^[a-z][a-z0-9_]{0,59}$/), Template)
    .default({})
    .describe('Templates by kind of notice, such as `test_failure`, or by a name that a step asks for.'),
  quietHours: timing.quietHours.describe('For every channel of people that has none of its own.'),
  digest: timing.digest.describe('For every channel of people that has none of its own.'),
  allowPrivate: z
    .array(z.string().regex(/^[A-Za-z0-9.:*_/[\]-]{1,300}$/, 'a host, host:port, address or range such as 10.0.0.0/8'))
    .default([])
    .describe(
      'Hosts, addresses or ranges in private networks that channels may reach, such as `jira.corp.example` or `10.1.0.0/16`; they may be asked without TLS. Default: public addresses over https only.',
    ),
});

export const NotifySettings = z.preprocess(normaliseNotify, Shape.superRefine(checked));
export type NotifySettings = z.infer<typeof Shape>;
/** The same without other spellings: for the manual. */
export const NotifyShape = Shape;

type Context = { addIssue(issue: { code: 'custom'; message: string; path: (string | number)[] }): void };

function checked({ channels, routes = [], templates }: NotifySettings, context: Context): void {
  const problem = (path: (string | number)[], message: string): void =>
    context.addIssue({ code: 'custom', message, path });
  const known = new Set([...Object.keys(channels), ...Object.values(channels).map(({ kind }) => kind)]);
  routes.forEach((route, r) => {
    route.channels.forEach((wanted, c) => {
      if (!known.has(wanted))
        problem(
          ['routes', r, 'channels', c],
          `no channel is called ${wanted}; there are: ${[...known].join(', ') || 'none'}`,
        );
    });
  });
  for (const [name, source] of Object.entries(templates)) {
    const allowed = variablesOf(name);
    for (const part of ['title', 'text'] as const) {
      const missing = complaint(source[part], allowed);
      if (missing !== undefined) problem(['templates', name, part], missing);
    }
  }
}

function complaint(source: string, allowed: ReadonlySet<string>): string | undefined {
  try {
    const unknown = namesIn(parseTemplate(source)).filter((name) => !allowed.has(name));
    if (unknown.length === 0) return undefined;
    return `${unknown.map((name) => `{{${name}}}`).join(', ')}: no such variable here; there are: ${[...allowed].join(', ')}`;
  } catch (error) {
    return (error as Error).message;
  }
}
