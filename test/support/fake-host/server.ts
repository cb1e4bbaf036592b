/** The shape that the fake hosts share: routes by method and path, every body checked, every request recorded. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import { type Effect, Weather } from './weather.js';

export interface Asked<Who> {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Parts of the path that the route named. */
  readonly at: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly who: Who;
  readonly headers: IncomingMessage['headers'];
}

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

export interface Route<Who> {
  readonly method: string;
  /** Such as `/repos/:owner/:repo/issues/:number`. */
  readonly path: string;
  /** What the documentation says of the body; absent: there must be none. */
  readonly body?: z.ZodType;
  run(asked: Asked<Who>): Promise<Answer> | Answer;
}

export interface Recorded {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  /** Undefined where the connection was dropped. */
  readonly status: number | undefined;
}

export interface FakeServer {
  readonly url: string;
  readonly weather: Weather;
  /** Every request to the API, in order. */
  readonly requests: Recorded[];
  /** What did not fit the documentation; a test ends by finding this empty. */
  readonly violations: string[];
  /** Connections are refused, git's too, until `open`, on the same port. */
  shut(): Promise<void>;
  open(): Promise<void>;
  stop(): Promise<void>;
}

export interface FakeServerOptions<Who> {
  /** Beginning of the API's paths, such as `/api/v3`. */
  readonly prefix: string;
  readonly routes: readonly Route<Who>[];
  /** Who asks; an answer is a refusal. */
  identify(request: IncomingMessage, path: string): Who | Answer;
  /** Everything outside the API, such as git. */
  other(request: IncomingMessage, response: ServerResponse): void;
  readonly invalid: (issues: readonly string[]) => Answer;
}

const isAnswer = (value: unknown): value is Answer => typeof value === 'object' && value !== null && 'status' in value;

export async function startFakeServer<Who>(options: FakeServerOptions<Who>): Promise<FakeServer> {
  const weather = new Weather();
  const requests: Recorded[] = [];
  const violations: string[] = [];
  const routes = options.routes.map((route) => ({ route, pattern: patternOf(route.path) }));
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://host');
    if (!pathname.startsWith(`${options.prefix}/`)) return options.other(request, response);
    serve(request, response, pathname.slice(options.prefix.length), searchParams).catch((error: unknown) => {
      violations.push(`the fake itself failed: ${error instanceof Error ? error.stack : String(error)}`);
      response.destroy();
    });
  });

  async function serve(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    query: URLSearchParams,
  ): Promise<void> {
    const method = request.method ?? '';
    const text = await bodyOf(request);
    const effect = weather.take(method, path);
    if (effect?.kind === 'slow') await sleep(effect.ms);
    const early = early1(effect);
    const answer = early ?? (await handle(request, method, path, query, text));
    const dropped = effect?.kind === 'drop';
    requests.push({ method, path, body: parsed(text), status: dropped ? undefined : answer?.status });
    if (dropped || !answer) return void request.socket.resetAndDestroy();
    send(response, answer);
  }

  const early1 = (effect: Effect | undefined): Answer | undefined => {
    if (effect?.kind === 'answer') return effect;
    return effect?.kind === 'drop' && effect.when === 'before' ? { status: 0 } : undefined;
  };

  async function handle(
    request: IncomingMessage,
    method: string,
    path: string,
    query: URLSearchParams,
    text: string,
  ): Promise<Answer> {
    if (!request.headers['user-agent']) violations.push(`${method} ${path}: no User-Agent`);
    const who = options.identify(request, path);
    if (isAnswer(who)) return who;
    for (const { route, pattern } of routes) {
      const match = route.method === method ? pattern.exec(path) : null;
      if (!match) continue;
      const at = Object.fromEntries(
        Object.entries(match.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]),
      );
      const body = checked(route, `${method} ${path}`, text, violations);
      if (body.issues.length > 0) return options.invalid(body.issues);
      return route.run({ method, path, query, at, body: body.value, who, headers: request.headers });
    }
    violations.push(`${method} ${path} is no route of this host`);
    return { status: 404, body: { message: 'Not Found' } };
  }

  let port = 0;
  const open = async (): Promise<void> => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  };
  const shut = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  await open();
  return {
    url: `http://127.0.0.1:${port}`,
    weather,
    requests,
    violations,
    shut,
    open,
    stop: shut,
  };
}

const patternOf = (path: string): RegExp =>
  new RegExp(`^${path.replace(/:([a-zA-Z]+)\*/g, '(?<$1>.+)').replace(/:([a-zA-Z]+)/g, '(?<$1>[^/]+)')}$`);

function checked<Who>(
  route: Route<Who>,
  name: string,
  text: string,
  violations: string[],
): { value: unknown; issues: string[] } {
  if (!route.body) {
    if (text !== '' && text !== '{}') violations.push(`${name}: takes no body, got ${text.slice(0, 200)}`);
    return { value: undefined, issues: [] };
  }
  const result = route.body.safeParse(parsed(text) ?? {});
  if (result.success) return { value: result.data, issues: [] };
  const issues = result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  violations.push(...issues.map((issue) => `${name}: ${issue}`));
  return { value: undefined, issues };
}

function parsed(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

export function send(response: ServerResponse, { status, body, headers }: Answer): void {
  if (body === undefined) response.writeHead(status, headers).end();
  else
    response
      .writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers })
      .end(JSON.stringify(body));
}

/** One page of a list, with the `Link` header that clients follow. */
export function page<T>(
  asked: Asked<unknown>,
  url: string,
  items: readonly T[],
): { items: T[]; headers: Record<string, string> } {
  const size = Math.min(Number(asked.query.get('per_page') ?? 30), 100);
  const number = Number(asked.query.get('page') ?? 1);
  const last = Math.max(1, Math.ceil(items.length / size));
  const link = (to: number, rel: string): string => {
    const query = new URLSearchParams(asked.query);
    query.set('page', String(to));
    query.set('per_page', String(size));
    return `<${url}${asked.path}?${query}>; rel="${rel}"`;
  };
  const links = number < last ? [link(number + 1, 'next'), link(last, 'last')] : [];
  return {
    items: items.slice((number - 1) * size, number * size),
    headers: links.length > 0 ? { link: links.join(', ') } : {},
  };
}
