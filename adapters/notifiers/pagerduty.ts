/** PagerDuty, Events API v2. Trigger and resolve of one matter share a dedup key, so that repeating is harmless. */
import { createHash } from 'node:crypto';
import { toText } from '../../domain/notify/markdown.js';
import { cut, type Message } from '../../domain/notify/message.js';
import type { Notifier } from '../../domain/notify/ports.js';
import { type Egress, hostOf } from '../egress/egress.js';
import { ask, json } from './vendor.js';

export interface PagerDutyOptions {
  readonly routingKey: string;
  readonly url: string | undefined;
}

const ENQUEUE = 'https://events.pagerduty.com/v2/enqueue';

export function pagerDutyNotifier({ routingKey, url = ENQUEUE }: PagerDutyOptions, egress: Egress): Notifier {
  return {
    kind: 'pagerduty',
    gathers: false,
    where: hostOf(url),
    async send(message) {
      const answer = await ask(egress, { url, json: pagerDutyEvent(message, routingKey) }, [routingKey]);
      const { dedup_key } = json<{ dedup_key?: string }>(answer, 'PagerDuty');
      return { reference: dedup_key ?? dedupKey(message.group) };
    },
  };
}

/** At most 255 characters, and without what a stranger may have put into the name of a matter. */
export const dedupKey = (group: string): string =>
  `baton-${createHash('sha256').update(group).digest('hex').slice(0, 32)}`;

export function pagerDutyEvent(message: Message, routingKey: string) {
  const event = { routing_key: routingKey, dedup_key: dedupKey(message.group) };
  if (message.resolves) return { ...event, event_action: 'resolve' };
  return {
    ...event,
    event_action: 'trigger',
    client: 'Baton',
    payload: {
      summary: cut(message.title, 1_024),
      source: message.project === '' ? 'baton' : message.project,
      severity: message.severity,
      timestamp: message.time,
      component: message.project,
      group: message.group,
      class: message.kind,
      custom_details: { ...message.data, text: cut(toText(message.body), 4_000), id: message.id },
    },
    links: message.links.map(({ url: href, label: text }) => ({ href, text })),
  };
}
