import 'reflect-metadata';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import { ProjectProblem } from '../domain/failures.js';
import { appModule } from './app.module.js';
import { Authenticator } from './common/authenticator.js';
import { installEdge } from './common/edge.js';
import { isLoopback } from './common/loopback.js';
import { nestLogger } from './common/nest-logger.js';
import { RouteTable, type RouterHost } from './common/route-table.js';
import type { ApiDeps } from './deps.js';
import { DocsService } from './docs/docs.service.js';
import { LiveAdapter } from './live/live.adapter.js';

export type { ApiDeps, ApiKeys, ApiLogger, Principal } from './deps.js';
export type { Role } from './common/access.js';
export { resumeAccepted, startAdmitted } from './runs/resume.js';

type Express = RouterHost & { set(name: string, value: unknown): void };

export interface Api {
  readonly app: NestExpressApplication;
  /** Begins to listen. `port` is the real one when 0 was asked for. Throws `ProjectProblem` when the port is taken. */
  listen(): Promise<{ url: string; port: number }>;
  /** Closes websockets (1001) and idle connections, waits for requests that are being answered. */
  close(): Promise<void>;
}

const HEADERS_TIMEOUT_MS = 15_000;
/** Long enough for a 64 MiB upload over a slow line. */
const REQUEST_TIMEOUT_MS = 180_000;
/** Longer than the runners' pools keep a connection, so that the runner's side closes first. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
const MAX_CONNECTIONS = 4000;
/** After this, requests that are still being answered are cut. */
const CLOSE_PATIENCE_MS = 10_000;

/** Builds the API. Nothing listens until `listen()`. */
export async function createApi(deps: ApiDeps): Promise<Api> {
  refuseOpenDoor(deps);
  const adapter = new ExpressAdapter();
  const express = adapter.getInstance() as Express;
  // One path for one thing. The adapter has made its router already, so the settings of the same names come too late.
  Object.assign(express.router, { caseSensitive: true, strict: true });
  express.set('etag', false);
  const app = await NestFactory.create<NestExpressApplication>(appModule(deps), adapter, {
    bodyParser: false,
    logger: nestLogger(deps.logger),
    abortOnError: false,
  });
  const authenticator = app.get(Authenticator);
  installEdge(app, deps, authenticator);
  app.useWebSocketAdapter(new LiveAdapter(app, authenticator));
  app.get(RouteTable).attach(express);
  app.get(DocsService).attach(app);
  limit(app.getHttpServer() as Server);
  await app.init();
  return { app, listen: () => listen(app, deps), close: () => closeInOrder(app) };
}

function refuseOpenDoor({ host, apiKeys, runnerToken }: ApiDeps): void {
  if (runnerToken.length < 16) {
    throw new ProjectProblem(
      'ConfigInvalid',
      'The runner token is shorter than 16 characters. Use a random one, such as the output of `openssl rand -hex 32`.',
    );
  }
  if (apiKeys !== undefined || isLoopback(host)) return;
  throw new ProjectProblem(
    'ConfigInvalid',
    `The API would listen on ${host}, where others can reach it, and no API keys are configured. Configure at least one API key, or listen on 127.0.0.1.`,
  );
}

/** Requests that are being answered are answered; a connection that then stays open would keep the process alive. */
async function closeInOrder(app: NestExpressApplication): Promise<void> {
  const server = app.getHttpServer() as Server;
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  const patience = setTimeout(() => server.closeAllConnections(), CLOSE_PATIENCE_MS);
  try {
    await app.close();
  } finally {
    clearInterval(idle);
    clearTimeout(patience);
  }
}

function limit(server: Server): void {
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
  server.maxConnections = MAX_CONNECTIONS;
}

async function listen(app: NestExpressApplication, { host, port }: ApiDeps): Promise<{ url: string; port: number }> {
  try {
    await app.listen(port, host);
  } catch (error) {
    throw listenProblem(error, host, port);
  }
  const address = (app.getHttpServer() as Server).address() as AddressInfo;
  return { url: `http://${urlHost(host)}:${address.port}`, port: address.port };
}

/** An address that stands for all of this machine's is no address to connect to. */
function urlHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

function listenProblem(error: unknown, host: string, port: number): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') {
    return new ProjectProblem(
      'ConfigInvalid',
      `Port ${port} on ${host} is in use by another program. Stop it or choose another port.`,
    );
  }
  if (code === 'EACCES')
    return new ProjectProblem(
      'ConfigInvalid',
      `Port ${port} on ${host} may not be opened by this user. Choose a port above 1023.`,
    );
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return new ProjectProblem(
      'ConfigInvalid',
      `${host} is no address of this machine. Use 127.0.0.1, or one that \`ip addr\` lists.`,
    );
  }
  return error;
}
