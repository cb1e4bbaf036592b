/**
 * Slack. An incoming webhook only takes messages. With a bot token messages of one matter form a thread, the first one is
 * marked when it is over, and a message is looked for by its id before it is repeated.
 */
import type { Message } from '../../domain/notify/message.js';
import { type Delivered, NotDelivered, type Notifier } from '../../domain/notify/ports.js';
import { type Egress, hostOf } from '../egress/egress.js';
import { slackPayload } from './slack-blocks.js';
import { ask, json, retryAfterMs } from './vendor.js';

export function slackWebhookNotifier(webhook: string, egress: Egress): Notifier {
  return {
    kind: 'slack',
    gathers: true,
    where: hostOf(webhook),
    async send(message) {
      await ask(egress, { url: webhook, json: slackPayload(message) }, [webhook, new URL(webhook).pathname]);
      return { reference: null };
    },
  };
}

export interface SlackBotOptions {
  readonly token: string;
  readonly channel: string;
  readonly apiUrl: string | undefined;
}

interface SlackMessage {
  readonly ts: string;
  readonly text?: string;
  readonly blocks?: readonly { readonly block_id?: string }[];
  readonly metadata?: { readonly event_type?: string; readonly event_payload?: { readonly id?: string } };
}

type Answer<T> = { ok: true } & T;

const EVENT_TYPE = 'baton_notice';
const OVER = 'baton-over';
/** A message is looked for from a minute before its notice on: clocks differ. */
const LOOK_BACK_S = 60;

export function slackBotNotifier(
  { token, channel, apiUrl = 'https://slack.com/api/' }: SlackBotOptions,
  egress: Egress,
): Notifier {
  const base = apiUrl.endsWith('/') ? apiUrl : `${apiUrl}/`;
  const call = <T>(method: string, body: Readonly<Record<string, unknown>>): Promise<Answer<T>> =>
    slackCall<T>(egress, new URL(method, base).href, token, body);

  return {
    kind: 'slack',
    gathers: true,
    where: `${hostOf(base)} ${channel}`,
    async send(message, thread) {
      const sent = await call<{ ts: string }>('chat.postMessage', {
        channel,
        ...slackPayload(message),
        metadata: { event_type: EVENT_TYPE, event_payload: { id: message.id } },
        ...(thread === null ? {} : { thread_ts: thread, reply_broadcast: message.resolves }),
      });
      return delivered(sent.ts, message, thread);
    },
    async look(message, thread) {
      const oldest = String(Math.floor(Date.parse(message.time) / 1_000) - LOOK_BACK_S);
      const where = thread === null ? { oldest } : { ts: thread, oldest };
      try {
        const { messages } = await call<{ messages?: SlackMessage[] }>(
          thread === null ? 'conversations.history' : 'conversations.replies',
          { channel, ...where, limit: 200, include_all_metadata: true },
        );
        const found = messages?.find(({ metadata }) => metadata?.event_payload?.id === message.id);
        return found && (await delivered(found.ts, message, thread));
      } catch (error) {
        // A token without the right to read cannot know; the message is then sent again under the same id.
        if (error instanceof NotDelivered && error.how === 'refused') return undefined;
        throw error;
      }
    },
  };

  async function delivered(ts: string, message: Message, thread: string | null): Promise<Delivered> {
    const note = message.resolves && thread !== null ? await markOver(thread, message) : undefined;
    // What gathers several matters begins no thread of one of them.
    const begun = message.keys.length === 1 && !message.resolves ? { thread: thread ?? ts } : {};
    return { reference: ts, ...begun, ...(note === undefined ? {} : { note }) };
  }

  /** Returns what went wrong: the message itself has arrived, and is not to be sent again for this. */
  async function markOver(root: string, message: Message): Promise<string | undefined> {
    try {
      const { messages } = await call<{ messages?: SlackMessage[] }>('conversations.replies', {
        channel,
        ts: root,
        limit: 1,
      });
      const first = messages?.[0];
      if (!first || first.blocks?.some(({ block_id }) => block_id === OVER)) return undefined;
      const over = {
        type: 'context',
        block_id: OVER,
        elements: [{ type: 'plain_text', text: `🟢 over: ${message.title}`.slice(0, 300), emoji: false }],
      };
      await call('chat.update', { channel, ts: root, text: first.text ?? '', blocks: [over, ...(first.blocks ?? [])] });
      return undefined;
    } catch (error) {
      if (error instanceof NotDelivered) return `the first message could not be marked: ${error.message}`;
      throw error;
    }
  }
}

/** Errors of Slack that pass by themselves. */
const PASSING = new Set([
  'ratelimited',
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
  'team_added_to_org',
]);

async function slackCall<T>(
  egress: Egress,
  url: string,
  token: string,
  body: Readonly<Record<string, unknown>>,
): Promise<Answer<T>> {
  const answer = await ask(egress, { url, json: body, headers: { authorization: `Bearer ${token}` } }, [token]);
  const said = json<Answer<T> | { ok: false; error?: string }>(answer, 'Slack');
  if (said.ok) return said;
  const error = said.error ?? 'no reason';
  throw new NotDelivered(
    `Slack answered ${error}`,
    PASSING.has(error) ? 'again' : 'refused',
    retryAfterMs(answer.headers),
  );
}
