/** Slack as its documentation has it: incoming webhooks and the four methods of the Web API that Baton uses. */
import { z } from 'zod';
import type { Answer, Route } from '../fake-host/server.js';

const plainText = (most: number) =>
  z.strictObject({ type: z.literal('plain_text'), text: z.string().min(1).max(most), emoji: z.boolean().optional() });
const style = z.strictObject({ bold: z.boolean().optional(), code: z.boolean().optional() });
const inline = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text'), text: z.string().min(1), style: style.optional() }),
  z.strictObject({ type: z.literal('link'), url: z.url().max(3_000), text: z.string().optional() }),
]);
const section = z.strictObject({ type: z.literal('rich_text_section'), elements: z.array(inline).min(1) });
const rich = z.discriminatedUnion('type', [
  section,
  z.strictObject({
    type: z.literal('rich_text_list'),
    style: z.enum(['bullet', 'ordered']),
    elements: z.array(section).min(1),
  }),
  z.strictObject({ type: z.literal('rich_text_preformatted'), elements: z.array(inline).min(1) }),
]);
const button = z.strictObject({
  type: z.literal('button'),
  text: plainText(75),
  url: z.url().max(3_000),
  action_id: z.string().max(255),
});
const Block = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('header'), text: plainText(150) }),
  z.strictObject({ type: z.literal('rich_text'), elements: z.array(rich).min(1) }),
  z.strictObject({ type: z.literal('actions'), elements: z.array(button).min(1).max(25) }),
  z.strictObject({
    type: z.literal('context'),
    block_id: z.string().max(255).optional(),
    elements: z.array(plainText(2_000)).min(1).max(10),
  }),
]);

/** What would make Slack mention, link or notify: none of it may come from a notice. */
const Text = z
  .string()
  .max(4_000)
  .regex(/^[^<>]*$/, 'holds markup of Slack');
const message = {
  text: Text,
  blocks: z.array(Block).min(1).max(50),
  unfurl_links: z.boolean().optional(),
  unfurl_media: z.boolean().optional(),
};
const metadata = z.strictObject({
  event_type: z.string().regex(/^[a-z_]+$/),
  event_payload: z.record(z.string(), z.string()),
});

export interface SlackMessage {
  readonly ts: string;
  readonly thread_ts?: string | undefined;
  readonly reply_broadcast?: boolean | undefined;
  text: string;
  blocks: unknown[];
  readonly metadata?: z.infer<typeof metadata> | undefined;
}

export const SLACK = {
  token: 'xoxb-1234567890-abcdef',
  channel: 'C0123456789',
  path: '/slack/services/T000/B000/hooksecret',
};

export class FakeSlack {
  /** What came by the incoming webhook. */
  readonly posts: { text: string; blocks: unknown[] }[] = [];
  /** What the bot has posted. */
  readonly messages: SlackMessage[] = [];
  private clock = Math.floor(Date.now() / 1_000);

  routes(): Route<string>[] {
    const post = z.strictObject(message);
    const send = z.strictObject({
      ...message,
      channel: z.string(),
      metadata: metadata.optional(),
      thread_ts: z.string().optional(),
      reply_broadcast: z.boolean().optional(),
    });
    const update = z.strictObject({ channel: z.string(), ts: z.string(), text: z.string(), blocks: message.blocks });
    const list = z.strictObject({
      channel: z.string(),
      ts: z.string().optional(),
      oldest: z.string().optional(),
      limit: z.int().max(999).optional(),
      include_all_metadata: z.boolean().optional(),
    });
    return [
      {
        method: 'POST',
        path: '/slack/services/:team/:app/:secret',
        body: post,
        run: ({ body, at }) => {
          if (at['secret'] !== 'hooksecret') return { status: 404, body: 'no_service' };
          this.posts.push(body as z.infer<typeof post>);
          return { status: 200, body: 'ok' };
        },
      },
      this.method('chat.postMessage', send, ({ channel: _channel, ...rest }) => {
        if (rest.thread_ts !== undefined && !this.messages.some(({ ts }) => ts === rest.thread_ts))
          return { ok: false, error: 'thread_not_found' };
        const ts = `${this.clock++}.000100`;
        this.messages.push({ ...rest, ts });
        return { ok: true, ts };
      }),
      this.method('chat.update', update, ({ ts, text, blocks }) => {
        const found = this.messages.find((each) => each.ts === ts);
        if (!found) return { ok: false, error: 'message_not_found' };
        Object.assign(found, { text, blocks });
        return { ok: true, ts };
      }),
      this.method('conversations.history', list, () => ({
        ok: true,
        messages: this.messages.filter(({ thread_ts, reply_broadcast }) => !thread_ts || reply_broadcast).reverse(),
      })),
      this.method('conversations.replies', list, ({ ts }) => ({
        ok: true,
        messages: this.messages.filter((each) => each.ts === ts || each.thread_ts === ts),
      })),
    ];
  }

  private method<T extends z.ZodType>(name: string, body: T, run: (body: z.infer<T>) => object): Route<string> {
    return {
      method: 'POST',
      path: `/slack/api/${name}`,
      body,
      run: ({ who, body: given }): Answer => {
        if (who !== `Bearer ${SLACK.token}`) return { status: 200, body: { ok: false, error: 'invalid_auth' } };
        const channel = (given as { channel?: string }).channel;
        if (channel !== SLACK.channel) return { status: 200, body: { ok: false, error: 'channel_not_found' } };
        return { status: 200, body: run(given as z.infer<T>) };
      },
    };
  }
}
