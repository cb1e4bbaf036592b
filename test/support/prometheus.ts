/** A server that speaks the query API of Prometheus and checks what it is asked. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TestPrometheus {
  readonly url: string;
  /** Queries it was asked, in order. */
  readonly asked: string[];
  /** Values by query: one number, or several of a vector; absent queries are syntax errors. */
  readonly values: Map<string, readonly number[]>;
  close(): Promise<void>;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}

export async function startPrometheus(token?: string): Promise<TestPrometheus> {
  const asked: string[] = [];
  const values = new Map<string, readonly number[]>();
  const server = createServer(async (request, response) => {
    const answer = (status: number, body: object): void => {
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    const bad = (error: string): void => answer(400, { status: 'error', errorType: 'bad_data', error });
    if (request.url !== '/api/v1/query' || request.method !== 'POST') {
      response.writeHead(404, { 'Content-Type': 'text/plain' });
      response.end('404 page not found');
      return;
    }
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) {
      answer(401, { status: 'error', errorType: 'unauthorized', error: 'no token' });
      return;
    }
    const form = new URLSearchParams(await bodyOf(request));
    const query = form.get('query');
    if (request.headers['content-type'] !== 'application/x-www-form-urlencoded' || !query) return bad('no query');
    if (!/^\d+(\.\d+)?m?s$/.test(form.get('timeout') ?? '')) return bad('timeout is no duration');
    asked.push(query);
    const found = values.get(query);
    if (!found) return bad(`parse error: unexpected "${query.slice(0, 10)}"`);
    const now = Date.now() / 1000;
    const result = found.map((value, i) => ({ metric: { instance: `i${i}` }, value: [now, String(value)] }));
    answer(200, { status: 'success', data: { resultType: 'vector', result } });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    values,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
