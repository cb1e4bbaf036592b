/** Fault points of HTTP requests: `http.METHOD /path/:with/:parameters`, between the server and whoever answers. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { type FaultKind, type Faults, HANG_MS, NONE } from './faults.js';

/** An id, a digest, a number, or anything else that only says which one. */
const PARAMETERS: readonly [RegExp, string][] = [
  [/^(\/api\/ingest\/runs)\/[^/]+\/artifacts\/.+$/, '$1/:id/artifacts/*name'],
  [/^(\/api\/runs)\/[^/]+\/artifacts\/.+$/, '$1/:id/artifacts/*name'],
  [/^(\/api\/ingest\/plans)\/[^/]+$/, '$1/:digest'],
  [/^\/docs\/.+$/, '/docs/:asset'],
  [/^(\/api\/(?:ingest\/)?runs)\/[^/]+/, '$1/:id'],
  [/^(\/api\/tests)\/[^/]+\/[^/]+/, '$1/:project/:testId'],
];

export function routeOf(method: string, url: string): string {
  const path = url.split('?')[0] ?? '';
  const [pattern, route] = PARAMETERS.find(([each]) => each.test(path)) ?? [/^/, ''];
  return `http.${method} ${path.replace(pattern, route)}`;
}

export function faultyRequests(server: Server, faults: Faults): void {
  if (faults === NONE) return;
  const answer = server.listeners('request') as ((req: IncomingMessage, res: ServerResponse) => void)[];
  server.removeAllListeners('request');
  server.on('request', (req: IncomingMessage, res: ServerResponse) => {
    const kind = faults.due(routeOf(req.method ?? 'GET', req.url ?? '/'));
    if (kind !== undefined && !kind.startsWith('execute')) {
      strike(kind, req);
      return;
    }
    if (kind !== undefined) loseAnswer(kind, req, res);
    for (const each of answer) each(req, res);
  });
}

function strike(kind: FaultKind, req: IncomingMessage): void {
  if (kind.endsWith('exit')) process.exit(86);
  if (kind.endsWith('hang')) setTimeout(() => req.socket.destroy(), HANG_MS).unref();
  else req.socket.destroy();
}

/** Everything is done as usual; only the answer never leaves. */
function loseAnswer(kind: FaultKind, req: IncomingMessage, res: ServerResponse): void {
  const lose = (): void => strike(kind, req);
  Object.assign(res, {
    write: () => true,
    end: () => {
      lose();
      return res;
    },
  });
}
