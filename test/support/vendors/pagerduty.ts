/** PagerDuty's Events API v2: events of one dedup key are one incident. */
import { z } from 'zod';
import type { Route } from '../fake-host/server.js';

const common = { routing_key: z.string().length(32), dedup_key: z.string().min(1).max(255) };
const Event = z.discriminatedUnion('event_action', [
  z.strictObject({
    ...common,
    event_action: z.literal('trigger'),
    client: z.string().optional(),
    client_url: z.url().optional(),
    payload: z.strictObject({
      summary: z.string().min(1).max(1_024),
      source: z.string().min(1),
      severity: z.enum(['critical', 'error', 'warning', 'info']),
      timestamp: z.iso.datetime().optional(),
      component: z.string().optional(),
      group: z.string().optional(),
      class: z.string().optional(),
      custom_details: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
    }),
    links: z.array(z.strictObject({ href: z.url(), text: z.string() })).optional(),
  }),
  z.strictObject({ ...common, event_action: z.literal('resolve') }),
]);
export type PagerDutyEvent = z.infer<typeof Event>;

export const PAGERDUTY_KEY = 'R0123456789ABCDEF0123456789ABCDE';

export class FakePagerDuty {
  readonly events: PagerDutyEvent[] = [];
  /** By dedup key. A resolved incident stays; the next trigger opens a new one. */
  readonly incidents: { key: string; state: 'triggered' | 'resolved'; summary: string }[] = [];

  routes(): Route<string>[] {
    return [
      {
        method: 'POST',
        path: '/pagerduty/v2/enqueue',
        body: Event,
        run: ({ body }) => {
          const event = body as PagerDutyEvent;
          if (event.routing_key !== PAGERDUTY_KEY)
            return {
              status: 400,
              body: { status: 'invalid event', message: 'Event object is invalid', errors: ['Invalid routing key'] },
            };
          this.events.push(event);
          const open = this.incidents.find(({ key, state }) => key === event.dedup_key && state === 'triggered');
          if (event.event_action === 'resolve') {
            if (open) open.state = 'resolved';
          } else if (open) open.summary = event.payload.summary;
          else this.incidents.push({ key: event.dedup_key, state: 'triggered', summary: event.payload.summary });
          return { status: 202, body: { status: 'success', message: 'Event processed', dedup_key: event.dedup_key } };
        },
      },
    ];
  }
}
