/** Microsoft Teams (a Workflows webhook) and Discord (a webhook), as their documentation has them. */
import { z } from 'zod';
import type { Route } from '../fake-host/server.js';

const openUrl = z.strictObject({ type: z.literal('Action.OpenUrl'), title: z.string().optional(), url: z.url() });
const run = z.strictObject({
  type: z.literal('TextRun'),
  text: z.string(),
  weight: z.enum(['lighter', 'default', 'bolder']).optional(),
  size: z.enum(['small', 'default', 'medium', 'large', 'extraLarge']).optional(),
  color: z.enum(['default', 'dark', 'light', 'accent', 'good', 'warning', 'attention']).optional(),
  fontType: z.enum(['default', 'monospace']).optional(),
  isSubtle: z.boolean().optional(),
  underline: z.boolean().optional(),
  selectAction: openUrl.optional(),
});
const card = z.strictObject({
  $schema: z.literal('http://adaptivecards.io/schemas/adaptive-card.json'),
  type: z.literal('AdaptiveCard'),
  version: z.enum(['1.2', '1.3', '1.4', '1.5']),
  msteams: z.strictObject({ width: z.literal('Full') }).optional(),
  fallbackText: z.string().optional(),
  body: z.array(z.strictObject({ type: z.literal('RichTextBlock'), inlines: z.array(run).min(1) })).min(1),
  actions: z.array(openUrl).max(6),
});
const TeamsMessage = z.strictObject({
  type: z.literal('message'),
  attachments: z
    .array(
      z.strictObject({
        contentType: z.literal('application/vnd.microsoft.card.adaptive'),
        contentUrl: z.null(),
        content: card,
      }),
    )
    .length(1),
});
export type TeamsCard = z.infer<typeof card>;

const embed = z.strictObject({
  title: z.string().min(1).max(256),
  description: z.string().max(4_096),
  color: z.int().min(0).max(0xffffff),
  timestamp: z.iso.datetime(),
  footer: z.strictObject({ text: z.string().max(2_048) }),
});
const DiscordPost = z.strictObject({
  username: z.string().min(1).max(80),
  allowed_mentions: z.strictObject({ parse: z.array(z.enum(['roles', 'users', 'everyone'])) }),
  embeds: z.array(embed).min(1).max(10),
});
export type DiscordPost = z.infer<typeof DiscordPost>;

export const TEAMS_PATH = '/teams/workflows/f00d/triggers/manual/paths/invoke?api-version=2016-06-01&sig=sigsecret';
export const DISCORD_PATH = '/discord/api/webhooks/112233/discordsecret';

export class FakeTeams {
  readonly cards: TeamsCard[] = [];

  routes(): Route<string>[] {
    return [
      {
        method: 'POST',
        path: '/teams/workflows/:id/triggers/manual/paths/invoke',
        body: TeamsMessage,
        run: ({ body, query }) => {
          if (query.get('sig') !== 'sigsecret')
            return { status: 401, body: { error: { code: 'DirectApiAuthorizationRequired' } } };
          this.cards.push((body as z.infer<typeof TeamsMessage>).attachments[0]!.content);
          return { status: 202 };
        },
      },
    ];
  }
}

export class FakeDiscord {
  readonly posts: DiscordPost[] = [];

  routes(): Route<string>[] {
    return [
      {
        method: 'POST',
        path: '/discord/api/webhooks/:id/:token',
        body: DiscordPost,
        run: ({ body, at, query }) => {
          if (at['token'] !== 'discordsecret')
            return { status: 401, body: { message: 'Invalid Webhook Token', code: 50_027 } };
          this.posts.push(body as DiscordPost);
          return query.get('wait') === 'true'
            ? { status: 200, body: { id: String(1_000 + this.posts.length) } }
            : { status: 204 };
        },
      },
    ];
  }
}
