/** A receiver of Standard Webhooks: verifies id, time and signature over the raw body, as the specification says. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { bodyOf } from '../fake-host/server.js';

export const WEBHOOK_SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

const Body = z.strictObject({
  type: z.string().regex(/^[A-Za-z0-9_.]+$/),
  timestamp: z.iso.datetime(),
  data: z.record(z.string(), z.unknown()),
});
export type WebhookBody = z.infer<typeof Body>;

const TOLERANCE_S = 300;

export interface WebhookReceiver {
  readonly url: string;
  /** Every delivery that was verified, in order. */
  readonly deliveries: { id: string; body: WebhookBody }[];
  /** Each id once: what a receiver that keeps to the specification acts on. */
  once(): WebhookBody[];
  readonly violations: string[];
  /** Called for each request in place of the answer 200; undefined answers 200. */
  behave: ((response: ServerResponse, attempt: number) => boolean) | undefined;
  attempts: number;
  stop(): Promise<void>;
}

export async function startWebhookReceiver(secret = WEBHOOK_SECRET): Promise<WebhookReceiver> {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const server = createServer((request, response) => {
    void (async () => {
      receiver.attempts++;
      const raw = await bodyOf(request);
      const problem = check(request.headers, raw, key);
      if (typeof problem === 'string') {
        receiver.violations.push(problem);
        response.writeHead(401).end();
        return;
      }
      if (receiver.behave?.(response, receiver.attempts)) return;
      receiver.deliveries.push(problem);
      response.writeHead(204).end();
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const receiver: WebhookReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks/baton`,
    deliveries: [],
    once: () => [...new Map(receiver.deliveries.map(({ id, body }) => [id, body])).values()],
    violations: [],
    behave: undefined,
    attempts: 0,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return receiver;
}

function check(
  headers: NodeJS.Dict<string | string[]>,
  raw: string,
  key: Buffer,
): { id: string; body: WebhookBody } | string {
  const [id, time, signature] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => headers[name]);
  if (typeof id !== 'string' || typeof time !== 'string' || typeof signature !== 'string') return 'a header is missing';
  if (Math.abs(Date.now() / 1_000 - Number(time)) > TOLERANCE_S) return `the time ${time} is not now`;
  const expected = createHmac('sha256', key).update(`${id}.${time}.${raw}`).digest();
  const good = signature.split(' ').some((each) => {
    const [version, encoded] = each.split(',');
    const given = Buffer.from(encoded ?? '', 'base64');
    return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected);
  });
  if (!good) return `no signature of ${id} is right`;
  if (!String(headers['content-type']).startsWith('application/json')) return 'not JSON';
  const body = Body.safeParse(JSON.parse(raw));
  return body.success ? { id, body: body.data } : `body: ${body.error.message}`;
}
