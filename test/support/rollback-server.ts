/** What receives a rollback: checks the signature, remembers keys, and can be away, slow to answer, or forget to answer. */
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type RollbackWeather = 'fine' | 'lost answer' | 'busy' | 'refuses' | 'breaks';

export interface RollbackServer {
  readonly url: string;
  readonly check: string;
  /** Base64. */
  readonly secret: string;
  /** Bodies of accepted requests, in order; one for each time it would really have rolled back. */
  readonly accepted: Record<string, unknown>[];
  readonly refusedSignatures: number;
  weather: RollbackWeather;
  stop(): Promise<void>;
}

export async function startRollbackServer(port = 0): Promise<RollbackServer> {
  const secret = Buffer.from('a secret of sixteen and more bytes').toString('base64');
  const state = {
    accepted: [] as Record<string, unknown>[],
    keys: new Set<string>(),
    bad: 0,
    weather: 'fine' as RollbackWeather,
  };

  const post = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString('utf8');
    const id = String(request.headers['webhook-id']);
    const signed = `${id}.${String(request.headers['webhook-timestamp'])}.${body}`;
    const expected = `v1,${createHmac('sha256', Buffer.from(secret, 'base64')).update(signed).digest('base64')}`;
    if (request.headers['webhook-signature'] !== expected || request.headers['idempotency-key'] !== id) {
      state.bad++;
      return void response.writeHead(401).end('bad signature');
    }
    if (state.weather === 'busy') return void response.writeHead(503, { 'retry-after': '1' }).end('busy');
    if (state.weather === 'refuses') return void response.writeHead(409).end('that version is gone');
    state.accepted.push((JSON.parse(body) as { data: Record<string, unknown> }).data);
    state.keys.add(id);
    if (state.weather === 'lost answer') return void request.socket.destroy();
    if (state.weather === 'breaks') return void response.writeHead(500).end('oh');
    response.writeHead(202, { location: `/rollbacks/${encodeURIComponent(id)}` }).end();
  };

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://localhost');
    if (request.method === 'POST') return void post(request, response);
    response.writeHead(state.keys.has(url.searchParams.get('key') ?? '') ? 200 : 404).end();
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `${base}/rollback`,
    check: `${base}/accepted`,
    secret,
    accepted: state.accepted,
    get refusedSignatures() {
      return state.bad;
    },
    get weather() {
      return state.weather;
    },
    set weather(weather) {
      state.weather = weather;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
