/**
 * Any receiver of Standard Webhooks: `webhook-id` stays the same however often a message is sent, so that a receiver can
 * tell a repetition. Nobody can be asked whether it arrived.
 */
import { createHmac } from 'node:crypto';
import { toText } from '../../domain/notify/markdown.js';
import type { Message } from '../../domain/notify/message.js';
import type { Notifier } from '../../domain/notify/ports.js';
import { type Egress, hostOf } from '../egress/egress.js';
import { ask } from './vendor.js';

export interface WebhookOptions {
  readonly url: string;
  /** `whsec_…`; the newest first. */
  readonly secrets: readonly string[];
}

/** Throws `Error` with a sentence when a secret is none. */
export function webhookNotifier({ url, secrets }: WebhookOptions, egress: Egress): Notifier {
  const keys = secrets.map(keyOf);
  return {
    kind: 'webhook',
    gathers: false,
    where: hostOf(url),
    async send(message) {
      const body = JSON.stringify(webhookBody(message));
      const timestamp = String(Math.floor(Date.now() / 1_000));
      await ask(
        egress,
        {
          url,
          body,
          headers: {
            'content-type': 'application/json',
            'webhook-id': message.id,
            'webhook-timestamp': timestamp,
            ...(keys.length === 0 ? {} : { 'webhook-signature': sign(keys, message.id, timestamp, body) }),
          },
        },
        [url, ...secrets],
      );
      return { reference: message.id };
    },
  };
}

export function webhookBody(message: Message) {
  const { kind, severity, project, group, resolves, title, links, data, keys, time } = message;
  return {
    type: `baton.${kind}`,
    timestamp: time,
    data: { key: keys[0], severity, project, group, resolves, title, text: toText(message.body), links, values: data },
  };
}

function sign(keys: readonly Buffer[], id: string, timestamp: string, body: string): string {
  const signed = `${id}.${timestamp}.${body}`;
  return keys.map((key) => `v1,${createHmac('sha256', key).update(signed).digest('base64')}`).join(' ');
}

function keyOf(secret: string): Buffer {
  const encoded = secret.replace(/^whsec_/, '');
  const key = Buffer.from(encoded, 'base64');
  if (key.length < 24 || key.length > 64 || !/^[A-Za-z0-9+/]+=*$/.test(encoded))
    throw new Error('the signing secret is not `whsec_` and base64 of 24 to 64 bytes');
  return key;
}
